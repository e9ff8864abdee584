"""Pages: the summary as Markdown to read, as LaTeX to print, and as HTML for the report.

`lay_out` says what stands where, once for all three: models as rows, metrics of datasets as columns.
"""

import html
from dataclasses import dataclass

import numpy as np

from mscol.metrics.bootstrap import LEVEL
from mscol.tables.published import PUBLISHED

METRIC_TITLES = {"roc_auc": "ROC-AUC", "pr_auc": "PR-AUC", "accuracy": "accuracy", "macro_f1": "macro-F1"}
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
    """

    columns: list
    blocks: list
    chance: list
    published: list
    reference: str
    n_seeds: int
    n_test: float
    n_tagged: float


def lay_out(rows, layouts):
    """Lay a summary out.

    Parameters
    ----------
    rows : pd.DataFrame
        As in the csv that `summarise_results` writes.
    layouts : dict
        The layout of each dataset.

    Returns
    -------
    Page
    """
    rows = rows.assign(
        column=[_column(row) for row in rows.itertuples()],
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
        published=_published(firsts, columns, layouts),
        reference=references[0] if len(references) else "",
        n_seeds=int(rows["seeds"].max()),
        n_test=rows["n_test"].min(),
        n_tagged=rows.loc[rows["metric"] == "pr_auc", "n_test"].to_numpy(float).min(initial=np.inf),
    )


def to_markdown(page):
    """Write a page as Markdown."""
    titles = [" ".join(column) for column in page.columns]
    table = [["model", *titles], ["---", *["---:"] * len(titles)]]
    for model, how, cells in _lines(page):
        table.append([f"`{model}`" + (f" ({how})" if how else ""), *map(_markdown_cell, cells)])
    table.append(["chance", *page.chance])
    parts = ["# Results", _markdown_table(table), f"How to read it: {explain(page)} {_files(page)}"]
    if page.published:
        shown = _columns_with_figures(page)
        rows = [
            ["system", "described in", *(titles[n] for n in shown)],
            ["---", "---", *["---:"] * len(shown)],
        ]
        rows += [[system, told, *(figures[n] for n in shown)] for system, told, figures in page.published]
        parts += [f"## {PUBLISHED_TITLE}", PUBLISHED_NOTE.capitalize(), _markdown_table(rows)]
    return "\n\n".join(parts) + "\n"


def to_latex(page):
    """Write a page as a LaTeX table, no wider than the text; it needs booktabs, amssymb and graphicx."""
    width = len(page.columns) + 1
    groups = list(dict.fromkeys(name for name, _ in page.columns))
    spans = [sum(name == group for name, _ in page.columns) for group in groups]
    ends = np.cumsum(spans) + 1
    head = " & ".join(
        ["", *(rf"\multicolumn{{{n}}}{{c}}{{{_tex(g)}}}" for g, n in zip(groups, spans, strict=True))]
    )
    rules = " ".join(rf"\cmidrule(lr){{{end - n + 1}-{end}}}" for n, end in zip(spans, ends, strict=True))
    lines = [
        head + r" \\",
        rules,
        " & ".join(["model", *(_tex(metric) for _, metric in page.columns)]) + r" \\",
    ]
    for block in page.blocks:
        lines.append(r"\midrule")
        if block[0][1]:
            lines.append(rf"\multicolumn{{{width}}}{{l}}{{\emph{{{_tex(block[0][1])}}}}} \\")
        for model, _, cells in block:
            lines.append(" & ".join([rf"\texttt{{{_tex(model)}}}", *map(_latex_cell, cells)]) + r" \\")
            if any(cell.interval for cell in cells):
                small = (rf"{{\scriptsize {cell.interval}}}" if cell.interval else "" for cell in cells)
                lines.append(" & ".join(["", *small]) + r" \\")
    lines += [r"\midrule", " & ".join(["chance", *page.chance]) + r" \\"]
    if page.published:
        lines += [r"\midrule", rf"\multicolumn{{{width}}}{{l}}{{\emph{{{PUBLISHED_TITLE}}}}} \\"]
        lines += [
            " & ".join([_tex(system), *map(_tex, figures)]) + r" \\" for system, _, figures in page.published
        ]
    note = _tex(explain(page) + (f" {PUBLISHED_TITLE}: {PUBLISHED_NOTE}" if page.published else ""))
    return _LATEX_PAGE.format(columns="l" + "r" * len(page.columns), rows="\n".join(lines), note=note)


def to_html(page):
    """Write a page as HTML that needs no other file."""
    heads = [f"<th>{html.escape(name)}<br>{html.escape(metric)}</th>" for name, metric in page.columns]
    body = []
    for block in page.blocks:
        for model, how, cells in block:
            title = f"<code>{html.escape(model)}</code>" + (
                f"<br><small>{html.escape(how)}</small>" if how else ""
            )
            body.append(f"<tr><th>{title}</th>{''.join(map(_html_cell, cells))}</tr>")
    chance = "".join(f"<td>{value}</td>" for value in page.chance)
    body.append(f'<tr class="chance"><th>chance</th>{chance}</tr>')
    published = ""
    if page.published:
        shown = _columns_with_figures(page)
        rows = "".join(
            f"<tr><th>{html.escape(system)}<br><small>{html.escape(told)}</small></th>"
            + "".join(f"<td>{figures[n]}</td>" for n in shown)
            + "</tr>"
            for system, told, figures in page.published
        )
        published = (
            f"<h2>{PUBLISHED_TITLE}</h2><p>{html.escape(PUBLISHED_NOTE.capitalize())}</p><table><thead><tr><th>system</th>"
            f"{''.join(heads[n] for n in shown)}</tr></thead><tbody>{rows}</tbody></table>"
        )
    return _HTML_PAGE.format(
        heads="".join(heads),
        body="\n".join(body),
        note=html.escape(f"{explain(page)} {_files(page)}"),
        published=published,
    )


PAGES = {".md": to_markdown, ".tex": to_latex, ".html": to_html}


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


PUBLISHED_TITLE = "Published figures of other systems"
PUBLISHED_NOTE = (
    "for context only, and no results of this workflow; as reported by their authors, on the full datasets and by "
    "protocols that differ from each other and from ours."
)

_LATEX_PAGE = r"""% Needs \usepackage{{booktabs,amssymb,graphicx}}
\begin{{table*}}
\centering
\small
\setlength{{\tabcolsep}}{{3.5pt}}
% Made smaller only where it is wider than the text
\resizebox{{\ifdim\width>\textwidth\textwidth\else\width\fi}}{{!}}{{%
\begin{{tabular}}{{{columns}}}
\toprule
{rows}
\bottomrule
\end{{tabular}}}}
\caption{{{note}}}
\label{{tab:results}}
\end{{table*}}
"""

_HTML_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Results</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2em; color: #222; }}
table {{ border-collapse: collapse; margin: 1em 0; }}
th, td {{ padding: .35em .5em; text-align: right; border-bottom: 1px solid #ddd; vertical-align: top; }}
thead th {{ border-bottom: 2px solid #222; }}
th:first-child {{ text-align: left; font-weight: normal; }}
small {{ color: #666; white-space: nowrap; }}
.best {{ font-weight: bold; }}
.chance {{ color: #666; }}
p {{ max-width: 60em; }}
</style>
</head>
<body>
<h1>Results</h1>
<table><thead><tr><th>model</th>{heads}</tr></thead>
<tbody>
{body}
</tbody></table>
<p>{note}</p>
{published}
</body>
</html>
"""


