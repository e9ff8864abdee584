"""Synthetic music: songs with true stems, written in the official layouts of the three datasets.

From sound to dataset: `sounds` (waves, noise, bands), `instruments`, `drums`, `lines` (the notes),
`styles` and `composition` (the score), `rendering` (the stems), `excerpts` (clips of songs), and one module per
layout, which can ``plan`` the clips of a split, ``write`` one clip, and ``write_tables``.
Everything is determined by the seed; a clip does not depend on sizes or workers.
"""

from functools import partial

from mscol.errors import ConfigError
from mscol.io.atomic import atomic_path
from mscol.jobs.logs import Progress, timed
from mscol.jobs.parallel import ordered_map
from mscol.synthesis import fma_layout, mtat_layout, nsynth_layout, stem_folders

LAYOUTS = {"mtat": mtat_layout, "nsynth": nsynth_layout, "fma": fma_layout, "stems": stem_folders}


def make_demo_datasets(*, seed, sizes, workers, mtat=None, nsynth=None, fma=None, stems=None):
    """Synthesise the embedded datasets; each is written completely or not at all.

    Parameters
    ----------
    seed : int
        0 or greater.
    sizes : dict
        For each requested dataset, the number of clips of its splits: ``{"mtat": {"train": 96,
        "validation": 16, "test": 32}, ...}``; ``stem_seconds`` is the length of the songs with stems.
    workers : int
        Number of threads.
    mtat, nsynth, fma, stems : str or os.PathLike, optional
        Output folders; only the given ones are written. None depends on another.

    Raises
    ------
    ConfigError
        If ``sizes`` lacks a number, or one is not a whole number of at least 1.
    """
    folders = {"mtat": mtat, "nsynth": nsynth, "fma": fma, "stems": stems}
    wanted = {name: folder for name, folder in folders.items() if folder is not None}
    for name in wanted:
        for split in LAYOUTS[name].SPLITS:
            count = sizes.get(name, {}).get(split)
            if not isinstance(count, int) or count < 1:
                raise ConfigError(f"sizes: {name}: {split}: {count!r} is not a whole number of at least 1")
    for name, folder in wanted.items():
        with timed(f"Making the embedded {name}"), atomic_path(folder) as root:
            _make(LAYOUTS[name], root, seed, sizes, workers)


def _make(layout, root, seed, sizes, workers):
    """Write all clips of a dataset, then its tables.

    NumPy, SciPy and the MP3 encoder take most of the time and release Python's lock. So threads are
    enough, and unlike processes they do not import the calling script again.
    """
    clips = [clip for split in layout.SPLITS for clip in layout.plan(split, sizes, seed)]
    progress, made = Progress("clips", len(clips)), []
    for result in ordered_map(partial(layout.write, root), clips, workers):
        made.append(result)
        progress.step()
    layout.write_tables(root, clips, made)
