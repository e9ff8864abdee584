"""Measure how much embeddings depend on the minibatches that gave the statistics of batch normalisation.

Uses the log-mels and encoders of a finished run, with fixed weights, and measures

1. how far embeddings move with other minibatches: with moving averages of several momenta, and with means over several
   numbers of minibatches (`mscol.model.calibrate`). For comparison, the distance between two crops is given, too;
2. how much the accuracy of a classifier changes from one minibatch of finetuning to the next, by the momentum of its layers;
3. how far the anchors of a `-silent` model move when absent positives are zeros instead of the output of separation.

Prints Markdown tables. Run it from the root of the repository, after `make run`:

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

CHOICES = 6  # sets of minibatches to compare
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
    """Print how much the accuracy changes between minibatches of finetuning."""
    print("\n## Accuracy between minibatches of finetuning\n")
    print(
        "| momentum | accuracy after the last epoch | from minibatch to minibatch | calibrated |\n|---|---:|---:|---:|"
    )
    for momentum in (0.5, 0.87, 0.99):
        last, swing, calibrated = finetuning(run, options, momentum)
        print(f"| {momentum:g} | {last:.3f} | {swing:.4f} | {calibrated:.3f} |")


def show_absence(run, options):
    """Print what absent positives contain and how they affect anchors."""
    print("\n## Anchors of a -silent model\n")
    zero, apart, moved = absence(run)
    print(f"{zero} absent positives are zeros as cut. After the encoder, two of them are {apart:.2f} apart.")
    print(f"With zeros instead of them, anchors move by {moved:.2f}.")


class Run:
    """The files of a finished run."""

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
    """Return the distance between embeddings of two crops, and how far each kind of statistics moves those of one crop."""
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
    """Return the distance of embeddings relative to their norm, as mean over crops."""
    return np.mean(np.linalg.norm(one - other, axis=1) / np.linalg.norm(one, axis=1))


def _moving_average(statistics, momentum):
    """Compute the moving average of training, starting from the mean of all (as after a longer past)."""
    averages = [np.mean(each, axis=0) for each in zip(*statistics, strict=True)]
    for minibatch in statistics:
        averages = [
            momentum * old + (1 - momentum) * new for old, new in zip(averages, minibatch, strict=True)
        ]
    return averages


def finetuning(run, options, momentum):
    """Finetune `untrained` on notes, then update only the statistics with further minibatches and track the accuracy."""
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
    """Measure absent positives and their effect on anchors through batch normalisation."""
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
    parser.add_argument("--folder", default=".", help="folder of the run (default: %(default)s)")
    parser.add_argument(
        "--parts", nargs="*", default=["embeddings", "finetuning", "absent"], help="parts to measure"
    )
    parser.add_argument(
        "--models",
        nargs="*",
        default=["mixture", "bass_drums_other_vocals"],
        help="models in addition to untrained",
    )
    parser.add_argument("--epochs", type=int, default=20, help="epochs of finetuning (default: %(default)s)")
    parser.add_argument(
        "--threads", type=int, default=1, help="threads of the framework (default: %(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
