"""Compute the map position of each test clip of a dataset, and list the predictions of heads."""

import logging

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from mscol.datasets.listed import read_listed
from mscol.embeddings.stored import clip_means, open_embeddings
from mscol.errors import CacheError
from mscol.io.files import write_csv
from mscol.overview.sampling import sample_clips
from mscol.scores.files import read_scores
from mscol.scores.labels import Labelled

_MOST_TAGS = 3  # named per clip
_FEWEST_CLIPS = 8  # for t-SNE
_PERPLEXITY = 30  # effective number of neighbours, if there are enough clips
_SEED = 0
_DECIMALS = 3


def describe_clips(clips, about, listed, models, seeds, out):
    """Write the map position of each test clip for each model, and the predictions of the model's heads.

    Parameters
    ----------
    clips, about : str or os.PathLike
        The manifest of the task and its about.json.
    listed : str or os.PathLike
        The manifest of the dataset, from which the clips on the map are chosen; they are the same for all tasks.
    models : dict
        For each model a dict of paths: test and test_index, the embeddings of the test clips by the encoder of the first seed
        (`mscol.embeddings`), and scores, one file per seed of one protocol (`mscol.scores.files`; empty without scores).
    seeds : list of int
        Seeds of the scores.
    out : str or os.PathLike
        Output path: model, clip, labels, x and y (empty for clips that are not on the map), and one column per run,
        ``seed1_head1``, with the predicted class, the most likely tags, or the predicted number.
    """
    labelled, sampled = Labelled.open(clips, about), sample_clips(read_listed(listed))
    tables = []
    for model, files in models.items():
        ids, means = clip_means(*open_embeddings(files["test"], files["test_index"], labelled.clips))
        labels = labelled.clips.loc[ids, "labels"].to_numpy()
        table = pd.DataFrame({"model": model, "clip": ids, "labels": labels, "x": np.nan, "y": np.nan})
        shown = np.flatnonzero(table["clip"].isin(sampled))
        table.loc[shown, ["x", "y"]] = place(means[shown]).round(_DECIMALS)
        for seed, path in zip(seeds, files["scores"], strict=False):
            tested = read_scores(path, labelled.task)
            for head, values in enumerate(tested.scores, start=1):
                called = pd.Series(name_scores(values, labelled), index=tested.ids)
                table[f"seed{seed}_head{head}"] = table["clip"].map(called)
        tables.append(table)
        logging.info("%s: %d test clips, %d on the map.", model, len(table), len(shown))
    write_csv(pd.concat(tables, ignore_index=True), out)


def read_described(path):
    """Read the table of `describe_clips` as text: a class "060" is not a number, and missing values are empty.

    Raises
    ------
    CacheError
        If the table is damaged.
    """
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except ValueError as error:  # includes pandas' errors of parsing
        raise CacheError(f"{path}: incomplete table ({error}). Delete it and run again.") from error


def place(means):
    """Place embeddings on a plane, similar ones close together: t-SNE of cosine distances, or PCA for very few clips.

    Parameters
    ----------
    means : np.ndarray, shape=(n_clips, D)

    Returns
    -------
    np.ndarray, shape=(n_clips, 2)
        Between 0 and 1. Equal embeddings give equal results.
    """
    n_clips = len(means)
    if means.shape[1] == 1:  # a plane needs two values
        means = np.pad(means, [(0, 0), (0, 1)])
    centred = means - means.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    units = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 0)
    if n_clips < 3 or not units.any():
        places = np.stack([np.arange(n_clips), np.zeros(n_clips)], axis=1).astype(float)
    elif n_clips < _FEWEST_CLIPS:
        places = PCA(2, random_state=_SEED).fit_transform(units)
    else:
        perplexity = min(_PERPLEXITY, (n_clips - 1) / 3)
        # For unit vectors, squared Euclidean distances are twice the cosine distances.
        places = TSNE(2, perplexity=perplexity, init="pca", method="exact", random_state=_SEED).fit_transform(
            units
        )
    places = places - places.min(axis=0)
    return places / np.maximum(places.max(axis=0), 1e-9)


def name_scores(scores, labelled):
    """Turn scores into predictions: the class, the most likely tags joined by ";", or the number.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips, n_labels)
    labelled : mscol.scores.labels.Labelled

    Returns
    -------
    list of str
    """
    if labelled.task == "regression":
        return [f"{value:.4g}" for value in scores[:, 0]]
    n_named = _MOST_TAGS if labelled.task == "tagging" else 1
    best = np.argsort(-scores, axis=1, kind="stable")[:, :n_named]
    return [";".join(labelled.names[label] for label in row) for row in best]
