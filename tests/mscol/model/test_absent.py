"""What stands for absent positives: an image of zeros, which passes batch normalisation with the rest."""

import keras
import numpy as np
import pytest

from mscol.model import SourceAssociation, build_encoder

N_PAIRS = 6
ABSENT = np.arange(N_PAIRS) % 3 == 0


@pytest.fixture(scope="module")
def networks():
    """Two networks of equal weights, one for each way."""
    encoder = build_encoder(0.1, 0.1)
    made = {absent: SourceAssociation(encoder, 16, absent=absent) for absent in ("zeros", "residue")}
    made["residue"].set_weights(made["zeros"].get_weights())
    return made


@pytest.fixture(scope="module")
def batch():
    anchors, positives = np.random.default_rng(0).normal(-8, 2, (2, N_PAIRS, 98, 64, 1)).astype("float32")
    return {"anchors": anchors, "positives": positives, "absent": ABSENT}


@pytest.fixture(scope="module")
def emptied(batch):
    """The same pairs, whose absent positives are zeros in the cache already."""
    return batch | {"positives": np.where(ABSENT[:, None, None, None], np.float32(0), batch["positives"])}


def loss(network, batch):
    return float(network(batch, training=True)[0])


def test_zeros_take_the_place_of_what_separation_left(networks, batch, emptied):
    assert loss(networks["zeros"], batch) == loss(networks["residue"], emptied)


def test_residue_is_what_was_cut_and_reaches_all_through_batch_normalisation(networks, batch, emptied):
    assert loss(networks["residue"], batch) != loss(networks["residue"], emptied)
    encoder = networks["zeros"].encoder
    anchors = [
        keras.ops.convert_to_numpy(
            encoder(np.concatenate([pairs["anchors"], pairs["positives"]]), training=True)
        )[:N_PAIRS]
        for pairs in (batch, emptied)
    ]
    assert np.linalg.norm(anchors[1] - anchors[0]) > 0.1 * np.linalg.norm(anchors[0])


def test_pairs_that_are_all_there_stay_as_they_are(networks, batch):
    there = batch | {"absent": np.zeros(N_PAIRS, bool)}
    assert loss(networks["zeros"], there) == loss(networks["residue"], there)
