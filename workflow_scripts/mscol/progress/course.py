"""How far a run is: the share of its cost that is done, and the time left at the pace of this run."""

from collections import Counter
from dataclasses import dataclass, field

from mscol.progress.standing import Standing, read_standing

# Of the wildcards in the name of a job
_ORDER = ("dataset", "task", "labels", "model", "seed")
# What a job is taken for that no estimate knows
UNKNOWN_SECONDS = 3.0
# Of a job that is not over, at most: what comes after its last count takes time, too
_MOST = 0.95
# Jobs that take longer count what they do: until they do so, nothing is done
_LONG_SECONDS = 60.0
# As if so many seconds of each stage had gone at the pace of the whole run, and of the run at that of the estimate
_TRUST_SECONDS = 10.0
_SECONDS_TO_GO_BY, _SHARE_TO_GO_BY, _SECONDS_THAT_DO = 30.0, 0.05, 600.0


@dataclass(eq=False)
class Job:
    """A job of a run.

    Attributes
    ----------
    rule : str
    wildcards : dict
    log : str or None
    threads, gpus : int
        Which it takes.
    stage : str
        Of the estimate: jobs of a stage are about as much slower or faster than estimated.
    seconds : float
        What it is expected to take, alone.
    machine : float
        The share of the machine that it takes meanwhile.
    """

    rule: str
    wildcards: dict
    log: str | None = None
    threads: int = 1
    gpus: int = 0
    stage: str = ""
    seconds: float = UNKNOWN_SECONDS
    machine: float = 1.0

    @property
    def cost(self):
        """Seconds of the whole machine."""
        return self.seconds * self.machine

    @property
    def name(self):
        """What it is called.

        >>> Job("train_probe", {"model": "mixture", "seed": "1", "dataset": "nsynth", "task": "-pitch"}).name
        'train_probe nsynth-pitch mixture seed 1'
        """
        told = sorted(
            self.wildcards.items(),
            key=lambda entry: _ORDER.index(entry[0]) if entry[0] in _ORDER else len(_ORDER),
        )
        values = [f"seed {value}" if key == "seed" else value for key, value in told]
        return " ".join(filter(None, [self.rule, *values])).replace(" -", "-")

    def price(self, stage, cpu_seconds, gpu_seconds, cores=None, all_gpus=0):
        """Take over what the estimate says: without ``cores``, on a cluster, each job has a machine of its own."""
        on_gpu = self.gpus > 0 and gpu_seconds > 0
        self.stage = stage
        self.seconds = gpu_seconds / self.gpus if on_gpu else cpu_seconds / self.threads
        if cores:
            of_gpus = self.gpus / max(self.gpus, all_gpus, 1)
            self.machine = min(1.0, max(0.0 if on_gpu else self.threads / cores, of_gpus))


@dataclass
class _Running:
    """A job that was started or submitted; ``first`` says since when it is at work, and what share was done before."""

    started: float
    first: tuple[float, float] | None = None
    share: float = 0.0
    standing: Standing = field(default_factory=Standing)
    is_counted: bool = False


class Course:
    """The course of a run.

    Parameters
    ----------
    started : float
        When, s.
    """

    def __init__(self, started):
        self.started = started
        self.jobs, self.done, self.lost = set(), set(), set()
        self.running = {}
        # Cost by stage: all that this run has done, what of it was timed, and what that took
        self._worked, self._expected, self._taken = Counter(), Counter(), Counter()

    def see(self, now, jobs, running, done, lost=()):
        """Take note of what is so now.

        Parameters
        ----------
        now : float
        jobs : iterable of Job
            All that are to run, over or not; those that are over may be missing.
        running, done, lost : iterable of Job
            Started or submitted; over; failed, or never to run because they need one that failed.
        """
        for job in set(done) - self.done:
            self._finish(job, self.running.pop(job, None), now)
        self.jobs, self.lost = set(jobs) | self.done, set(lost)
        running = set(running) - self.done
        self.running = {job: self.running.get(job) or _Running(now) for job in running}
        for job, state in self.running.items():
            self._look_at(job, state, now)

    def _finish(self, job, state, now):
        self.done.add(job)
        first = state.first if state else None
        self._worked[job.stage] += (1 - first[1] if first else 1) * job.cost
        if first:
            self._expected[job.stage] += (1 - first[1]) * job.cost
            self._taken[job.stage] += (now - first[0]) * job.machine

    def _look_at(self, job, state, now):
        standing = read_standing(job.log, state.started)
        if standing is None:
            return
        state.standing, share = standing, standing.share
        if standing.is_resumed:  # what an earlier attempt has done took this run no time
            state.first = now, share
        elif state.first is None:
            state.first = now, 0.0
        state.is_counted |= share is not None
        if not state.is_counted and (job.seconds < _LONG_SECONDS or standing.text):
            share = (now - state.first[0]) / max(job.seconds, 1.0)
        state.share = max(state.share, min(_MOST, share or 0.0))

    @property
    def share(self):
        """The share of the cost that is done, from 0 to 1."""
        whole = sum(job.cost for job in self.jobs)
        done = sum(job.cost for job in self.done) + sum(
            job.cost * state.share for job, state in self.running.items()
        )
        return done / whole if whole else 1.0

    def seconds_left(self, now):
        """The time left, s: as much as there is still to do, by the time that what was done has taken.

        Both are weighed by how much slower or faster than estimated each stage is here. It is never less than the longest job takes.

        Returns
        -------
        float or None
            None where there is not enough to go by.
        """
        elapsed = now - self.started
        if elapsed < _SECONDS_TO_GO_BY or (self.share < _SHARE_TO_GO_BY and elapsed < _SECONDS_THAT_DO):
            return None
        paces = self._paces(now)
        worked = sum(paces(stage) * cost for stage, cost in self._worked.items())
        left = longest = 0.0
        for job in self.jobs - self.done - self.lost:
            pace, state = paces(job.stage), self.running.get(job)
            share, earlier = (state.share, state.first[1] if state.first else 0.0) if state else (0.0, 0.0)
            worked += pace * (share - min(share, earlier)) * job.cost
            left += pace * (1 - share) * job.cost
            longest = max(longest, pace * (1 - share) * job.seconds)
        return max(elapsed * left / worked, longest) if worked else None

    def _paces(self, now):
        """What tells how many times longer than estimated the jobs of a stage take, by those that are over or count what they do."""
        taken, expected = self._taken.copy(), self._expected.copy()
        for job, state in self.running.items():
            if state.is_counted:
                taken[job.stage] += (now - state.first[0]) * job.machine
                expected[job.stage] += (state.share - state.first[1]) * job.cost
        overall = (taken.total() + _TRUST_SECONDS) / (expected.total() + _TRUST_SECONDS)
        return lambda stage: (taken[stage] + _TRUST_SECONDS * overall) / (expected[stage] + _TRUST_SECONDS)
