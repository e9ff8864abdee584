"""Made-up results of a realistic size: 50 tags, 11 classes, 7 models, 3 protocols."""

import numpy as np
import pandas as pd

TAGS = [
    "guitar",
    "classical",
    "slow",
    "techno",
    "strings",
    "drums",
    "electronic",
    "rock",
    "fast",
    "piano",
    "ambient",
    "beat",
    "violin",
    "vocal",
    "synth",
    "female",
    "indian",
    "opera",
    "male",
    "singing",
    "vocals",
    "no vocals",
    "harpsichord",
    "loud",
    "quiet",
    "flute",
    "woman",
    "male vocal",
    "no vocal",
    "pop",
    "soft",
    "sitar",
    "solo",
    "man",
    "classic",
    "choir",
    "voice",
    "new age",
    "dance",
    "male voice",
    "female vocal",
    "beats",
    "harp",
    "cello",
    "no voice",
    "weird",
    "country",
    "metal",
    "female voice",
    "choral",
]
FAMILIES = [
    "bass",
    "brass",
    "flute",
    "guitar",
    "keyboard",
    "mallet",
    "organ",
    "reed",
    "string",
    "synth_lead",
    "vocal",
]
MODELS = [
    "untrained",
    "mfcc",
    "mixture",
    "mixture-masked",
    "bass_vocals",
    "vocals-degraded5",
    "bass_drums_other_vocals",
]
PROTOCOLS = ("frozen", "finetuned", "knn")
PANELS = (
    ("mtat", "filtered", "roc_auc", 0.5),
    ("mtat", "filtered", "pr_auc", 0.06),
    ("mtat", "unfiltered", "roc_auc", 0.5),
    ("mtat", "unfiltered", "pr_auc", 0.05),
    ("nsynth", "all", "accuracy", 0.21),
    ("nsynth", "all", "macro_f1", 0.03),
    ("fma", "all", "accuracy", 0.125),
    ("fma", "all", "macro_f1", 0.03),
)
N_TEST = 4332
TESTED = pd.Series({"n_test": N_TEST, "n_groups": 812, "grouped_by": "song"})


def summary(models=MODELS, protocols=PROTOCOLS, fractions=(1.0,), seeds=3):
    """A summary over all results, as `mscol.tables` writes it."""
    random = np.random.default_rng(0)
    rows = []
    for dataset, test_list, metric, chance in PANELS:
        for m, model in enumerate(models):
            for protocol in protocols:
                for fraction in fractions:
                    value = chance + (0.2 + 0.035 * m + random.normal(0, 0.02)) * (1 + np.log10(fraction) / 4)
                    half = random.uniform(0.005, 0.02)
                    rows.append(
                        {
                            "dataset": dataset, "model": model, "protocol": protocol, "label_fraction": fraction, "heads": 1,
                            "test_list": test_list, "metric": metric, "value": value, "low": value - half,
                            "high": value + half, "seeds": seeds, "seed_std": 0.006 if seeds > 1 else np.nan,
                            "n_test": N_TEST, "chance": chance,
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows)


def tags(unscored=("choral",)):
    """The scores of 50 tags."""
    random = np.random.default_rng(1)
    table = pd.DataFrame({"label": TAGS, "n_positive": np.geomspace(800, 20, len(TAGS)).astype(int)})
    table["roc_auc"] = random.uniform(0.6, 0.95, len(TAGS))
    table["pr_auc"] = table["n_positive"] / N_TEST + random.uniform(0.02, 0.4, len(TAGS))
    for metric in ("roc_auc", "pr_auc"):
        half = 1 / np.sqrt(table["n_positive"]) / 2
        table[f"{metric}_low"] = (table[metric] - half).clip(0, 1)
        table[f"{metric}_high"] = (table[metric] + half).clip(0, 1)
    table["pr_auc_chance"] = table["n_positive"] / N_TEST
    table["n_groups"], table["n_train"] = np.maximum(table["n_positive"] // 5, 3), 5 * table["n_positive"]
    missing = table["label"].isin(unscored)
    table.loc[missing, ["n_positive", "n_groups"]] = 0
    table.loc[missing, [name for name in table if "auc" in name]] = np.nan
    return _grouped(table, "filtered")


def classes(labels=FAMILIES, absent=("vocal",)):
    """Precision, recall and F1 of each class, and how they are confused."""
    random = np.random.default_rng(2)
    counts = random.gamma(0.3, 20, (len(labels), len(labels))) + np.diag(
        random.uniform(100, 300, len(labels))
    )
    counts = counts.round(1)
    counts[[labels.index(label) for label in absent]] = 0
    table = pd.DataFrame({"label": labels, "n_positive": counts.sum(axis=1).round().astype(int)})
    table["n_groups"], table["n_train"] = table["n_positive"] // 20, 50 * table["n_positive"]
    values = {
        "recall": np.diag(counts) / np.maximum(counts.sum(axis=1), 1),
        "precision": np.diag(counts) / counts.sum(axis=0),
    }
    values["f1"] = (values["recall"] + values["precision"]) / 2
    for metric, value in values.items():
        value = np.where(counts.sum(axis=1) > 0, value, np.nan)
        table[metric] = value
        table[f"{metric}_low"], table[f"{metric}_high"] = value - 0.05, np.minimum(value + 0.04, 1)
    confusion = pd.DataFrame(counts, columns=[f"as_{label}" for label in labels])
    return _grouped(pd.concat([table, confusion], axis=1), "all")


def differences(labels=TAGS, metrics=("roc_auc", "pr_auc"), unscored=("choral",)):
    """A model minus the reference, on each label: some better, some worse, most undecided."""
    random = np.random.default_rng(3)
    parts = []
    for metric in metrics:
        difference = random.normal(0.01, 0.03, len(labels))
        table = pd.DataFrame({"label": labels, "difference": difference})
        half = random.uniform(0.01, 0.05, len(labels))
        table["low"], table["high"] = difference - half, difference + half
        table.loc[table["label"].isin(unscored), ["difference", "low", "high"]] = np.nan
        table["mark"] = np.where(table["low"] > 0, "higher", np.where(table["high"] < 0, "lower", ""))
        parts.append(table.assign(metric=metric, p_value=0.5, n_runs=3, n_groups=20))
    about = {"dataset": "mtat", "model": "bass_drums_other_vocals", "reference": "mixture"}
    return _grouped(pd.concat(parts, ignore_index=True), "filtered").assign(**about)


def _grouped(table, test_list):
    return table.assign(protocol="frozen", test_list=test_list, label_fraction=1.0, standardised="yes")
