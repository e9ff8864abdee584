"""A small task that a head can learn, as files of earlier stages, and a run of it."""

import json

import numpy as np
import pandas as pd

from mscol.probes import train_probe

SETTINGS = {"hidden": [], "learning_rate": 0.01, "epochs": 20, "patience": 5, "batch_size": 16, "search": {}}
CLASSES = ["bass", "flute", "organ"]
TAGS = ["loud", "rock", "no vocals"]


def make_dataset(folder, task, shuffle=False, n_train=60, n_test=15):
    """Write embeddings in which the label of a clip can be read off, and a manifest, as earlier stages do."""
    generator = np.random.default_rng(0)
    sizes = {"train": n_train, "validation": 21, "test": n_test}
    rows, arrays, indices = [], {}, {}
    for split, size in sizes.items():
        truth = generator.integers(2, size=(size, 3)) if task == "tagging" else np.eye(3)[np.arange(size) % 3]
        if task == "regression":
            truth = np.repeat(generator.random((size, 1)), 3, axis=1)
        shape = (size, 4, 3) if split != "test" else (size * 2, 3)
        rows_of_clip = truth[:, None] if split != "test" else np.repeat(truth, 2, axis=0)
        values = (rows_of_clip * 2 - 1) + 0.3 * generator.normal(size=shape)
        ids = [f"{split} {number:03}" for number in range(size)]
        table = {"clip": ids, "segment": 0}
        if split == "test":
            table = {"clip": ids, "first_window": 2 * np.arange(size), "n_windows": 2}
        if shuffle:
            truth = generator.permutation(truth)
        arrays[split], indices[split] = folder / f"{split}.npy", folder / f"{split}.csv"
        np.save(arrays[split], values.astype(np.float32))
        pd.DataFrame(table).to_csv(indices[split], index=False)
        rows += [
            (clip, split, clip, clip, "", 1, name_labels(row, task))
            for clip, row in zip(ids, truth, strict=True)
        ]
    manifest = pd.DataFrame(
        rows, columns=["id", "split", "group", "recording", "artist", "cleaned", "labels"]
    )
    # The order of a manifest's rows is nobody's business.
    manifest.sample(frac=1, random_state=0).to_csv(folder / "clips.csv", index=False)
    about = {
        "task": task,
        "labels": {"tagging": TAGS, "classification": CLASSES, "regression": ["target"]}[task],
    }
    (folder / "about.json").write_text(json.dumps(about))
    return arrays, indices


def name_labels(row, task):
    if task == "tagging":
        return ";".join(tag for tag, given in zip(TAGS, row, strict=True) if given)
    if task == "regression":
        return f"{1000 + 50 * row[0]}"
    return CLASSES[int(np.argmax(row))]


def run(folder, arrays, indices, seed=0, **settings):
    more = {
        name: settings.pop(name) for name in ("label_fraction", "standardise", "n_heads") if name in settings
    }
    outputs = name_outputs(folder)
    about = folder / "clips.csv", folder / "about.json"
    train_probe(arrays, indices, *about, SETTINGS | settings, seed, outputs, **more)
    return read_scores(outputs["scores"]), pd.read_csv(outputs["history"])


def name_outputs(folder):
    return {
        "model": folder / "head.keras", "about": folder / "head.json", "history": folder / "history.csv",
        "scores": folder / "scores.npz",
    }  # fmt: skip


def read_scores(path):
    """Read the scores of the only head, or of the first."""
    with np.load(path, allow_pickle=False) as scores:
        return dict(scores) | {"window_scores": scores["window_scores"][0], "heads": scores["window_scores"]}
