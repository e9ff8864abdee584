"""Format an estimate as text."""

from mscol.estimate.costs import estimate
from mscol.estimate.left import estimate_jobs

HEADER = ("stage", "jobs", "CPU hours", "or GPU hours", "GB kept", "GB at most")


def estimate_table(run, cores):
    """Format an estimate as an aligned table, with its assumptions.

    Parameters
    ----------
    run : Run
    cores : int
        Cores of the machine, for the shortest possible time of the run.

    Returns
    -------
    str
        Lines of text with a final newline.
    """
    costs = estimate(run)
    lines = ["Cost of this run, if nothing exists yet", "", *_about_sizes(run), ""]
    lines += [*_aligned(_rows(costs)), "", *_notes(run, costs, cores)]
    return "\n".join(lines) + "\n"


def left_table(run, left, at_most, needed, what, cores):
    """Format the cost of the jobs that are left as a table, with the total cost.

    Parameters
    ----------
    run : Run
    left : list of (str, dict)
        Rule and wildcards of the jobs to run.
    at_most : list of (str, dict)
        The same, plus jobs that may become out of date once a manifest is rewritten.
    needed : list of (str, dict)
        All jobs, finished or not.
    what : str
        Name of the result of these jobs, for people.
    cores : int

    Returns
    -------
    str
        Lines of text with a final newline.
    """
    costs = estimate_jobs(run, left)
    lines = [f"What is left to do of {what}", ""]
    if left:
        n_trained = sum(rule == "pretrain_encoder" for rule, _ in left)
        lines += [*_aligned(_rows(costs)), "", f"Left: {_jobs_and_hours(run, left)}."]
        lines.append(_shortest(run, costs, cores, n_trained))
    else:
        lines += ["Nothing.", ""]
    if len(at_most) > len(left):
        lines.append(
            f"With all jobs that may follow once the manifests are rewritten: {_jobs_and_hours(run, at_most)}."
        )
    lines.append(f"Total from the start: {_jobs_and_hours(run, needed)}.")
    return "\n".join(lines) + "\n"


def _rows(costs):
    """Return the cells of a table: the header, one row per stage, and the sums."""
    rows = [
        (cost.stage, f"{cost.jobs:,}", _hours(cost.cpu_seconds), _hours(cost.gpu_seconds) if cost.gpu_seconds else "",
         _gigabytes(cost.kept_bytes), _gigabytes(cost.kept_bytes + cost.passing_bytes))
        for cost in costs
    ]  # fmt: skip
    kept, passing = sum(cost.kept_bytes for cost in costs), sum(cost.passing_bytes for cost in costs)
    cpu, gpu = sum(cost.cpu_seconds for cost in costs), sum(cost.gpu_seconds for cost in costs)
    jobs = f"{sum(cost.jobs for cost in costs):,}"
    total = (
        "all",
        jobs,
        _hours(cpu),
        _hours(gpu) if gpu else "",
        _gigabytes(kept),
        _gigabytes(kept + passing),
    )
    return [HEADER, *rows, total]


def _jobs_and_hours(run, jobs):
    """Format jobs and their hours: "1,525 jobs, 6,194 CPU hours, or 9.0 GPU hours and 24.7 CPU hours"."""
    costs = estimate_jobs(run, jobs)
    cpu, gpu = sum(cost.cpu_seconds for cost in costs), sum(cost.gpu_seconds for cost in costs)
    without = sum(cost.cpu_seconds for cost in costs if not cost.gpu_seconds)
    on_gpu = f", or {_hours(gpu)} GPU hours and {_hours(without)} CPU hours" if gpu else ""
    return f"{len(jobs):,} job{'' if len(jobs) == 1 else 's'}, {_hours(cpu)} CPU hours{on_gpu}"


def _about_sizes(run):
    for name, size in run.sizes.items():
        clips = ", ".join(f"{count:,} {split}" for split, count in size.clips.items())
        yield f"{name}: {clips}; {size.seconds / 3600:,.1f} hours of audio (from {size.source})."


def _notes(run, costs, cores):
    on_gpu = [cost for cost in costs if cost.gpu_seconds]
    left = sum(cost.cpu_seconds for cost in costs if not cost.gpu_seconds)
    yield f"CPU hours are hours of one core, measured on {run.rates['machine']}."
    if on_gpu:
        gpu = _hours(sum(cost.gpu_seconds for cost in on_gpu))
        yield (
            f"With a GPU, measured on {run.rates['gpu']['machine']}: {gpu} GPU hours, plus {_hours(left)} CPU hours for "
            "the stages that use no GPU."
        )
    yield _shortest(run, costs, cores, run.n_seeds * sum(model.trained for model in run.models))
    yield from _what_more_costs(run)
    yield "Heads and finetuning are counted with all their epochs. Disk space of your datasets is not included."
    if run.separates and run.settings["separation"]["callable"]:
        yield "The cost of the separator function (separation/callable) is unknown. It is assumed to be as fast as Open-Unmix umxl."
    if run.needs_stems:
        yield f"GB at most includes the stems of {run.shards_in_flight} shards (mono) on disk at a time."


def _what_more_costs(run):
    """Return the cost of another seed and another head, from which intervals and tests learn how much training varies."""
    seeds, n_heads = run.settings["seeds"], run.settings["evaluation"]["heads_per_encoder"]
    if any(not model.callable for model in run.models):
        yield f"One more seed of every encoder would cost {_added(run, seeds=[*seeds, max(seeds) + 1])} more."
    if "frozen" in run.settings["evaluation"]["protocols"]:
        more = _added(run, evaluation={"heads_per_encoder": n_heads + 1})
        yield f"One more head on every encoder (evaluation/heads_per_encoder) would cost {more} more."


def _added(run, **settings):
    """Format the additional cost of other settings."""
    now, then = estimate(run), estimate(run.with_more(**settings))
    cpu, gpu, without = (
        sum(map(hours, then)) - sum(map(hours, now))
        for hours in (
            lambda cost: cost.cpu_seconds,
            lambda cost: cost.gpu_seconds,
            lambda cost: 0 if cost.gpu_seconds else cost.cpu_seconds,
        )
    )
    on_gpu = f", or {_hours(gpu)} GPU hours and {_hours(without)} CPU hours" if gpu else ""
    return f"{_hours(cpu)} CPU hours{on_gpu}"


def _shortest(run, costs, cores, n_trained):
    """Format the shortest possible time on some cores; one pretraining uses a fixed number of threads."""
    all_cores = sum(cost.cpu_seconds for cost in costs) / cores
    pretraining = sum(cost.cpu_seconds for cost in costs if cost.stage == "pretraining")
    longest = pretraining / max(n_trained, 1) / run.settings["framework_threads"]
    why = "with all cores busy" if all_cores >= longest else "the time of one pretraining"
    return f"Time on {cores} cores without a GPU: at least {_hours(max(all_cores, longest))} hours ({why})."


def _aligned(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        if number in (1, len(rows) - 1):
            yield "  ".join("-" * width for width in widths)
        yield "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        ).rstrip()


def _hours(seconds):
    hours = seconds / 3600
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.1f}" if hours >= 1 else f"{hours:.2f}"


def _gigabytes(size):
    gigabytes = size / 1e9
    return (
        f"{gigabytes:,.0f}"
        if gigabytes >= 100
        else f"{gigabytes:.1f}"
        if gigabytes >= 1
        else f"{gigabytes:.2f}"
    )
