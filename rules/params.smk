# How rules pass settings and the user's own files to Snakemake as dependencies of their jobs. No rules here.
#
# Snakemake prints each changed parameter before and after, a mapping or a list as a whole. And it compares the set of a
# job's values, so two numbers could swap unnoticed. Hence it gets lines such as "updates: 6", and the value separately.

from mscol.graph.dates import in_future, not_in_future, tell_dates


def told(n_lines=1, **settings):
    """Named params, for ``**``: what a script reads, and the lines by which Snakemake detects changes.

    A setting is a value, or a function of wildcards. The value of a function fills ``n_lines`` lines; the last one takes the
    rest.
    """
    params = {name: untold(value) for name, value in settings.items()}
    for name, value in settings.items():
        lines = lines_of(under(name, value), n_lines)
        params |= {f"{name}_line{number}": line for number, line in enumerate(lines)}
    return params


def untold(value):
    """A function for `params` that Snakemake does not compare, because it takes `input`. Inputs or other params track the value."""
    return lambda wildcards, input: value(wildcards) if callable(value) else value


def under(name, value):
    """A setting under its name: a mapping, or a function of wildcards that returns one."""
    if callable(value):
        return lambda wildcards: {name: value(wildcards)}
    return {name: value}


def lines_of(settings, n_lines=1):
    """Functions for `params`, one a line of settings. Not strings, in which Snakemake would look for wildcards."""
    count = n_lines if callable(settings) else len(config_lines(settings))

    def line(number):
        def told_line(wildcards):
            given = settings(wildcards) if callable(settings) else settings
            end = number + 1 if number < count - 1 else None
            return ", ".join(config_lines(given)[number:end])

        return told_line

    return [line(number) for number in range(count)]


def own(files):
    """A function for `input`: the user's files, except those dated in the future (`later`)."""
    return lambda wildcards: not_in_future(files(wildcards))


def later(files):
    """A function for `params`: the user's files that are dated in the future (mscol.graph.dates explains why)."""
    return lambda wildcards: tell_dates(in_future(files(wildcards)))
