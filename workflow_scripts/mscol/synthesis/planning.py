"""Which songs a dataset is made of, and the one way in which all clips are made."""

from dataclasses import dataclass

import numpy as np

from mscol.jobs.logs import Progress
from mscol.jobs.parallel import ordered_map
from mscol.synthesis.composition import compose
from mscol.synthesis.sounds import generator


@dataclass(frozen=True)
class Excerpt:
    """One clip of one song.

    Attributes
    ----------
    dataset, split : str
    song : int
        Number of the song, counted from 0 within dataset and split.
    style : str
    start_seconds : float
    song_seconds : float
        The least length of the song.
    seed : int
    """

    dataset: str
    split: str
    song: int
    style: str
    start_seconds: float
    song_seconds: float
    seed: int

    def compose(self):
        """The song, the same for all of its excerpts."""
        return compose(self.style, self.song_seconds, self.seed, self.dataset, self.split, self.song)


def style_of(styles, song, *seed):
    """The style of the song-th song: every run of ``len(styles)`` songs has each style once, shuffled.

    It depends on the number of the song and the seed alone, so that a larger dataset begins with
    the songs of a smaller one.
    """
    cycle, place = divmod(song, len(styles))
    return styles[generator(*seed, "styles", cycle).permutation(len(styles))[place]]


def make_all(function, jobs, workers, what):
    """Call ``function`` for each job on threads and say how far it is.

    The time goes into NumPy, SciPy and the mp3 encoder, which let go of Python's lock: threads are
    enough, and unlike processes they do not import the calling script again.

    Returns
    -------
    list
        The results in the order of the jobs.
    """
    progress, results = Progress(what, len(jobs)), []
    for result in ordered_map(function, jobs, workers):
        results.append(result)
        progress.step()
    return results


def mixture_of(stems):
    """The sum of the stems, shape ``(n_samples, channels)``."""
    return np.sum(list(stems.values()), axis=0, dtype=np.float32)
