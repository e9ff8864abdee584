"""Collect the results of all lengths of pretraining: tables, and a figure of accuracy against updates.

    python evidence/gather.py evidence/run/soundtracks/cpu evidence/results/soundtracks/cpu curve.svg

Lengths without results yet are left out.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))
from mscol.config.models import SOURCES
from mscol.config.naming import protocol_title
from mscol.figures.style import CHANCE, place_legend, save_figure, shown, style_of, styled
from mscol.metrics.bootstrap import macro_mean
from mscol.pages.markdown import markdown_table
from mscol.scores.files import read_arrays
from mscol.tables import compare_models
from mscol.tables.comparison import describe_difference
from mscol.tables.measured import METRIC_TITLES, METRICS

WITHOUT_PRETRAINING = "untrained"
BASELINE = "mfcc"
REFERENCES = (WITHOUT_PRETRAINING, BASELINE, "mixture", "bass_drums_other_vocals")
# The tags and instrument families that one source plays (no tag of MagnaTagATune names a bass)
PLAYED_BY = {
    "mtat": {
        "drums": ["drums", "beat", "beats"],
        "other": [
            "guitar", "piano", "strings", "violin", "cello", "harp", "harpsichord", "flute", "sitar", "synth",
        ],
        "vocals": [
            "vocal", "vocals", "singing", "voice", "female", "female vocal", "female voice", "woman", "male",
            "male vocal", "male voice", "man", "opera", "choir", "choral", "no vocal", "no vocals", "no voice",
        ],
    },
    "nsynth": {
        "bass": ["bass"],
        "other": ["brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string"],
        "vocals": ["vocal"],
    },
}  # fmt: skip
PER_LABEL = {"mtat": "roc_auc", "nsynth": "f1"}


def main():
    options = _parse()
    runs = {
        int(path.name): path for path in options.run.iterdir() if (path / "results/summary.csv").is_file()
    }
    if not runs:
        sys.exit(f"{options.run}: no folder in it has results/summary.csv yet")
    options.results.mkdir(parents=True, exist_ok=True)
    summary = summaries(runs)
    pretrained = pretraining(runs)
    tables = {
        "summary": summary,
        **compare(runs),
        "pretraining": pretrained,
        "costs": costs(runs, pretrained),
    }
    pages = {"table": markdown_tables(of_longest_list(summary), ["model"])}
    if len(runs) > 1:
        pages["lengths"] = markdown_tables(of_curves(summary), ["updates", "model", "seeds"])
    if len(by_source := compare_sources(runs)):
        tables["sources"] = by_source
        pages["sources"] = markdown_of_sources(by_source)
    for name, table in tables.items():
        table.to_csv(options.results / f"{name}.csv", index=False)
    music = next(iter(runs.values())) / "music"  # that of all lengths
    if music.is_dir():  # not in the embedded study
        for name in ("tracks.csv", "packages.csv"):
            shutil.copyfile(music / name, options.results / name)
    for name, text in pages.items():
        (options.results / f"{name}.md").write_text(f"{text}\n")
    if len(runs) > 1:
        save_figure(draw_curve(summary), [options.figure])


def summaries(runs):
    """Join the summaries of all lengths, with a column ``updates``."""
    tables = {updates: pd.read_csv(path / "results/summary.csv") for updates, path in sorted(runs.items())}
    return pd.concat(tables, names=["updates"]).reset_index("updates")


def compare(runs):
    """Compare all models of each length with each of REFERENCES, and each class with `mixture`."""
    overall, per_class = [], []
    resamples = {updates: resamples_of(path) for updates, path in sorted(runs.items())}
    # Models without pretraining are in one run only.
    fixed = {
        key: file
        for found in resamples.values()
        for key, file in found.items()
        if key[1] in (WITHOUT_PRETRAINING, BASELINE)
    }
    for updates, found in resamples.items():
        bootstraps = fixed | found
        for reference in REFERENCES:
            with tempfile.TemporaryDirectory() as folder:
                written = [Path(folder, name) for name in ("overall.csv", "per_class.csv")]
                compare_models(bootstraps, reference, *written)
                tables = [pd.read_csv(file).assign(updates=updates) for file in written]
            overall.append(tables[0])
            if reference == "mixture":
                per_class.append(tables[1][tables[1]["metric"].isin(PER_LABEL.values())])
    return {"comparisons": pd.concat(overall), "per_class_comparisons": pd.concat(per_class)}


def compare_sources(runs):
    """Compare the encoder of each source with those of the other sources: on the labels that the source plays, and on the rest.

    Only if it gains more on the former, it has learned what its source plays. The scores are means over the labels; the
    others' is also a mean over the other encoders.
    """
    rows = []
    for updates, path in sorted(runs.items()):
        found = resamples_of(path)
        for dataset, labels_of in PLAYED_BY.items():
            arrays = {
                source: read_arrays(found[dataset, source])
                for source in SOURCES
                if (dataset, source) in found
            }
            for source in (source for source in labels_of if len(arrays) > 1 and source in arrays):
                rows += [
                    {"updates": updates, "dataset": dataset, "source": source, "labels": kind, **row}
                    for kind, columns in _kinds_of_labels(source, arrays[source], dataset)
                    for row in _compare_source(source, columns, arrays, dataset)
                ]
    return pd.DataFrame(rows).round(4)


def _kinds_of_labels(source, about, dataset):
    """Yield those labels that the source plays and the rest, each as their columns; labels without a score are in neither."""
    played = np.isin(about["labels"], PLAYED_BY[dataset][source])
    scored = ~np.isnan(about[f"{PER_LABEL[dataset]}_per_label"][0, 0])
    yield "played", np.flatnonzero(played & scored)
    yield "rest", np.flatnonzero(~played & scored)


def _compare_source(source, columns, arrays, dataset):
    """Yield the difference under each protocol, on some columns of labels."""
    about = arrays[source]
    scores = {
        name: macro_mean(of_model[f"{PER_LABEL[dataset]}_per_label"][..., columns])
        for name, of_model in arrays.items()
    }
    own = scores.pop(source)
    others = np.mean(list(scores.values()), axis=0)
    for row, (protocol, test_list) in enumerate(zip(about["protocol"], about["test_list"], strict=True)):
        groups = about["n_label_groups"][row, columns]
        # A clip has several tags, but one family.
        n_groups = groups.max(initial=0) if dataset == "mtat" else groups.sum()
        yield {
            "protocol": protocol,
            "test_list": test_list,
            "n_labels": columns.size,
            "n_groups": n_groups,
            "metric": PER_LABEL[dataset],
            "own_encoder": own[row, 0],
            "other_encoders": others[row, 0],
            **describe_difference(own[row] - others[row], n_groups, about["n_runs"][row]),
        }


def pretraining(runs):
    """Collect the last losses and accuracies of the pretraining task, and how long it took."""
    rows = []
    for updates, path in sorted(runs.items()):
        for file in sorted(path.glob("models/*/seed*/history.csv")):
            history = pd.read_csv(file)
            if len(history):
                last = history.iloc[-1][["loss", "accuracy", "validation_loss", "validation_accuracy"]]
                seconds = json.loads((file.parent / "run.json").read_text())["wall_seconds"]
                named = {
                    "updates": updates,
                    "model": file.parts[-3],
                    "seed": file.parent.name.removeprefix("seed"),
                }
                rows.append({**named, **last, "wall_seconds": seconds})
    return pd.DataFrame(rows).round(4)


def costs(runs, pretrained):
    """Add up the wall times of the jobs of each rule; only `pretraining` knows all parts of a pretraining that was resumed."""
    rows = []
    for updates, path in sorted(runs.items()):
        for rule in sorted(folder for folder in (path / "timings").iterdir() if folder.is_dir()):
            if rule.name == "pretrain_encoder":
                times = pretrained.loc[pretrained["updates"] == updates, "wall_seconds"]
            else:
                times = [pd.read_csv(file, sep="\t")["s"].iloc[-1] for file in rule.rglob("*.tsv")]
            rows.append(
                {"updates": updates, "rule": rule.name, "jobs": len(times), "hours": sum(times) / 3600}
            )
    return pd.DataFrame(rows).round({"hours": 3})


def resamples_of(run):
    """Find the resampled scores of a run: a file for each dataset and model."""
    return {tuple(file.stem.split("_", 1)): file for file in sorted(run.glob("results/bootstrap/*.npz"))}


def of_longest_list(summary):
    """Select the rows of the length that has most models."""
    return summary[summary["updates"] == summary.groupby("updates")["model"].nunique().idxmax()]


def of_curves(summary):
    """Select the rows of models with several lengths."""
    return summary[summary.groupby("model")["updates"].transform("nunique") > 1]


def markdown_tables(rows, named_by):
    """Write tables for docs/evidence.md: of one dataset both metrics, of each of several the first. A line is for each name."""
    rows = rows[~rows["test_list"].eq("unfiltered")]
    if rows["dataset"].nunique() == 1:
        return "\n\n".join(
            _markdown_table(rows[rows["metric"] == metric], named_by) for metric in METRICS["classification"]
        )
    first = rows[rows["metric"].isin([metrics[0] for metrics in METRICS.values()])]
    return "\n\n".join(
        f"### {dataset}\n\n{_markdown_table(of_dataset, named_by)}"
        for dataset, of_dataset in first.groupby("dataset", sort=False)
    )


def _markdown_table(rows, named_by):
    titles = {
        protocol: f"{METRIC_TITLES[metric]}, {protocol_title(protocol)}"
        for metric, protocol in rows[["metric", "protocol"]].drop_duplicates().itertuples(index=False)
    }
    names = list(map(tuple, rows[named_by].to_numpy()))
    cells = {
        (name, row.protocol): f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"
        for name, row in zip(names, rows.itertuples(), strict=True)
    }
    first, *others = named_by
    lines = [
        [*map(_name, name), *(cells.get((name, protocol), "") for protocol in titles)]
        for name in dict.fromkeys(names)
    ]
    return markdown_table(first, [*others, *titles.values()], lines)


def _name(value):
    return f"`{value}`" if isinstance(value, str) else f"{value:,}"


def markdown_of_sources(by_source):
    """Write the differences of `compare_sources`: a row for each source and kind of label, a column for each protocol."""
    rows = by_source[~by_source["test_list"].eq("unfiltered")]
    protocols = list(rows["protocol"].unique())
    lines = []
    for (dataset, source, labels), found in rows.groupby(["dataset", "source", "labels"], sort=False):
        cells = (
            f"{row.difference:+.3f}" + ("" if np.isnan(row.low) else f" [{row.low:+.3f}, {row.high:+.3f}]")
            for row in found.set_index("protocol").loc[protocols].itertuples()
        )
        lines.append((f"{dataset}, `{source}`", labels, str(found["n_labels"].iloc[0]), *cells))
    return markdown_table("encoder", ["labels", "number", *map(protocol_title, protocols)], lines)


@styled()
def draw_curve(summary):
    """Draw both metrics of classes against updates: a column of panels for each protocol, a line for each model."""
    metrics = METRICS["classification"]
    rows = summary[summary["metric"].isin(metrics)]
    protocols, lines = list(rows["protocol"].unique()), list(of_curves(rows)["model"].unique())
    figure = Figure(figsize=(3.2 * len(protocols) + 0.6, 6.4), layout="constrained")
    panels = figure.subplots(len(metrics), len(protocols), sharex=True, sharey="row", squeeze=False)
    for metric, row in zip(metrics, panels, strict=True):
        row[0].set_ylabel(METRIC_TITLES[metric])
        for protocol, axis in zip(protocols, row, strict=True):
            _draw_panel(axis, rows[(rows["metric"] == metric) & (rows["protocol"] == protocol)], lines)
    for protocol, top, bottom in zip(protocols, panels[0], panels[-1], strict=True):
        top.set_title(protocol_title(protocol))
        bottom.set_xlabel("updates of pretraining (logarithmic)")
    handles = [Line2D([], [], label=shown(model), **style_of(number)) for number, model in enumerate(lines)]
    level = Line2D([], [], color="black", linestyle="--", linewidth=1, label=BASELINE)
    ends = [level, Line2D([], [], label="chance", **CHANCE)]
    if rows.groupby("model")["seeds"].nunique().max() > 1:
        hollow = {"marker": "o", "color": "black", "markerfacecolor": "white"}
        ends.append(Line2D([], [], linestyle="", label="fewer seeds", **hollow))
    place_legend(figure, [*handles, *ends])
    figure.suptitle("Naming the game of a track; bars and the grey band of mfcc are 95 % intervals")
    return figure


def _draw_panel(axis, panel, lines):
    """Draw lines that start from `untrained` at 0, and `mfcc` as a level."""
    start = panel[panel["model"] == WITHOUT_PRETRAINING]
    for number, model in enumerate(lines):
        line = pd.concat([start.assign(updates=0), panel[panel["model"] == model]]).sort_values("updates")
        _draw_line(axis, line, style_of(number), shift=0.09 * (number - (len(lines) - 1) / 2))
    baseline = panel[panel["model"] == BASELINE].iloc[0]
    axis.axhline(baseline["value"], color="black", linestyle="--", linewidth=1)
    axis.axhspan(baseline["low"], baseline["high"], color="black", alpha=0.06, linewidth=0)
    axis.axhline(panel["chance"].dropna().iloc[0], **CHANCE)
    lengths = sorted(panel["updates"].unique())
    axis.set_xticks(
        _places([0, *lengths], lengths), ["0", *(f"{length:,}" for length in lengths)], fontsize=8
    )
    axis.grid(alpha=0.3)


def _draw_line(axis, line, style, shift):
    places = _places(line["updates"], line["updates"][line["updates"] > 0]) + shift
    axis.plot(places, line["value"], linewidth=1.4, **style)
    axis.vlines(places, line["low"], line["high"], color=style["color"], linewidth=1.2)
    few = (line["seeds"] < line["seeds"].max()).to_numpy()
    for chosen, face in ((~few, style["color"]), (few, "white")):
        axis.plot(
            places[chosen],
            line["value"][chosen],
            "o",
            markersize=4,
            color=style["color"],
            markerfacecolor=face,
        )


def _places(updates, lengths):
    """Return places on a logarithmic axis, on which 0 stands before the shortest length."""
    return np.log2(np.where(np.equal(updates, 0), min(lengths) / 4, updates))


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder with a folder for each length")
    parser.add_argument("results", type=Path, help="folder for the tables")
    parser.add_argument("figure", type=Path, help="file for the figure, svg or png")
    return parser.parse_args()


if __name__ == "__main__":
    main()
