"""The page as a whole, made of small tables: what is in it, what is not, and that names of users do no harm."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from small_tables import save, write

from mscol.io.files import write_csv, write_json
from mscol.overview.clips import describe_clips
from mscol.overview.costs import costs
from mscol.overview.curves import inline_svg
from mscol.overview.explore import View
from mscol.overview.page import write_page
from mscol.pages.elements import number as number_cell
from mscol.pages.elements import table, text
from mscol.pages.layout import split_columns
from mscol.pages.summary import summarise_results
from mscol.tables import compare_models

EVIL = ['</script><script>alert("1")</script>', "<b>&amp;'\"", "موسيقى", "060"]
VOID = {"meta", "br", "wbr", "img"}


class Page(HTMLParser):
    """Elements of a page by name, with their attributes; raises where one is not closed."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.texts, self._open = [], [], []
        self.feed(page)
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self._open[-1] if self._open else "", data))

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    @property
    def data(self):
        return json.loads(next(text for tag, text in self.texts if tag == "script"))

    @property
    def sections(self):
        return [attrs["id"] for attrs in self.all("section")]

    def printed(self):
        return " ".join(text for tag, text in self.texts if tag not in ("script", "style"))


def _dataset(folder, name, task, labels, models, ids, seeds=(1,)):
    """Write what earlier stages say of a dataset of some test clips; return its view and the files of its tables."""
    folder = folder / name
    folder.mkdir()
    generator = np.random.default_rng(0)
    n_clips, n_labels = len(ids), len(labels)
    if task == "tagging":
        targets = (np.arange(n_clips)[:, None] % n_labels == np.arange(n_labels)).astype(np.uint8)
        named = [labels[n % n_labels] for n in range(n_clips)]
    elif task == "classification":
        targets = np.arange(n_clips) % n_labels
        named = [labels[n] for n in targets]
    else:
        targets = np.linspace(0, 1, n_clips)
        named = [f"{value:g}" for value in targets]
    about = folder / "about.json"
    about.write_text(json.dumps({"task": task, "labels": labels, "n_train": dict.fromkeys(labels, 3)}))
    manifest = pd.DataFrame({"id": ids, "split": "test", "group": ids, "recording": ids, "artist": ""})
    manifest = manifest.assign(cleaned=1, labels=named, path=[f"{n}.wav" for n in range(n_clips)])
    write_csv(manifest, folder / "clips.csv")
    np.save(folder / "test.npy", generator.normal(size=(2 * n_clips, 6)).astype(np.float32))
    write_csv(
        pd.DataFrame({"clip": ids, "first_window": range(0, 2 * n_clips, 2), "n_windows": 2}),
        folder / "test.csv",
    )
    written, described = {}, {}
    for model in models:
        paths = []
        for seed in seeds:
            path = folder / f"{model}-{seed}.npz"
            save(path, targets, generator.random((2 * n_clips, n_labels)), [2] * n_clips, [1] * n_clips)
            arrays = dict(np.load(path)) | {"ids": np.array(ids, np.str_), "groups": np.array(ids, np.str_)}
            np.savez(path, **arrays)
            paths.append(path)
        written[model] = write(paths, about, folder, f"{name}_{model}", n_resamples=20)
        described[model] = {"test": folder / "test.npy", "test_index": folder / "test.csv", "scores": paths}
    out = folder / "described.csv"
    describe_clips(folder / "clips.csv", about, folder / "clips.csv", described, list(seeds), out)
    per_class = {model: paths[1] for model, paths in written.items()}
    excerpts = folder / "excerpts.json"
    write_json({ids[0]: "bXAz"}, excerpts)
    return View(name, name, about, out, per_class, excerpts), written


def _page(folder, datasets, made, reasons=(), **pretraining):
    """Write the page of some datasets; return it read."""
    written = {(view.name, model): paths for view, tables in datasets for model, paths in tables.items()}
    compare_models(
        {key: paths[2] for key, paths in written.items()}, "mixture", folder / "c.csv", folder / "l.csv"
    )
    tables, per_class, _ = zip(*written.values(), strict=True)
    names = [view.name for view, _ in datasets]
    layout = {"layouts": dict.fromkeys(names, "table"), "synthesised": [], "notes": [], "search": None}
    summarise_results(tables, per_class, folder / "c.csv", layout["layouts"], folder / "summary.csv", [])
    rows = [("mine", "header", clip, clip, why) for clip, why in reasons]
    write_csv(
        pd.DataFrame(rows, columns=["dataset", "stage", "id", "path", "reason"]), folder / "rejected.csv"
    )
    columns = ["dataset", "id", "path", "listed", "decoded", "reason"]
    write_csv(pd.DataFrame(columns=columns), folder / "shortened.csv")
    given = {
        "histories": {},
        "cards": {},
        "curves": None,
        "pictures": None,
        "sounds": None,
        "synthesised": False,
    }
    write_page(
        out=folder / "index.html",
        summary=folder / "summary.csv",
        layout=layout,
        pretraining=given | {"made": made, "comparisons": folder / "l.csv"} | pretraining,
        views=[view for view, _ in datasets],
        rejected=folder / "rejected.csv",
        shortened=folder / "shortened.csv",
        timings=folder / "timings",
    )
    return Page((folder / "index.html").read_text(encoding="utf-8"))


