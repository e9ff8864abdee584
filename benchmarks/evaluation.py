"""Measure time and memory of the evaluation of a frozen encoder.

Compares, alternating in one run,

a) the reference implementation: in every epoch each segment's crop is read from an .npy file and embedded
   again, with eager TensorFlow and batches of 128 (MSCOL_SMC23, downstream);
b) ours: K crops of each segment are embedded once, and the head trains on the embeddings.

Both train the NSynth head to the end on the same embedded notes, with the same full-size EfficientNet-B0 and the same
test clips, so the metrics can be compared. The cost of the full datasets is computed from the seconds per crop. A
second part trains on dummy embeddings of the full size of NSynth (a sparse file, which takes no disk) in its own
process and measures the memory. A third part embeds datasets of two sizes.

Run it from the root of the repository:

    PYTHONPATH=workflow_scripts python benchmarks/evaluation.py
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

CROP, BANDS, SEGMENT = 98, 64, 392
CLASSES = 11
HEAD = {
    "hidden": [512],
    "learning_rate": 1e-3,
    "batch_size": 128,
}  # higher than in the paper, because there are few notes
SIZES = {"train": 330, "validation": 66, "test": 220}
# Segments for training and validation, and test windows (METHOD, "Datasets")
FULL = {
    "MagnaTagATune": (15_244 * 7, 1_529 * 7, 5_329 * 29),
    "NSynth": (289_205, 12_678, 4_096 * 4),
    "FMA-small": (6_400 * 7, 800 * 7, 800 * 30),
}
EPOCHS = (50, 30, 20, 10)  # possible ends of early stopping


def main():
    options = _parse()
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1" if options.onednn == "on" else "0"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    with tempfile.TemporaryDirectory(prefix="mscol-benchmark-") as folder:
        folder = Path(folder)
        head_seconds = _in_a_process(train_full_size, folder, options)
        for n_clips in (300, 3000):
            _in_a_process(embed_made_up_clips, folder, options, n_clips)
        data = make_notes(folder)
        encoder = make_encoder(options.threads, data)
        rates = measure_rates(encoder, data, folder, options)
        report_rates(rates, options)
        for place in (0, 1):
            report_full_size(rates, head_seconds, options, place)
        compare_metrics(encoder, data, folder, options)


def make_notes(folder):
    """Make the embedded NSynth and its mel cache, and one .npy file per segment for (a)."""
    from mscol.datasets.manifest import write_manifest
    from mscol.embeddings.crops import select_clips
    from mscol.io.files import read_csv
    from mscol.mels.cache import MelCache
    from mscol.mels.mixtures import cache_mixtures
    from mscol.synthesis import make_demo_datasets

    make_demo_datasets(seed=1, sizes={"nsynth": SIZES}, workers=2, nsynth=folder / "nsynth")
    paths = [folder / name for name in ("clips.csv", "rejected.csv", "about.json")]
    write_manifest("nsynth", folder / "nsynth", None, 1, *paths, [folder / "shard.csv"])
    mels = [folder / name for name in ("mixture.npy", "mixture.csv", "mels_rejected.csv")]
    cache_mixtures(folder / "shard.csv", folder / "nsynth", *mels, "float32", 2)
    cache, clips = MelCache.open(mels[:1], mels[1:2]), read_csv(paths[0])
    for split in SIZES:
        (folder / split).mkdir()
        for row in select_clips(cache.clips, clips, split).itertuples():
            np.save(folder / split / f"{row.clip}.npy", cache.crops([row.first_frame], row.n_frames)[0])
    return cache, clips


def make_encoder(threads, data):
    """Build EfficientNet-B0 with random weights and moving statistics from some crops."""
    from mscol.model import build_encoder, configure

    configure(threads, seed=0)
    encoder = build_encoder(momentum=0.5)
    cache, _ = data
    random = np.random.default_rng(0)
    for _ in range(8):
        first_frames = random.choice(cache.clips["first_frame"], 64) + random.integers(0, 300, 64)
        encoder(cache.crops(first_frames, CROP)[..., None], training=True)
    return encoder


class Reference:
    """The reference implementation, epoch by epoch.

    Frozen means inference mode here, as in (b). The authors' encoder keeps drop-connect active (METHOD).
    """

    def __init__(self, encoder, data, folder):
        import keras

        from mscol.probes.heads import build_head

        self.encoder = encoder
        self.files = {split: sorted((folder / split).glob("*.npy")) for split in SIZES}
        labels = data[1].set_index("id")["labels"]
        names = sorted(set(labels))
        self.targets = {
            split: np.array([names.index(labels[path.stem]) for path in paths])
            for split, paths in self.files.items()
        }
        self.head = build_head(encoder.output_shape[-1], CLASSES, "classification", HEAD["hidden"], seed=1)
        self.optimizer = keras.optimizers.Adam(HEAD["learning_rate"])
        self.random = np.random.default_rng(1)

    def epoch(self):
        """Train on one random crop of each segment; return the validation accuracy."""
        import tensorflow as tf

        order = self.random.permutation(len(self.files["train"]))
        for chosen in _batches(order):
            values = self._embed("train", chosen)
            with tf.GradientTape() as tape:
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(
                    self.targets["train"][chosen], self.head(values, training=True)
                )
                loss = tf.reduce_mean(loss)
            variables = self.head.trainable_variables
            gradients = tape.gradient(loss, [variable.value for variable in variables])
            self.optimizer.apply(gradients, variables)
        hits = [
            np.argmax(self.head(self._embed("validation", chosen)), axis=1)
            == self.targets["validation"][chosen]
            for chosen in _batches(np.arange(len(self.files["validation"])))
        ]
        return np.concatenate(hits).mean()

    def train(self, epochs, patience):
        """Train until validation has not improved for ``patience`` epochs; keep the best head. Return the number of epochs."""
        best, best_epoch, epoch, kept = -1.0, 0, 0, None
        while epoch < epochs and epoch - best_epoch < patience:
            epoch += 1
            accuracy = self.epoch()
            if accuracy > best:
                best, best_epoch, kept = accuracy, epoch, self.head.get_weights()
        self.head.set_weights(kept)
        return epoch

    def score(self):
        """Score the test notes: the sum of logits over their windows."""
        scores = []
        for path in self.files["test"]:
            mel = np.load(path)
            n_windows = len(mel) // CROP
            windows = mel[: n_windows * CROP].reshape(n_windows, CROP, BANDS, 1)
            scores.append(np.sum(self.head(self.encoder(windows, training=False)), axis=0))
        return np.array(scores), self.targets["test"]

    def _embed(self, split, chosen):
        crops = []
        for number in chosen:
            mel = np.load(self.files[split][number])
            first = self.random.integers(len(mel) - CROP + 1)
            crops.append(mel[first : first + CROP])
        return self.encoder(np.stack(crops)[..., None], training=False)


def measure_rates(encoder, data, folder, options):
    """Measure both in turn; return wall time and CPU time per crop, in s."""
    from mscol.embeddings.clips import write_embeddings
    from mscol.embeddings.crops import draw_crops, select_clips

    cache, clips = data
    reference = Reference(encoder, data, folder)
    crops = draw_crops(select_clips(cache.clips, clips, "train"), 3, 0, "train")
    n_epoch = SIZES["train"] + SIZES["validation"]
    rates = {"a": [], "b": []}
    for turn in range(options.turns + 1):
        for name, work, count in (
            ("a", reference.epoch, n_epoch),
            (
                "b",
                lambda: write_embeddings(encoder, cache, crops.first_frames, folder / "x.npy", 256),
                crops.first_frames.size,
            ),
        ):
            cpu, started = time.process_time(), time.perf_counter()
            work()
            if turn:  # the first turn is not measured: it traces graphs and allocates memory
                rates[name].append(
                    ((time.perf_counter() - started) / count, (time.process_time() - cpu) / count)
                )
    return {
        name: [statistics.median(column) for column in zip(*values, strict=True)]
        for name, values in rates.items()
    }


def report_rates(rates, options):
    """Print the cost of a crop."""
    a, b = rates["a"], rates["b"]
    print(
        f"\nMedians of {options.turns} turns; EfficientNet-B0, {options.threads} threads, oneDNN {options.onednn} for both. "
        "(a): an epoch, head and reading included; (b): embedding, writing included.\n"
    )
    print("| | a) reference pattern | b) ours | ratio |\n|---|---:|---:|---:|")
    for label, place in (("milliseconds a crop", 0), ("milliseconds of CPU a crop", 1)):
        print(f"| {label} | {1e3 * a[place]:.2f} | {1e3 * b[place]:.2f} | {a[place] / b[place]:.2f} |")


def report_full_size(rates, head_seconds, options, place):
    """Print the cost of the full datasets, as wall time (place 0) or CPU time (1)."""
    k = options.crops
    unit = ("minutes", "minutes of CPU")[place]
    print(
        f"\nComputed for the full datasets, K = {k}, by number of epochs: {unit} of (a), of (b), and their ratio\n"
    )
    print("| dataset | " + " | ".join(f"{epochs} epochs" for epochs in EPOCHS) + " |")
    print("|---|" + "---:|" * len(EPOCHS))
    for name, (train, validation, test) in FULL.items():
        cells = []
        for epochs in EPOCHS:
            a = (epochs * (train + validation) + test) * rates["a"][place]
            passes = (k * (train + validation) + test) * rates["b"][place]
            b = passes + epochs * (train + k * validation) * head_seconds[place]
            cells.append(f"{a / 60:.1f} / {b / 60:.1f} = {a / b:.1f}")
        print(f"| {name} | " + " | ".join(cells) + " |")


def compare_metrics(encoder, data, folder, options):
    """Train both to the end and print their metrics on the same test notes."""
    from mscol.embeddings import embed_clips
    from mscol.io.files import read_csv
    from mscol.metrics.bootstrap import bootstrap_classification
    from mscol.metrics.intervals import paired_p_value, percentile_interval
    from mscol.metrics.resampling import resample_counts
    from mscol.probes import train_probe

    splits = list(SIZES)
    cache, clips = data
    about = folder / "about.json"
    counts = resample_counts(SIZES["test"], 1000, np.random.default_rng(0))
    rows, accuracies = [], {}

    def add(name, epochs, scores, labels, seconds):
        drawn = bootstrap_classification(scores, labels, counts)
        value = (scores.argmax(axis=1) == labels).mean()
        low, high = percentile_interval(drawn.accuracy, len(labels))
        accuracies[name] = drawn.accuracy
        difference = accuracies[name] - accuracies["a) reference pattern"]
        bounds = "[{:+.3f}, {:+.3f}]".format(*percentile_interval(difference, len(labels)))
        p = f"{paired_p_value(difference, len(labels))[0]:.2f}" if len(accuracies) > 1 else ""
        rows.append(
            (name, epochs, f"{seconds:.0f}", f"{value:.3f} [{low:.3f}, {high:.3f}]", bounds if p else "", p)
        )

    reference = Reference(encoder, data, folder)
    started = time.perf_counter()
    epochs = reference.train(options.epochs, options.patience)
    scores, labels = reference.score()
    add("a) reference pattern", epochs, scores, labels, time.perf_counter() - started)
    for k in (options.crops, options.crops // 2, options.crops // 4):
        started = time.perf_counter()
        files = {kind: {s: folder / f"{k}{s}.{kind}" for s in splits} for kind in ("npy", "csv")}
        embed_clips(encoder, cache, clips, files["npy"], files["csv"], 1, k, 256)
        outputs = {"model": folder / "h.keras", "about": folder / "h.json", "history": folder / "h.csv",
                   "scores": folder / "s.npz"}  # fmt: skip
        settings = HEAD | {"epochs": options.epochs, "patience": options.patience}
        train_probe(files["npy"], files["csv"], folder / "clips.csv", about, settings, 1, outputs)
        seconds = time.perf_counter() - started
        with np.load(outputs["scores"]) as file:
            firsts = np.cumsum(file["n_windows"]) - file["n_windows"]
            scores, labels = np.add.reduceat(file["window_scores"][0], firsts), file["labels"]
        epochs = len(read_csv(outputs["history"]))
        add(f"b) ours, K = {k}", epochs, scores, labels, seconds)
    print(
        f"\nTrained to the end on {SIZES['train']} notes (patience {options.patience}), tested on {SIZES['test']}\n"
    )
    print("| | epochs | seconds, graphs traced | accuracy | b - a | p |\n|---|---:|---:|---:|---:|---:|")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")


def train_full_size(folder, options):
    """Train the NSynth head on dummy embeddings of full size; return wall time and CPU time per crop of an epoch, in s."""
    import keras

    from mscol.model import configure
    from mscol.probes.batches import AllEmbeddings, DrawnCrops
    from mscol.probes.heads import build_head, fit

    configure(options.threads, seed=0)
    before = _peak_gib()
    arrays, targets = [], []
    train, validation, _ = FULL["NSynth"]
    for name, size in (("train", train), ("validation", validation)):
        arrays.append(
            np.lib.format.open_memmap(folder / f"{name}.npy", "w+", "float32", (size, options.crops, 1280))
        )
        targets.append(np.arange(size) % CLASSES)
    arrays = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("train", "validation")]
    head = build_head(1280, CLASSES, "classification", HEAD["hidden"], seed=0)
    cpu, started = time.process_time(), time.perf_counter()
    fit(
        keras.Model(head.inputs, head.outputs),
        "classification",
        DrawnCrops(arrays[0], targets[0], HEAD["batch_size"], 0),
        AllEmbeddings(arrays[1], targets[1], 1024),
        HEAD | {"epochs": 2, "patience": 2},
    )
    seconds = [(time.perf_counter() - started) / 2, (time.process_time() - cpu) / 2]
    shown = train + options.crops * validation
    print(
        f"Training the NSynth head on made-up embeddings of full size ({arrays[0].nbytes / 1e9:.1f} GB, sparse): "
        f"{seconds[0]:.0f} s an epoch, {1e6 * seconds[0] / shown:.0f} microseconds a crop; peak memory {_peak_gib():.2f} GiB, of which "
        f"{before:.2f} GiB before."
    )
    for name in ("train", "validation"):
        (folder / f"{name}.npy").unlink()
    return [each / shown for each in seconds]


def embed_made_up_clips(folder, options, n_clips):
    """Embed dummy MTAT clips (a sparse mel cache) with a small encoder; print the peak memory."""
    import pandas as pd

    from mscol.embeddings import embed_clips
    from mscol.mels.cache import MelCache
    from mscol.model import build_encoder, configure

    configure(options.threads, seed=0)
    n_frames = 2910
    mels, index = folder / "made_up.npy", folder / "made_up.csv"
    np.lib.format.open_memmap(mels, "w+", "float32", (n_clips * n_frames, BANDS))
    ids = [f"{number:05}" for number in range(n_clips)]
    pd.DataFrame({"clip": ids, "first_frame": n_frames * np.arange(n_clips), "n_frames": n_frames}).to_csv(
        index, index=False
    )
    splits = np.array(list(SIZES))[np.arange(n_clips) % 3]
    files = {kind: {split: folder / f"made_up_{split}.{kind}" for split in SIZES} for kind in ("npy", "csv")}
    clips = pd.DataFrame({"id": ids, "split": splits})
    cache = MelCache.open([mels], [index])
    embed_clips(build_encoder(0.1, 0.1), cache, clips, files["npy"], files["csv"], 0, options.crops, 256)
    size = mels.stat().st_size / 1e9
    print(
        f"Embedding {n_clips} made-up clips ({size:.2f} GB of log-mels): peak memory {_peak_gib():.2f} GiB."
    )


def _in_a_process(function, *arguments):
    """Call a function in a separate process, to measure its peak memory alone."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(function, arguments)


def _batches(order):
    return [order[start : start + HEAD["batch_size"]] for start in range(0, len(order), HEAD["batch_size"])]


def _peak_gib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # Linux counts KiB


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=5, help="measured turns of each (default: %(default)s)")
    parser.add_argument(
        "--threads", type=int, default=2, help="threads of the framework (default: %(default)s)"
    )
    parser.add_argument("--crops", type=int, default=8, help="K, crops per segment (default: %(default)s)")
    parser.add_argument(
        "--epochs", type=int, default=50, help="maximum number of epochs (default: %(default)s)"
    )
    parser.add_argument(
        "--patience",
        type=int,
        default=50,
        help="stop after this many epochs without improvement (default: %(default)s)",
    )
    parser.add_argument(
        "--onednn", choices=("on", "off"), default="on", help="oneDNN for both (default: %(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
