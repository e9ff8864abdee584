"""Measure time and memory of pretraining.

Measures, alternating in one run, an update of

a) the reference implementation: eager TensorFlow, one .npy file per segment, cut in Python, the loss
   computed with tf.gather (MSCOL_SMC23 pretraining.py, cola/network.py);
b) ours: the mel cache, minibatches prepared on a thread, the compiled update on the layers for training.

Each runs in its own process, which does one update at a time on request: so other load on the machine affects
both equally, and peak memory is measured separately. Prints a Markdown table. Run it from the root of the repository:

    PYTHONPATH=workflow_scripts python benchmarks/pretraining.py

Both train the same network on the same random log-mels. If the machine does other work at the same time, compare
CPU time instead of wall time.
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

N_CLIPS, SEGMENTS, FRAMES, BANDS, CROP = 200, 7, 392, 64, 98
STEM = "bass"
PROJECTION = 512
LEARNING_RATE = 1e-3


def main():
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="mscol-benchmark-") as folder:
        write_data(Path(folder))
        kinds = {
            "a) reference pattern": (reference, options.onednn == "both"),
            "b) ours": (ours, options.onednn != "neither"),
        }
        workers = {
            name: Worker(kind, Path(folder), options, onednn) for name, (kind, onednn) in kinds.items()
        }
        differences = [worker.start() for worker in workers.values()]
        results = {name: [] for name in workers}
        for turn in range(options.updates + 1):
            for name, worker in workers.items():
                measured = worker.update()
                if turn:  # the first update is not measured: it traces graphs and allocates memory
                    results[name].append(measured)
        memory = {name: worker.stop() for name, worker in workers.items()}
    report(options, results, memory, max(differences))


def report(options, results, memory, difference):
    """Print the table."""
    names = list(results)
    medians = {
        name: {key: statistics.median(update[key] for update in updates) for key in updates[0]}
        for name, updates in results.items()
    }
    a, b = (medians[name] for name in names)
    peaks = [memory[name] for name in names]
    pairs = options.batch_size
    rows = [
        ("pairs per second", *(f"{pairs / one['wall']:.1f}" for one in (a, b)), a["wall"] / b["wall"]),
        ("pairs per second of CPU", *(f"{pairs / one['cpu']:.1f}" for one in (a, b)), a["cpu"] / b["cpu"]),
        ("seconds an update", *(f"{one['wall']:.2f}" for one in (a, b)), a["wall"] / b["wall"]),
        ("of these, data", *(f"{one['data']:.3f}" for one in (a, b)), None),
        ("of these, computing", *(f"{one['compute']:.2f}" for one in (a, b)), a["compute"] / b["compute"]),
        ("seconds of CPU an update", *(f"{one['cpu']:.2f}" for one in (a, b)), a["cpu"] / b["cpu"]),
        ("peak memory, GiB", *(f"{peak:.2f}" for _, peak in peaks), peaks[0][1] / peaks[1][1]),
        ("of these, before the first update", *(f"{before:.2f}" for before, _ in peaks), None),
    ]
    print(
        f"Medians of {options.updates} alternating updates of {pairs} pairs; width {options.width:g}, depth "
        f"{options.depth:g}, {options.threads} threads, oneDNN: {options.onednn}. The losses of both differ "
        f"by {difference:.1e} at most.\n"
    )
    print("| | " + " | ".join(names) + " | ratio |\n|---|---:|---:|---:|")
    for label, one, other, ratio in rows:
        print(f"| {label} | {one} | {other} | {'' if ratio is None else f'{ratio:.2f}'} |")


class Worker:
    """A process that does one update at a time on request."""

    def __init__(self, kind, folder, options, onednn):
        context = multiprocessing.get_context("spawn")  # a new process, not a copy of this one
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, kind, folder, options, onednn)
        self._process = context.Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        theirs.close()

    def start(self):
        """Wait until the process is ready; return the difference between its loss and `reference_loss`."""
        return self._pipe.recv()

    def update(self):
        """Do one update; return its seconds: data, compute, wall, cpu."""
        self._pipe.send("update")
        return self._pipe.recv()

    def stop(self):
        """End the process; return its peak memory before the first update and in total, in GiB."""
        self._pipe.send("stop")
        memory = self._pipe.recv()
        self._process.join()
        return memory


def _work(pipe, kind, folder, options, onednn):
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1" if onednn else "0"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    batches, update = kind(folder, options)
    pipe.send(loss_difference())
    before = _peak_gib()
    while pipe.recv() == "update":
        cpu, started = time.process_time(), time.perf_counter()
        batch = next(batches)
        drawn = time.perf_counter()
        loss = update(batch)
        if not np.isfinite(loss):
            raise RuntimeError(f"the loss is {loss}")
        done = time.perf_counter()
        pipe.send(
            {
                "data": drawn - started,
                "compute": done - drawn,
                "wall": done - started,
                "cpu": time.process_time() - cpu,
            }
        )
    pipe.send((before, _peak_gib()))


def reference(folder, options):
    """Return the minibatches and the update of the reference implementation."""
    import keras
    import tensorflow as tf

    _set_threads(tf, options.threads)
    tf.config.run_functions_eagerly(True)
    from mscol.model.encoder import build_encoder

    encoder = build_encoder(options.width, options.depth)
    projection, weight = _head(encoder)
    variables = [*encoder.trainable_variables, *projection.trainable_variables, weight]
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    optimizer.build(variables)
    random = np.random.default_rng(0)

    def crop(name, segment):
        mel = np.load(folder / name / f"{segment}.npy")
        first = random.integers(FRAMES - CROP + 1)
        return mel[first : first + CROP]

    def draw():
        while True:
            chosen = random.choice(N_CLIPS * SEGMENTS, options.batch_size, replace=False)
            anchors, positives = (
                np.stack([crop(name, segment) for segment in chosen])[..., None] for name in ("mixture", STEM)
            )
            yield anchors, positives, np.zeros(options.batch_size, bool)

    def update(batch):
        anchors, positives, absent = batch
        with tf.GradientTape() as tape:
            projected = projection(encoder(tf.concat([anchors, positives], 0), training=True), training=True)
            loss = reference_loss(*tf.split(projected, 2), weight, absent)
        optimizer.apply(tape.gradient(loss, [variable.value for variable in variables]), variables)
        return float(loss)

    return draw(), update


def ours(folder, options):
    """Return the minibatches and the update of `mscol`."""
    import itertools

    import keras

    from mscol.mels.cache import MelCache
    from mscol.model import SourceAssociation, compile_steps, configure
    from mscol.model.encoder import build_encoder
    from mscol.pairs import PairSampler, segment_table

    configure(options.threads, seed=0)
    mixtures, stems = (
        MelCache.open([folder / f"{name}.npy"], [folder / f"{name}.csv"]) for name in ("mixture", STEM)
    )
    segments = segment_table(mixtures.clips["clip"], mixtures.clips, stems.clips).assign(**{STEM: True})
    sampler = PairSampler(segments, mixtures, {STEM: stems}, options.batch_size, seed=0)
    network = SourceAssociation(build_encoder(options.width, options.depth), PROJECTION)
    steps = compile_steps(network, keras.optimizers.Adam(LEARNING_RATE))
    return sampler.batches(itertools.count()), lambda batch: float(steps.update(batch)[0])


def reference_loss(anchors, positives, weight, absent):
    """Compute the loss of METHOD in eager mode with tf.gather, to check `association_loss`."""
    import tensorflow as tf

    absent = np.asarray(absent)
    columns = tf.gather(positives, np.flatnonzero(~absent))
    targets = np.where(absent, (~absent).sum(), np.cumsum(~absent) - 1)
    if absent.any():
        shared = tf.reduce_mean(tf.gather(positives, np.flatnonzero(absent)), axis=0, keepdims=True)
        columns = tf.concat([columns, shared], axis=0)
    logits = tf.matmul(tf.matmul(anchors, weight), columns, transpose_b=True)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))


def loss_difference():
    """Compare `reference_loss` with `mscol.model.association_loss` for no, some and all positives absent."""
    from mscol.model import association_loss

    random = np.random.default_rng(0)
    differences = []
    for share in (0, 0.4, 1):
        anchors, positives = np.tanh(random.normal(size=(2, 32, 64))).astype("float32")
        weight = random.normal(0, 0.05, (64, 64)).astype("float32")
        absent = random.random(32) < share
        ours, _ = association_loss(anchors, positives, weight, absent)
        differences.append(abs(float(ours) - float(reference_loss(anchors, positives, weight, absent))))
    if max(differences) > 1e-5:
        raise RuntimeError(f"association_loss differs from the reference by {max(differences)}")
    return max(differences)


def write_data(folder):
    """Write random log-mels: one file per segment for (a), the mel cache for (b)."""
    import pandas as pd

    from mscol.io.arrays import RowWriter

    random = np.random.default_rng(0)
    for name in ("mixture", STEM):
        (folder / name).mkdir()
        rows = []
        with RowWriter(folder / f"{name}.npy", (64,), "float32") as writer:
            for clip in range(N_CLIPS):
                walk = np.cumsum(random.normal(0, 0.3, (SEGMENTS * FRAMES, BANDS)), axis=0)
                mel = (-4 + 3 * np.sin(walk / 3) + random.normal(0, 0.5, walk.shape)).astype("float32")
                rows.append((f"{clip:03}", writer.append(mel), len(mel)))
                for segment, part in enumerate(np.split(mel, SEGMENTS)):
                    np.save(folder / name / f"{clip * SEGMENTS + segment}.npy", part)
        index = pd.DataFrame(rows, columns=["clip", "first_frame", "n_frames"])
        index.to_csv(folder / f"{name}.csv", index=False)


def _head(encoder):
    import keras

    projection = keras.Sequential(
        [
            keras.Input(encoder.output_shape[1:]),
            keras.layers.Dense(PROJECTION),
            keras.layers.LayerNormalization(epsilon=1e-3),
            keras.layers.Activation("tanh"),
        ]
    )
    initializer = keras.initializers.RandomNormal(stddev=0.05)
    return projection, keras.Variable(initializer, shape=(PROJECTION, PROJECTION), dtype="float32")


def _set_threads(tf, threads):
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _peak_gib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # Linux counts KiB


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--updates", type=int, default=5, help="measured updates of each (default: %(default)s)"
    )
    parser.add_argument(
        "--threads", type=int, default=2, help="threads of the framework (default: %(default)s)"
    )
    parser.add_argument(
        "--batch-size", type=int, default=128, help="pairs per minibatch (default: %(default)s)"
    )
    parser.add_argument(
        "--width", type=float, default=1.0, help="width of the encoder (default: %(default)s)"
    )
    parser.add_argument(
        "--depth", type=float, default=1.0, help="depth of the encoder (default: %(default)s)"
    )
    parser.add_argument(
        "--onednn",
        choices=("ours", "both", "neither"),
        default="ours",
        help="which of the two use oneDNN; by default TensorFlow uses it on some processors only (default: %(default)s)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
