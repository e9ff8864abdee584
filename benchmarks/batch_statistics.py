"""How far do embeddings depend on which minibatches gave the statistics of batch normalisation?

Measures, on what a run of the workflow left in a folder (its log-mels and encoders), from weights that stand still:

1. how far embeddings move with other minibatches: after moving averages of several momenta, and after means over several
   numbers of minibatches (`mscol.model.calibrate`); this moves all crops, so beside it how far two crops are apart;
2. how far the accuracy of a classifier swings from one minibatch of finetuning to the next, at the momentum of its layers;
3. how far the anchors of a `-silent` model move when absent positives are zeros instead of what separation left.

Prints Markdown tables. From the repository's root, after `make run`:

    PYTHONPATH=workflow_scripts python benchmarks/batch_statistics.py
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from mscol.embeddings.crops import draw_crops, list_segments, select_clips
from mscol.mels import CROP_FRAMES
from mscol.mels.cache import MelCache
from mscol.model import SourceAssociation, build_encoder, configure, load_encoder
from mscol.model.calibration import _moving_statistics, compile_statistics
from mscol.pretraining import CacheFiles, load_data
from mscol.probes.batches import FreshCrops
from mscol.probes.finetuning import Finetuned
from mscol.probes.heads import TASKS, build_head
from mscol.scores.labels import Labelled

CHOICES = 6  # of minibatches, that are compared
STEMS = ("bass", "drums", "other", "vocals")


def main():
    options = _parse()
    configure(options.threads, seed=1)
    run = Run(Path(options.folder))
    parts = {"embeddings": show_dependence, "finetuning": show_finetuning, "absent": show_absence}
    for part in options.parts:
        parts[part](run, options)


def show_dependence(run, options):
    """Print how far embeddings move with other minibatches."""
    print("## Embeddings that other minibatches give\n")
    names = ["momentum 0.5", "momentum 0.87", "momentum 0.99", *(f"mean of {n}" for n in (8, 32, 128))]
    print("| encoder | two crops | " + " | ".join(names) + " |\n|---|" + "---:|" * (len(names) + 1))
    for model in ["untrained", *options.models]:
        apart, moves = dependence(run, model)
        print(f"| {model} | {apart:.3f} | " + " | ".join(f"{move:.3f}" for move in moves) + " |")


def show_finetuning(run, options):
    """Print how far the accuracy of finetuning swings."""
    print("\n## Accuracy between minibatches of finetuning\n")
    print(
        "| momentum | accuracy after the last epoch | from minibatch to minibatch | calibrated |\n|---|---:|---:|---:|"
    )
    for momentum in (0.5, 0.87, 0.99):
        last, swing, calibrated = finetuning(run, options, momentum)
        print(f"| {momentum:g} | {last:.3f} | {swing:.4f} | {calibrated:.3f} |")


def show_absence(run, options):
    """Print what absent positives are and do."""
    print("\n## Anchors of a -silent model\n")
    zero, apart, moved = absence(run)
    print(
        f"Of absent positives {zero} are zeros as they are cut; two of them are {apart:.2f} apart after the encoder."
    )
    print(f"With zeros in their place anchors move by {moved:.2f}.")


class Run:
    """What a run of the workflow left in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.settings = json.loads((folder / "models/untrained/seed1/run.json").read_text())["settings"]
        self.settings.setdefault("absent", "zeros")

    def files(self, dataset, stems=()):
        shards = sorted((self.folder / "mels" / dataset).iterdir())

        def each(name):
            return [shard / name for shard in shards]

        named = {stem: each(f"{stem}.npy") for stem in stems}
        return CacheFiles(
            each("mixture.npy"), each("mixture.csv"), named, each("stems.csv"), each("activity.csv")
        )

    def clips(self, dataset):
        return self.folder / "manifests" / dataset / "clips.csv"

    def data(self, stems=(), **options):
        return load_data(
            self.files("mtat", stems), self.clips("mtat"), list(stems), self.settings, 1, options
        )

    def network(self, model):
        size = self.settings["encoder"]
        path = self.folder / "models" / model / "seed1/encoder.keras"
        encoder = build_encoder(size["width"], size["depth"])
        encoder.set_weights(load_encoder(path).get_weights())
        return SourceAssociation(encoder, size["projection"])

    def test_crops(self, dataset, n_crops=128):
        cache = MelCache.open(self.files(dataset).frames, self.files(dataset).index)
        clips = pd.read_csv(self.clips(dataset), dtype={"id": str})
        _, firsts, _ = list_segments(select_clips(cache.clips, clips, "test"))
        chosen = firsts[np.random.default_rng(0).permutation(len(firsts))[:n_crops]]
        return cache.crops(chosen, CROP_FRAMES)[..., None]


