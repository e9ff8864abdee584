"""The course of a run in words: one line, or the table of what runs."""

_MOST_JOBS = 3


def tell_line(course, now):
    """Say how far a run is, on one line.

    Parameters
    ----------
    course : Course
    now : float

    Returns
    -------
    str
        Such as "38 % done, about 4 minutes left. pretrain_encoder mixture seed 1: 60 of 150 updates, loss 2.31".
    """
    told = [f"{name}: {text}" if text else name for name, _, text in running_jobs(course, now)]
    more = len(told) - _MOST_JOBS
    jobs = "; ".join(told[:_MOST_JOBS]) + (f"; {more} more" if more > 0 else "")
    return f"{tell_share(course, now)}.{' ' if jobs else ''}{jobs}"


def tell_share(course, now):
    """Say how much is done, the time left, and what failed."""
    left = course.seconds_left(now)
    # Jobs that failed, and those that need them, are never done.
    return (
        f"{int(100 * course.share)} % done"
        + (f", about {rough_time(left)} left" if left is not None else "")
        + (f"; {tell_lost(len(course.lost))}" if course.lost else "")
    )


def tell_lost(n_jobs):
    """Say how many jobs will not be done in this run."""
    return "1 job failed" if n_jobs == 1 else f"{n_jobs} jobs failed or need one that did"


def running_jobs(course, now):
    """List what runs, the longest first, and before it what says where it stands.

    Returns
    -------
    list of (str, float, str)
        Name, seconds since it was started or submitted, where it stands.
    """
    running = sorted(
        course.running.items(),
        key=lambda entry: (not entry[1].standing.text, -entry[0].seconds, entry[0].name),
    )
    return [(job.name, now - state.started, state.standing.text) for job, state in running]


def rough_time(seconds):
    """Seconds as a person says them who does not know exactly.

    >>> [rough_time(seconds) for seconds in (12, 100, 5000, 20000, 80000, 300000)]
    ['a minute', '2 minutes', '83 minutes', '5.6 hours', '22 hours', '3.5 days']
    """
    minutes, hours = seconds / 60, seconds / 3600
    if minutes < 1.5:
        return "a minute"
    if minutes < 90:
        return f"{minutes:.0f} minutes"
    if hours < 48:
        return f"{hours:.1f} hours" if hours < 9.95 else f"{hours:.0f} hours"
    return f"{hours / 24:.1f} days"
