"""Progress of a run: the share of its cost that is done, and the time left at the pace of this run."""

from collections import Counter
from dataclasses import dataclass, field

from mscol.progress.standing import Standing, read_standing

# Order of wildcards in the name of a job
_ORDER = ("dataset", "task", "labels", "model", "seed")
# Assumed for jobs that are not in the estimate
UNKNOWN_SECONDS = 3.0
# Maximum share of an unfinished job, because the work after its last progress line takes time, too
_MOST = 0.95
# Longer jobs log progress lines; until the first one, nothing counts as done
_LONG_SECONDS = 60.0
# Prior, in seconds of work: each stage starts at the pace of the whole run, and the run at the pace of the estimate
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
        Threads and GPUs that the job uses.
    stage : str
        Stage of the estimate. Jobs of one stage deviate from the estimate by about the same factor.
    seconds : float
        Expected time of the job when it runs alone.
    machine : float
        Share of the machine that the job uses.
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
        """Cost in seconds of the whole machine."""
        return self.seconds * self.machine

    @property
    def name(self):
        """Name of the job for people.

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
        """Set the cost from the estimate; without ``cores`` (on a cluster) each job has its own machine."""
        on_gpu = self.gpus > 0 and gpu_seconds > 0
        self.stage = stage
        self.seconds = gpu_seconds / self.gpus if on_gpu else cpu_seconds / self.threads
        if cores:
            of_gpus = self.gpus / max(self.gpus, all_gpus, 1)
            self.machine = min(1.0, max(0.0 if on_gpu else self.threads / cores, of_gpus))


@dataclass
class _Running:
    """A started or submitted job; ``first`` is the time when its work began and the share that was done by then."""

    started: float
    first: tuple[float, float] | None = None
    share: float = 0.0
    standing: Standing = field(default_factory=Standing)
    is_counted: bool = False


class Course:
    """The course of a run: which jobs are done and how long they took.

    Parameters
    ----------
    started : float
        Start time of the run, s.
    """

    def __init__(self, started):
        self.started = started
        self.jobs, self.done, self.lost = set(), set(), set()
        self.running = {}
        # By stage: cost of all work done in this run, cost of the timed part of it, and the time that part took
        self._worked, self._expected, self._taken = Counter(), Counter(), Counter()

    def see(self, now, jobs, running, done, lost=()):
        """Update the state of all jobs.

        Parameters
        ----------
        now : float
        jobs : iterable of Job
            All jobs of the run. Finished jobs may be missing.
        running, done, lost : iterable of Job
            Jobs that were started or submitted; that are finished; that failed or need a failed job.
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
        if standing.is_resumed:  # work of an earlier attempt took no time in this run
            state.first = now, share
        elif state.first is None:
            state.first = now, 0.0
        state.is_counted |= share is not None
        if not state.is_counted and (job.seconds < _LONG_SECONDS or standing.text):
            share = (now - state.first[0]) / max(job.seconds, 1.0)
        state.share = max(state.share, min(_MOST, share or 0.0))

    @property
    def share(self):
        """Share of the cost that is done, from 0 to 1."""
        whole = sum(job.cost for job in self.jobs)
        done = sum(job.cost for job in self.done) + sum(
            job.cost * state.share for job, state in self.running.items()
        )
        return done / whole if whole else 1.0

    def seconds_left(self, now):
        """Estimate the time left, s: the cost left times the elapsed time per cost done.

        Both costs are weighted by the pace of their stage, relative to the estimate. The result is at least the time left of the
        longest job.

        Returns
        -------
        float or None
            None if too little of the run is done.
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
        """Return a function that gives the pace of a stage: actual over estimated time of its finished and counting jobs."""
        taken, expected = self._taken.copy(), self._expected.copy()
        for job, state in self.running.items():
            if state.is_counted:
                taken[job.stage] += (now - state.first[0]) * job.machine
                expected[job.stage] += (state.share - state.first[1]) * job.cost
        overall = (taken.total() + _TRUST_SECONDS) / (expected.total() + _TRUST_SECONDS)
        return lambda stage: (taken[stage] + _TRUST_SECONDS * overall) / (expected[stage] + _TRUST_SECONDS)