def dependence(run, model):
    """How far two crops' embeddings are apart, and how far each way of statistics lets those of one crop move."""
    network = run.network(model)
    stems = () if model in ("untrained", "mixture") else STEMS
    sampler = run.data(stems).training
    compute = compile_statistics(network)
    statistics = [list(map(np.float64, compute(batch))) for batch in sampler.batches(range(CHOICES * 128))]
    crops = run.test_crops("mtat")

    def embed(values):
        for variable, value in zip(_moving_statistics(network.encoder), values, strict=True):
            variable.assign(value)
        return network.encoder.predict(crops, verbose=0)

    def spread(choices):
        embedded = np.array([embed(values) for values in choices])
        pairs = [(one, other) for one in range(CHOICES) for other in range(one)]
        return np.mean([relative(embedded[one], embedded[other]) for one, other in pairs])

    parts = [statistics[128 * choice : 128 * (choice + 1)] for choice in range(CHOICES)]
    ways = [lambda part, m=m: _moving_average(part, m) for m in (0.5, 0.87, 0.99)]
    ways += [
        lambda part, n=n: [np.mean(each, axis=0) for each in zip(*part[:n], strict=True)]
        for n in (8, 32, 128)
    ]
    embedded = embed(ways[-1](statistics))
    return relative(embedded, np.roll(embedded, 1, axis=0)), [
        spread([way(part) for part in parts]) for way in ways
    ]


def relative(one, other):
    """The distance of embeddings, in their own length: mean over crops."""
    return np.mean(np.linalg.norm(one - other, axis=1) / np.linalg.norm(one, axis=1))


def _moving_average(statistics, momentum):
    """Average as training does, from the mean of all: what a longer past would have left."""
    averages = [np.mean(each, axis=0) for each in zip(*statistics, strict=True)]
    for minibatch in statistics:
        averages = [
            momentum * old + (1 - momentum) * new for old, new in zip(averages, minibatch, strict=True)
        ]
    return averages


def finetuning(run, options, momentum):
    """Finetune `untrained` on notes; then let further minibatches move statistics alone, and watch the accuracy."""
    network = run.network("untrained")
    for layer in network.encoder.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum
    files = run.files("nsynth")
    cache = MelCache.open(files.frames, files.index)
    labelled = Labelled.open(run.clips("nsynth"), run.clips("nsynth").with_name("about.json"))
    table, firsts, latest = list_segments(select_clips(cache.clips, labelled.clips, "train"))
    targets = labelled.targets(table["clip"])
    watched = draw_crops(select_clips(cache.clips, labelled.clips, "validation"), 3, 1, "validation")
    crops = cache.crops(watched.first_frames.reshape(-1), CROP_FRAMES)[..., None]
    truth = np.repeat(labelled.targets(watched.index["clip"]), watched.first_frames.shape[1])
    head = build_head(network.encoder.output_shape[-1], len(labelled.names), labelled.task, [128], 1)
    model = Finetuned(network.encoder, head)
    model.compile(keras.optimizers.Adam(0.002), TASKS[labelled.task].loss())
    training = FreshCrops(cache, firsts, latest, targets, 32, 1, np.arange(len(table)))
    model.fit(training, epochs=options.epochs, shuffle=False, verbose=0)

    def accuracy():
        return np.mean(model.predict_on_batch(crops).argmax(axis=1) == truth)

    last = accuracy()
    seen, batches = [], []
    for _ in range(3):
        training.on_epoch_begin()
        batches += [training[number][0] for number in range(len(training) - 1)]  # the last is smaller
    for batch in batches:
        network.encoder(batch, training=True)
        seen.append(accuracy())
    for layer in network.encoder.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    variables = _moving_statistics(network.encoder)
    found = []
    for batch in batches:
        network.encoder(batch, training=True)
        found.append([np.array(keras.ops.convert_to_numpy(variable)) for variable in variables])
    for variable, values in zip(variables, zip(*found, strict=True), strict=True):
        variable.assign(np.mean(values, axis=0))
    return last, np.std(np.diff(seen)), accuracy()


def absence(run):
    """What absent positives are, and what they do to anchors through batch normalisation."""
    network = run.network("bass_drums_other_vocals")
    zeros, total, apart, moves = 0, 0, [], []
    for batch in run.data(STEMS, silent=True).training.batches(range(64)):
        absent = batch["absent"]
        if absent.sum() < 2:
            continue
        positives = [batch["positives"], np.where(absent[:, None, None, None], 0, batch["positives"])]
        values = [
            keras.ops.convert_to_numpy(
                network.encoder(np.concatenate([batch["anchors"], each]).astype("float32"), training=True)
            )
            for each in positives
        ]
        anchors = [each[: len(absent)] for each in values]
        gone = values[0][len(absent) :][absent]
        apart.append(relative(gone, np.roll(gone, 1, axis=0)))
        moves.append(relative(*anchors))
        total += absent.sum()
        zeros += (batch["positives"][absent] == 0).all(axis=(1, 2, 3)).sum()
    return f"{zeros} of {total}", np.mean(apart), np.mean(moves)


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", default=".", help="of the run (default: %(default)s)")
    parser.add_argument(
        "--parts", nargs="*", default=["embeddings", "finetuning", "absent"], help="what is measured"
    )
    parser.add_argument(
        "--models", nargs="*", default=["mixture", "bass_drums_other_vocals"], help="besides untrained"
    )
    parser.add_argument("--epochs", type=int, default=20, help="of finetuning (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of the framework (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
