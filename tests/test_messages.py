"""The messages that docs/troubleshooting.md quotes are those of the code."""

import ast
import re
from pathlib import Path

WORKFLOW = Path(__file__).parents[1]
QUOTED = re.compile(r"``(.+?)``|`(.+?)`")

FROM_ELSEWHERE = {
    # the shell and the operating system
    "snakemake: command not found",
    "No space left on device",
    "No such file or directory: 'results/...'",
    # Snakemake and Python
    "Nothing to be done (all requested files are present and up to date).",
    "Directory cannot be locked.",
    "argument --quiet/-q: invalid choice: 'results/...'",
    "cores have to be specified for local execution",
    "No rule to produce ...",
    "Config file is not valid JSON or YAML",
    "Error in rule ...",
    "died with <Signals.SIGKILL: 9>",
    "Missing files after ... seconds",
    "Write-protected output files for rule ...",
    # SLURM, by its plugin for Snakemake
    "SLURM status is: 'TIMEOUT'",
    "'OUT_OF_MEMORY'",
    # NumPy
    "Python objects in dtype",
    "Object arrays cannot be loaded when allow_pickle=False",
}


def test_quoted_messages_are_those_of_the_code():
    code = "\n".join(_messages_of_the_code())
    quoted = set(_quoted_messages((WORKFLOW / "docs" / "troubleshooting.md").read_text(encoding="utf-8")))
    assert len(quoted) > 100
    assert {message for message in quoted if not _pattern(message).search(code)} == FROM_ELSEWHERE


def _quoted_messages(page):
    """Yield what is quoted in the first column of tables whose first column is called message."""
    for table in re.findall(r"^\| message.*\n\|-.*\n((?:\|.*\n)+)", page, re.MULTILINE):
        for row in table.splitlines():
            for quotes in QUOTED.findall(row.split(" | ")[0]):
                yield "".join(quotes)


def _pattern(message):
    """Match a message in one line of code, with anything for ``...``."""
    return re.compile(".*".join(map(re.escape, message.strip(".").split("..."))))


def _messages_of_the_code():
    """Yield the string constants of the Python code, without docstrings, and the text of rules, Makefile and profiles."""
    for path in WORKFLOW.glob("workflow_scripts/**/*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
        yield from (_text(node) for node in nodes if node not in docstrings)
    for path in [WORKFLOW / "Makefile", *WORKFLOW.glob("rules/**/*.smk"), *WORKFLOW.glob("profiles/**/*.sh")]:
        without_comments = re.sub(r"(^|\s)#.*", "", path.read_text(encoding="utf-8"))
        yield re.sub(r'"\s*f?"', "", without_comments)  # strings that continue on the next line


def _text(node):
    """Return the text of a string or f-string, with {} for what is inserted."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    if isinstance(node, ast.FormattedValue):
        return "'{}'" if node.conversion == ord("r") else "{}"
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