MADE = {"mixture": "the mixture alone", "bass": "the mixture, and the stem bass"}


def test_names_of_users_are_shown_as_they_are_and_run_nothing(tmp_path):
    ids = [f"{name} {n}" for n in range(6) for name in EVIL]
    views = [
        _dataset(tmp_path, "mine", "classification", EVIL, MADE, ids),
        _dataset(tmp_path, "tags", "tagging", EVIL, MADE, ids),
    ]
    page = _page(tmp_path, views, MADE, reasons=[(name, f"because {name}") for name in EVIL])
    assert len(page.all("script")) == 2 and not page.all("b")
    data = page.data
    assert set(data["clips"]["mine"]["names"]) == set(ids) and data["views"][0]["labels"] == EVIL
    assert all(f"because {name}" in page.printed() for name in EVIL)
    cells = data["views"][0]["cells"]["mixture"]
    assert {cell[0] for cell in cells} == set(EVIL) and {cell[1] for cell in cells} <= set(EVIL), "also 060"
    assert data["views"][1]["cells"] == {} and len(data["views"][1]["maps"]["bass"]) == len(ids)


def test_page_has_only_what_the_run_has(tmp_path):
    ids = [f"clip {n:03}" for n in range(12)]
    page = _page(
        tmp_path,
        [_dataset(tmp_path, "mine", "regression", ["target"], ["mixture"], ids)],
        {"mixture": "the mixture alone"},
    )
    assert page.sections == ["comparison", "models", "maps", "classes", "left-out"]
    assert page.data["views"][0]["cells"] == {} and "No clip is shorter than listed." in page.printed()
    assert "Every clip could be used." in page.printed() and "better than" not in page.printed()
    assert float(page.data["views"][0]["of"]["3"]) == pytest.approx(3 / 11, abs=1e-3)


def test_without_embeddings_there_are_tables_and_no_maps(tmp_path):
    ids = [f"clip {n:03}" for n in range(12)]
    view, written = _dataset(tmp_path, "mine", "classification", ["a", "b"], MADE, ids)
    page = _page(tmp_path, [(view._replace(clips=None, excerpts=None), written)], MADE)
    assert (
        "maps" not in page.sections
        and "excerpt" not in page.printed()
        and "F1 of each label of mine" in page.printed()
    )
    assert page.data["clips"]["mine"] == {"names": [], "audio": {}}


def test_matrix_of_several_seeds_holds_their_mean(tmp_path):
    ids = [f"clip {n:03}" for n in range(40)]
    page = _page(
        tmp_path, [_dataset(tmp_path, "mine", "classification", ["a", "b"], MADE, ids, seeds=(1, 2, 3))], MADE
    )
    cells = page.data["views"][0]["cells"]["bass"]
    assert sum(cell[2] for cell in cells) == pytest.approx(40, abs=0.05)
    per_class = pd.read_csv(tmp_path / "mine" / "per_class" / "mine_bass.csv").set_index("label")
    assert {(label, called): mean for label, called, mean, *_ in cells} == {
        (label, called): pytest.approx(per_class.loc[label, f"as_{called}"], abs=0.01)
        for label in "ab"
        for called in "ab"
    }


def test_thousands_of_clips_leave_the_page_small(tmp_path):
    ids = [f"a clip with a name of the usual length {n:05}" for n in range(4000)]
    page = _page(
        tmp_path, [_dataset(tmp_path, "mine", "classification", [*"abcdefgh"], ["mixture"], ids)], MADE
    )
    assert (tmp_path / "index.html").stat().st_size < 500_000
    assert (
        len(page.data["views"][0]["maps"]["mixture"]) == 300
        and "The map shows 300 of 4,000 clips of mine" in page.printed()
    )


def test_more_rejected_clips_than_fit_are_counted(tmp_path):
    ids = [f"clip {n:03}" for n in range(12)]
    reasons = [(f"bad {n:04}", "broken") for n in range(1500)]
    page = _page(
        tmp_path, [_dataset(tmp_path, "mine", "classification", ["a", "b"], MADE, ids)], MADE, reasons
    )
    printed = page.printed()
    assert (
        "Rejected: 1,500" in printed
        and "1,300 more are in results/rejected.csv" in printed
        and "bad 0200" not in printed
    )


