"""Artist similarity: given a clip of an artist, find another clip of the same artist among clips of fifty artists.

This follows the authors of CVSM (arXiv 2510.03025), with one difference. They allow the two clips to be slices of one clip,
which makes the task trivial for that artist; here they come from two recordings.
"""

from typing import NamedTuple

import numpy as np

N_EPISODES, MOST_ARTISTS = 100, 50


class Episodes(NamedTuple):
    """Queries and results of E episodes with n artists each.

    Attributes
    ----------
    artists : np.ndarray of str, shape=(n_artists,)
        All artists with clips of at least two recordings.
    drawn : np.ndarray of int, shape=(E, n)
        Indices of the drawn artists.
    ranks : np.ndarray, shape=(E, n), float32
        Rank of the right candidate among n, for each query; 0 is best, and candidates of equal similarity share a rank.
    right, wrong : np.ndarray, shape=(E, n), float32
        Similarity of each query to the candidate of its own artist, and to that of the artist n / 2 places further on.
    """

    artists: np.ndarray
    drawn: np.ndarray
    ranks: np.ndarray
    right: np.ndarray
    wrong: np.ndarray


def play_episodes(embeddings, artists, recordings, seed=0):
    """Draw artists and two clips of each, and rank the clips.

    Parameters
    ----------
    embeddings : np.ndarray, shape=(n_clips, D), float32
        Of length 1, not centred.
    artists : np.ndarray of str, shape=(n_clips,)
        "" for an unknown artist.
    recordings : np.ndarray of int, shape=(n_clips,)
    seed : int
        The same for all encoders, so that they get the same queries.

    Returns
    -------
    Episodes
        Empty if fewer than two artists have clips of two recordings.
    """
    clips_of = {
        artist: np.flatnonzero(artists == artist) for artist in np.unique(artists[artists != ""]).tolist()
    }
    clips_of = {artist: clips for artist, clips in clips_of.items() if len(np.unique(recordings[clips])) > 1}
    names = np.array(list(clips_of), np.str_)
    n_drawn = min(MOST_ARTISTS, len(names))
    if n_drawn < 2:
        return Episodes(names, np.empty((0, n_drawn), int), *np.empty((3, 0, n_drawn), np.float32))
    sizes = np.array([len(clips) for clips in clips_of.values()])
    generator = np.random.default_rng(seed)
    played = [
        _play(embeddings, list(clips_of.values()), sizes, recordings, n_drawn, generator)
        for _ in range(N_EPISODES)
    ]
    return Episodes(names, *map(np.stack, zip(*played, strict=True)))


def _play(embeddings, clips_of, sizes, recordings, n_drawn, generator):
    drawn = generator.choice(len(sizes), n_drawn, replace=False, p=sizes / sizes.sum())
    pairs = np.array([_two_recordings(clips_of[artist], recordings, generator) for artist in drawn])
    similarities = embeddings[pairs[:, 0]] @ embeddings[pairs[:, 1]].T
    places = np.arange(n_drawn)
    right = similarities[places, places]
    ahead, alike = (similarities > right[:, None]).sum(axis=1), (similarities == right[:, None]).sum(axis=1)
    return (
        drawn,
        (ahead + (alike - 1) / 2).astype(np.float32),
        right,
        similarities[places, (places + n_drawn // 2) % n_drawn],
    )


def _two_recordings(clips, recordings, generator):
    """Draw two clips of an artist from different recordings, in random order."""
    first = generator.choice(clips)
    return first, generator.choice(clips[recordings[clips] != recordings[first]])
