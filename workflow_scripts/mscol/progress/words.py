"""Format the progress of a run: one line, or a list of the running jobs."""

_MOST_JOBS = 3


def tell_line(course, now):
    """Format the progress of a run as one line.

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
    """Format the share that is done, the time left and the number of failed jobs."""
    left = course.seconds_left(now)
    # Failed jobs, and jobs that need them, never count as done.
    return (
        f"{int(100 * course.share)} % done"
        + (f", about {rough_time(left)} left" if left is not None else "")
        + (f"; {tell_lost(len(course.lost))}" if course.lost else "")
    )


def tell_lost(n_jobs):
    """Format the number of jobs that this run cannot do."""
    return "1 job failed" if n_jobs == 1 else f"{n_jobs} jobs failed or need one that did"


def running_jobs(course, now):
    """List the running jobs: first those with a progress line, then by expected time, the longest first.

    Returns
    -------
    list of (str, float, str)
        Name, seconds since the job was started or submitted, progress.
    """
    running = sorted(
        course.running.items(),
        key=lambda entry: (not entry[1].standing.text, -entry[0].seconds, entry[0].name),
    )
    return [(job.name, now - state.started, state.standing.text) for job, state in running]


def rough_time(seconds):
    """Format a rough time.

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
