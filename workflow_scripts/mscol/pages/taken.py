"""Describe the time and energy of making a model, for its card."""

from pathlib import Path

import pandas as pd

from mscol.jobs.energy import RAPL, SMI

_WHOSE = {
    RAPL: "the processors of its machine, including other work (RAPL)",
    SMI: "its GPUs (power from nvidia-smi, summed over time)",
}


def tell_taken(run, timings):
    """Describe the cost of a model: pretraining from its own measurement, other jobs from Snakemake's.

    Parameters
    ----------
    run : dict
        run.json.
    timings : dict of str to list of str
        Description of jobs -> patterns of Snakemake's benchmark files of these jobs.

    Returns
    -------
    str
        Sentences and a table of the hours of jobs.
    """
    hours = {what: _hours_of_jobs(patterns) for what, patterns in timings.items()}
    rows = [
        f"| {what} | {jobs:,} | {_hours(3600 * sum_of)} |" for what, (jobs, sum_of) in hours.items() if jobs
    ]
    table = ["| other work | jobs | hours |", "|---|---:|---:|", *rows] if rows else []
    return "\n".join([_pretraining(run), "", *table]).strip()


def _pretraining(run):
    """
    >>> _pretraining({"wall_seconds": 4680, "model": "bass", "device": "CPU", "framework_threads": 2, "processor": "EPYC",
    ...               "energy_joules": None})
    'Pretraining took 1.3 hours on 2 cores of EPYC. Energy was not measured: the machine does not report it.'
    """
    if run.get("wall_seconds") is None or "energy_joules" not in run:
        return (
            "It was not pretrained here."
            if "checkpoint" in run
            else "The time and energy of pretraining were not measured."
        )
    return f"Pretraining took {_hours(run['wall_seconds'])} hours on {_machine(run)}. {_energy(run['energy_joules'])}"


def _machine(run):
    if run.get("device", "CPU") == "CPU":
        threads = run["framework_threads"]
        return f"{threads} core{'s' * (threads > 1)} of {run['processor']}"
    number = run.get("n_devices", 1)
    return f"{number} × {run['device']}" if number > 1 else f"one {run['device']}"


def _energy(joules):
    """
    >>> _energy({"RAPL": 180_000.0, "nvidia-smi": 3_600_000.0})
    'It took 1.05 kWh: 0.05 by the processors of its machine, including other work (RAPL), 1 by its GPUs (power from nvidia-smi, summed over time).'
    """
    if not joules:
        return "Energy was not measured: the machine does not report it."
    parts = ", ".join(f"{_kwh(value)} by {_WHOSE[name]}" for name, value in joules.items())
    return f"It took {_kwh(sum(joules.values()))} kWh: {parts}."


def _kwh(joules):
    return f"{joules / 3.6e6:.3g}"


def _hours(seconds):
    """
    >>> _hours(4680), _hours(75), _hours(864_000)
    ('1.3', '0.021', '240')
    """
    hours = seconds / 3600
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.2g}"


def _hours_of_jobs(patterns):
    """Return the number of jobs with a measured time, and the sum in hours."""
    files = [file for pattern in patterns for file in sorted(Path().glob(pattern))]
    seconds = [pd.read_csv(file, sep="\t")["s"].sum() for file in files]
    return len(files), sum(seconds) / 3600
