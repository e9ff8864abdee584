# How rules tell Snakemake what their jobs depend on besides what jobs made: settings, and files of the user's own. No rules here.
#
# Snakemake prints each parameter that changed, before and now: of a mapping or a list all of it. And it compares the set of a job's
# values, so that two numbers may trade places unnoticed. So it is given lines, "updates: 6", and the value itself besides.

from mscol.graph.dates import in_future, not_in_future, tell_dates


def told(n_lines=1, **settings):
    """Named params, for ``**``: what a script reads, and beside it the lines by which Snakemake tells changes.

    A setting is a value, or a function of wildcards; of what a function gives there may be ``n_lines`` lines (the last
    one takes what is left).
    """
    params = {name: untold(value) for name, value in settings.items()}
    for name, value in settings.items():
        lines = lines_of(under(name, value), n_lines)
        params |= {f"{name}_line{number}": line for number, line in enumerate(lines)}
    return params


def untold(value):
    """A function for `params` of what inputs or other params tell: Snakemake leaves functions of `input` out of what it compares."""
    return lambda wildcards, input: value(wildcards) if callable(value) else value


def under(name, value):
    """A setting by its name: a mapping, or a function of wildcards that gives one."""
    if callable(value):
        return lambda wildcards: {name: value(wildcards)}
    return {name: value}


def lines_of(settings, n_lines=1):
    """Functions for `params`, one a line of settings. No texts, in which Snakemake would look for wildcards."""
    count = n_lines if callable(settings) else len(config_lines(settings))

    def line(number):
        def told_line(wildcards):
            given = settings(wildcards) if callable(settings) else settings
            end = number + 1 if number < count - 1 else None
            return ", ".join(config_lines(given)[number:end])

        return told_line

    return [line(number) for number in range(count)]


def own(files):
    """A function for `input` of files that the user brings: without those dated in the future, which `later` tells."""
    return lambda wildcards: not_in_future(files(wildcards))


def later(files):
    """A function for `params`: which of the files that the user brings are dated in the future (mscol.graph.dates says why)."""
    return lambda wildcards: tell_dates(in_future(files(wildcards)))
