"""Sum up the hours of a run's jobs by stage and by model, as measured by Snakemake."""

import csv
import math
from collections import defaultdict
from pathlib import Path

from mscol.estimate.left import REPORT, STAGES
from mscol.pages.elements import code, escape, number, paragraph, section, table


def costs(folder, models):
    """Write the tables of the costs of stages and models.

    Parameters
    ----------
    folder : str or os.PathLike
        ``timings/``: ``{rule}.tsv``, or ``{rule}/...`` with the wildcards of a job in the path.
    models : list of str

    Returns
    -------
    str
        HTML; empty if nothing was measured.
    """
    stages, of_models = defaultdict(list), defaultdict(list)
    for rule, wildcards, seconds, cpu_seconds in _jobs(Path(folder)):
        stages[STAGES.get(rule, REPORT)].append((seconds, cpu_seconds))
        # bass_vocals is a longer name than vocals, which is also a word of its path.
        model = max((model for model in models if model in wildcards), key=len, default=None)
        if model:
            of_models[model].append((seconds, cpu_seconds))
    if not stages:
        return ""
    heads = ["jobs", "hours", "CPU hours"]
    order = [stage for stage in dict.fromkeys([*STAGES.values(), REPORT]) if stage in stages]
    by_stage = [(escape(stage), _cells(stages[stage])) for stage in order]
    total = ("all", _cells([job for jobs in stages.values() for job in jobs]))
    by_model = [(code(model), _cells(of_models[model])) for model in models if of_models[model]]
    return section(
        "costs",
        "Costs",
        table(["stage", *heads], by_stage, [total], label="Cost by stage"),
        table(["model", *heads], by_model, label="Cost by model"),
        paragraph(
            "Hours are the summed run times of the jobs, and CPU hours those of their processor cores, as measured by Snakemake (timings/). Each job counts "
            "once, with its last run. The costs of a model include its pretraining, embeddings, heads and tables, but not the stems and log-mels that models share."
        ),
    )


def _jobs(folder):
    """Yield rule, the words of its path, seconds and CPU seconds (NaN if not measured) of each job."""
    for path in sorted(folder.rglob("*.tsv")):
        parts = path.relative_to(folder).with_suffix("").parts
        words = {*parts[1:], *(part.partition("_")[2] for part in parts[1:])}  # {dataset}_{model}
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                yield parts[0], words, _number(row.get("s")), _number(row.get("cpu_time"))


def _number(text):
    try:
        return float(text)
    except (TypeError, ValueError):  # "-" or "NA" for a job too short to be measured
        return math.nan


def _cells(jobs):
    hours = [
        math.fsum(value for value in values if not math.isnan(value)) / 3600
        for values in zip(*jobs, strict=True)
    ]
    return [
        number(f"{len(jobs):,}"),
        *(number(f"{value:,.3f}" if value < 10 else f"{value:,.1f}") for value in hours),
    ]
