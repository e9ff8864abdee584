"""What stands where on the page of results, once for Markdown, LaTeX and HTML: models as rows, metrics as columns."""

from dataclasses import dataclass

import numpy as np

from mscol.config.naming import banner, dataset_title
from mscol.metrics.bootstrap import LEVEL
from mscol.pages.published import PUBLISHED, about_published
from mscol.tables.results import METRIC_TITLES

SIGNIFICANT = 0.05
VERY_FEW_CLIPS = 100
FEW_CLIPS = 1000  # below it the bootstrap's bias shows in intervals of PR-AUC (docs/configuration.md, "How to read the intervals")
MISSING = "–"


@dataclass(frozen=True)
class Cell:
    """What one row says of one column.

    Attributes
    ----------
    value : str
    interval : str
        Empty where there is none.
    spread : str
        Standard deviation over seeds; empty where there is one seed only.
    best : bool
        Whether no other row of its block is better.
    mark : str
        ``higher`` or ``lower`` than the reference model, significantly, or empty.
    """

    value: str
    interval: str = ""
    spread: str = ""
    best: bool = False
    mark: str = ""


@dataclass(frozen=True)
class Page:
    """What a summary says, in order.

    Attributes
    ----------
    columns : list of tuple
        Dataset with its test list, and metric.
    blocks : list of list of tuple
        For each protocol and share of labels: rows (model, how it was evaluated, cells).
    chance : list of str
        A cell a column.
    published : list of tuple
        Rows (system, reference, cells) of other systems; empty where none has a figure.
    reference : str
        The model that others were compared with; empty if there was none.
    n_seeds : int
        The largest number of seeds of a cell.
    n_test, n_tagged : float
        Clips of the shortest test list, and of the shortest one with tags; infinite where there is none.
    notes : list of str
        What must be known before anything is read: that music is synthesised, or a separator has not heard real music.
    """

    columns: list
    blocks: list
    chance: list
    published: list
    reference: str
    n_seeds: int
    n_test: float
    n_tagged: float
    notes: list


def lay_out(rows, layouts, synthesised=(), notes=()):
    """Lay a summary out.

    Parameters
    ----------
    rows : pd.DataFrame
        As in the csv that `summarise_results` writes.
    layouts : dict
        The layout of each dataset.
    synthesised : collection of str
        The datasets that this workflow made: they are called so, and no published figures stand beside them.
    notes : sequence of str
        What else must be known before anything is read.

    Returns
    -------
    Page
    """
    rows = rows.assign(
        column=[_column(row, synthesised) for row in rows.itertuples()],
        how=[_how(row) for row in rows.itertuples()],
    )
    columns = list(dict.fromkeys(rows["column"]))
    blocks = []
    for _, block in rows.groupby(["protocol", "label_fraction"], sort=False):
        best = block.groupby("column")["value"].max() if block["model"].nunique() > 1 else {}
        cells = {(row.model, row.column): _cell(row, best.get(row.column)) for row in block.itertuples()}
        how = block["how"].iloc[0]
        blocks.append(
            [
                (model, how, [cells.get((model, column), Cell(MISSING)) for column in columns])
                for model in dict.fromkeys(block["model"])
            ]
        )
    firsts = {row.column: row for row in rows[::-1].itertuples()}
    references = rows["reference"].dropna().unique()
    return Page(
        columns=columns,
        blocks=blocks,
        chance=[f"{firsts[column].chance:.3f}" for column in columns],
        published=_published(
            firsts, columns, {k: layout for k, layout in layouts.items() if k not in synthesised}
        ),
        reference=references[0] if len(references) else "",
        n_seeds=int(rows["seeds"].max()),
        n_test=rows["n_test"].min(),
        n_tagged=rows.loc[rows["metric"] == "pr_auc", "n_test"].to_numpy(float).min(initial=np.inf),
        notes=[*filter(None, [banner(name for name in rows["dataset"] if name in synthesised)]), *notes],
    )


def explain(page):
    """How to read a summary, in sentences that suit a caption, too."""
    spread = f" ± standard deviation over {page.n_seeds} seeds" if page.n_seeds > 1 else ""
    seeds = "Mean over seeds" if page.n_seeds > 1 else "Values of one seed"
    alike = ", among models evaluated in the same way" if len(page.blocks) > 1 else ""
    sentences = [
        f"{seeds}{spread}, with the {LEVEL:.0%} interval of a bootstrap over the test clips in brackets (it does not "
        "cover what another training run would change); higher is better.",
        f"Bold: the best of its column{alike}.",
    ]
    if page.n_tagged < FEW_CLIPS:
        sentences.append(
            f"Of only {page.n_tagged:.0f} test clips the intervals of PR-AUC lie too high: a resample holds some clips twice, "
            "which raises the average precision. It raises both models of a comparison."
        )
    if page.reference:
        sentences.append(
            f"▲ and ▼: significantly above or below {page.reference} (paired bootstrap over the test clips, "
            f"p < {SIGNIFICANT} after Holm's correction for the number of models)."
        )
    if page.n_test < VERY_FEW_CLIPS:
        sentences.append(
            f"A test list has {page.n_test:.0f} clips only: with so few, intervals are too narrow and differences called "
            "significant too easily."
        )
    sentences.append(
        "Chance: random scores for tags, always the most frequent class for classes. Tags and classes that cannot be "
        "scored in a test list are left out of its macro means."
    )
    return " ".join(sentences)


def where_numbers_are(page):
    """Say which files hold the numbers behind a page."""
    differences = ", every difference in results/comparisons.csv" if page.reference else ""
    return f"Every number is in results/summary.csv{differences}; results/per_class/ has tags and classes."


def explain_published(page):
    """How to read the published figures of a page."""
    return about_published([system for system, _, _ in page.published])


def columns_with_figures(page):
    """The numbers of the columns for which another system has published a figure."""
    return [
        number
        for number in range(len(page.columns))
        if any(figures[number] != MISSING for _, _, figures in page.published)
    ]


def _cell(row, best):
    if np.isnan(row.value):
        return Cell(MISSING)
    mark = ""
    if row.p_holm < SIGNIFICANT:
        mark = "higher" if row.difference > 0 else "lower"
    return Cell(
        value=f"{row.value:.3f}",
        interval=f"[{row.low:.3f}, {row.high:.3f}]",
        spread=f"± {row.seed_std:.3f}" if row.seeds > 1 else "",
        best=best is not None and f"{row.value:.3f}" == f"{best:.3f}",
        mark=mark,
    )


def _column(row, synthesised):
    title = dataset_title(row.dataset, synthesised)
    if row.test_list != "all":
        title += f"{',' if row.dataset in synthesised else ''} {row.test_list}"
    return title, METRIC_TITLES[row.metric]


def _how(row):
    """How a model was evaluated, where it is not the usual way."""
    how = [] if row.protocol == "frozen" else [row.protocol]
    return ", ".join(how + ([] if row.label_fraction == 1 else [f"{row.label_fraction:g} of the labels"]))


def _published(firsts, columns, layouts):
    """Rows of published figures, in the first column of each dataset that has the metric."""
    places = {}
    for column in columns:
        row = firsts[column]
        if row.dataset in layouts:
            places.setdefault((layouts[row.dataset], row.metric), column)
    rows = []
    for system, reference, figures, _ in PUBLISHED:
        known = {places[key]: value for key, value in figures.items() if key in places}
        if known:
            rows.append((system, reference, [f"{known[c]:.3f}" if c in known else MISSING for c in columns]))
    return rows
