"""The page of results as a LaTeX table."""

import numpy as np

from mscol.pages.layout import MISSING, explain_published
from mscol.pages.published import TITLE

_NEEDS = r"% Needs \usepackage{booktabs,amssymb,graphicx}"
_LATEX_TABLE = r"""\begin{{table*}}
\centering
\small
\setlength{{\tabcolsep}}{{3.5pt}}
% Scaled down only if it is wider than the text
\resizebox{{\ifdim\width>\textwidth\textwidth\else\width\fi}}{{!}}{{%
\begin{{tabular}}{{{columns}}}
\toprule
{rows}
\bottomrule
\end{{tabular}}}}
\caption{{{note}}}
\label{{tab:{label}}}
\end{{table*}}
"""


def to_latex(page):
    """Write a page as LaTeX tables no wider than the text. They need the packages booktabs, amssymb and graphicx."""
    first, *others = page.tables
    note = " ".join([*page.notes, page.explanation])
    published = []
    if page.published:
        note += f" {TITLE}: {explain_published(page)}"
        published = [r"\midrule", rf"\multicolumn{{{len(first.columns) + 1}}}{{l}}{{\emph{{{TITLE}}}}} \\"]
        published += [
            " & ".join([_tex(system), *map(_tex, figures)]) + r" \\" for system, _, figures in page.published
        ]
    tables = [_latex_table(first, published, note, "results")]
    for number, table in enumerate(others, 2):
        tables.append(
            _latex_table(table, [], f"{table.title}. Read it like the first table.", f"results{number}")
        )
    return "\n".join([_NEEDS, *tables])


def _latex_table(table, below, note, label):
    width = len(table.columns) + 1
    groups = list(dict.fromkeys(name for name, _ in table.columns))
    spans = [sum(name == group for name, _ in table.columns) for group in groups]
    ends = np.cumsum(spans) + 1
    head = " & ".join(
        ["", *(rf"\multicolumn{{{n}}}{{c}}{{{_tex(g)}}}" for g, n in zip(groups, spans, strict=True))]
    )
    rules = " ".join(rf"\cmidrule(lr){{{end - n + 1}-{end}}}" for n, end in zip(spans, ends, strict=True))
    lines = [
        head + r" \\",
        rules,
        " & ".join(["model", *(_tex(metric) for _, metric in table.columns)]) + r" \\",
    ]
    for block in table.blocks:
        lines.append(r"\midrule")
        if block[0][1]:
            lines.append(rf"\multicolumn{{{width}}}{{l}}{{\emph{{{_tex(block[0][1])}}}}} \\")
        for model, _, cells in block:
            lines.append(" & ".join([rf"\texttt{{{_tex(model)}}}", *map(_latex_cell, cells)]) + r" \\")
            if any(cell.interval for cell in cells):
                small = (rf"{{\scriptsize {cell.interval}}}" if cell.interval else "" for cell in cells)
                lines.append(" & ".join(["", *small]) + r" \\")
    lines += [r"\midrule", " & ".join(["chance", *table.chance]) + r" \\", *below]
    return _LATEX_TABLE.format(
        columns="l" + "r" * len(table.columns), rows="\n".join(lines), note=_tex(note), label=label
    )


def _latex_cell(cell):
    value = rf"\textbf{{{cell.value}}}" if cell.best else cell.value.replace(MISSING, "--")
    value += {"higher": r"$^{\blacktriangle}$", "lower": r"$^{\blacktriangledown}$", "": ""}[cell.mark]
    return value + (rf" {{\scriptsize $\pm$ {cell.spread.removeprefix('± ')}}}" if cell.spread else "")


def _tex(text):
    r"""Escape a text for LaTeX.

    >>> print(_tex(r"a$b_{c} d\e^2 ~ 5 %"))
    a\$b\_\{c\} d\textbackslash{}e\textasciicircum{}2 \textasciitilde{} 5 \%
    """
    escaped = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
               "_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "±": r"$\pm$", "–": "--", "<": "$<$",
               "▲": r"$\blacktriangle$", "▼": r"$\blacktriangledown$", "↓": r"$\downarrow$"}  # fmt: skip
    return "".join(escaped.get(character, character) for character in text)