def _files(page):
    differences = ", every difference in results/comparisons.csv" if page.reference else ""
    return f"Every number is in results/summary.csv{differences}; results/per_class/ has tags and classes."


def _columns_with_figures(page):
    """The numbers of the columns for which another system has published a figure."""
    return [
        number
        for number in range(len(page.columns))
        if any(figures[number] != MISSING for _, _, figures in page.published)
    ]


def _lines(page):
    return [line for block in page.blocks for line in block]


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


def _markdown_cell(cell):
    value = f"**{cell.value}**" if cell.best else cell.value
    value += {"higher": " ▲", "lower": " ▼", "": ""}[cell.mark]
    return " ".join(part for part in (value, cell.spread, cell.interval) if part)


def _latex_cell(cell):
    value = rf"\textbf{{{cell.value}}}" if cell.best else cell.value.replace(MISSING, "--")
    value += {"higher": r"$^{\blacktriangle}$", "lower": r"$^{\blacktriangledown}$", "": ""}[cell.mark]
    return value + (rf" {{\scriptsize $\pm$ {cell.spread.removeprefix('± ')}}}" if cell.spread else "")


def _html_cell(cell):
    value = html.escape(cell.value) + {"higher": " ▲", "lower": " ▼", "": ""}[cell.mark]
    small = " ".join(part for part in (cell.spread, cell.interval) if part)
    kind = ' class="best"' if cell.best else ""
    return f"<td{kind}>{value}" + (f"<br><small>{small}</small>" if small else "") + "</td>"


def _markdown_table(rows):
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _tex(text):
    escaped = {"_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "±": r"$\pm$", "–": "--", "<": "$<$",
               "▲": r"$\blacktriangle$", "▼": r"$\blacktriangledown$"}  # fmt: skip
    return "".join(escaped.get(character, character) for character in text)


def _column(row):
    test_list = "" if row.test_list == "all" else f" {row.test_list}"
    return f"{row.dataset}{test_list}", METRIC_TITLES[row.metric]


def _how(row):
    """How a model was evaluated, where it is not the usual way."""
    how = [] if row.protocol == "frozen" else [row.protocol]
    return ", ".join(how + ([] if row.label_fraction == 1 else [f"{row.label_fraction:g} of the labels"]))


def _published(firsts, columns, layouts):
    """Rows of published figures, in the first column of each dataset that has the metric."""
    places = {}
    for column in columns:
        row = firsts[column]
        places.setdefault((layouts.get(row.dataset), row.metric), column)
    rows = []
    for system, reference, figures in PUBLISHED:
        known = {places[key]: value for key, value in figures.items() if key in places}
        if known:
            rows.append((system, reference, [f"{known[c]:.3f}" if c in known else MISSING for c in columns]))
    return rows