def test_accuracy_of_pretraining_stands_beside_its_chance(tmp_path):
    ids = [f"clip {n:03}" for n in range(12)]
    histories = {}
    for model, validated in {"mixture": 32, "bass": 0}.items():
        histories[model] = []
        for seed in (0, 1):
            rows = {"accuracy": [0.1, 0.5], "validation_accuracy": [0.1, 0.3 + seed / 10]}
            rows |= {"pairs": 64, "validation_pairs": validated}
            histories[model].append(tmp_path / f"{model}{seed}.csv")
            write_csv(pd.DataFrame(rows), histories[model][-1])
    datasets = [_dataset(tmp_path, "mine", "classification", ["a", "b"], MADE, ids)]
    printed = _page(
        tmp_path, datasets, MADE, histories=histories, cards={"bass": "../models/bass/README.md"}
    ).printed()
    assert re.search(r"the mixture alone\s+0\.350\s+0\.031", printed)
    assert re.search(r"the stem bass\s+0\.500 \(training\)\s+0\.016", printed)


def test_columns_are_dealt_out_by_dataset():
    columns = [(name, metric) for name in ("mtat", "nsynth", "fma") for metric in "abcd"]
    assert split_columns(columns, 9) == [[*range(8)], [*range(8, 12)]]
    assert split_columns(columns[:4], 3) == [[0, 1, 2], [3]] and split_columns([], 3) == [[]]


def test_heads_stand_over_their_cells():
    rows = [("x", [text("a"), number_cell("1")])]
    made = Page(table(["model", "source", "accuracy"], rows))
    assert [attrs.get("class") for attrs in made.all("th")[:3]] == ["text", "text", None]
    assert len(Page(table(["model", "source"], [])).all("th")) == 2


def test_ids_of_two_figures_do_not_clash(tmp_path):
    figure = Figure()
    figure.subplots().plot([1, 3, 2], marker="o")
    figure.savefig(tmp_path / "one.svg")
    pages = [inline_svg(tmp_path / "one.svg", prefix, "A <line>") for prefix in ("a", "b")]
    ids = [set(re.findall(r'\bid="([^"]+)"', page)) for page in pages]
    assert ids[0] and not ids[0] & ids[1]
    for page, own in zip(pages, ids, strict=True):
        used = set(re.findall(r'href="#([^"]+)"', page)) | set(re.findall(r"url\(#([^)]+)\)", page))
        assert used and used <= own
        assert 'aria-label="A &lt;line&gt;"' in page and re.match(r"<figure[^>]*><svg(?![^>]* width=)", page)


def write_timings(folder, rows):
    for path, row in rows.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(f"s\th:m:s\tmax_rss\tcpu_time\n{row}\n")


def test_costs_are_summed_by_stage_and_model(tmp_path):
    rows = {
        "pretrain_encoder/bass/seed1.tsv": "3600\t1:0:0\t1\t7200",
        "pretrain_encoder/bass/seed2.tsv": "3600\t1:0:0\t1\t-",
        "embed_clips/mtat/bass/seed1.tsv": "1800\t0:30:0\t1\t1800",
        "write_results_table/mtat_bass.tsv": "36\t0:0:36\tNA\tNA",
        "write_results_table/mtat_bass_drums.tsv": "36\t0:0:36\tNA\tNA",
        "separate_stems/mtat/000-of-002.tsv": "360\t0:6:0\t1\t720",
    }
    write_timings(tmp_path, rows)
    printed = " ".join(Page(costs(tmp_path, ["bass", "mixture"])).printed().split())
    assert "pretraining 2 2.000 2.000" in printed and "embeddings 1 0.500 0.500" in printed
    assert "separation 1 0.100 0.200" in printed and "all 6 2.620 2.700" in printed
    assert "bass 4 2.510 2.500" in printed and "mixture" not in printed
    assert costs(tmp_path / "none", ["bass"]) == ""


def test_costs_of_a_model_are_not_those_of_one_whose_name_ends_alike(tmp_path):
    rows = {
        "pretrain_encoder/vocals/seed1.tsv": "3600\t1:0:0\t1\t3600",
        "pretrain_encoder/bass_vocals/seed1.tsv": "7200\t2:0:0\t1\t7200",
        "write_results_table/mtat_bass_vocals.tsv": "36\t0:0:36\t1\t36",
        "write_results_table/mtat_my_mfcc.tsv": "36\t0:0:36\t1\t36",
    }
    write_timings(tmp_path, rows)
    models = ["vocals", "bass_vocals", "mfcc", "my_mfcc"]
    printed = " ".join(Page(costs(tmp_path, models)).printed().split()).replace("_ ", "_")
    assert " vocals 1 1.000 1.000 bass_vocals 2 2.010 2.010 my_mfcc 1 0.010 0.010" in printed
