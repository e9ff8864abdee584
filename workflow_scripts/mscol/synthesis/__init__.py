"""The synthetic music: songs with true stems, written in the official layouts of the three datasets.

From sound to dataset: `sounds` (partials, noise, filters), `recipes` and `instruments`, `voice`, `drums`,
`styles`, `lines` and `composition` (the score), `rendering` (the stems), `tags`, and one module a layout.
Everything follows from the seed; a clip is the same whatever the sizes and the number of workers are.
"""

from mscol.errors import ConfigError
from mscol.jobs.logs import timed
from mscol.synthesis.fma_layout import make_fma
from mscol.synthesis.mtat_layout import make_mtat
from mscol.synthesis.nsynth_layout import make_nsynth
from mscol.synthesis.stem_folders import make_stems

SPLITS = {"mtat": ("train", "validation", "test"), "nsynth": ("train", "validation", "test"),
          "fma": ("train", "validation", "test"), "stems": ("train", "test")}  # fmt: skip
STEM_SECONDS = 10.0


def make_demo_datasets(*, seed, sizes, workers, mtat=None, nsynth=None, fma=None, stems=None):
    """Make the embedded datasets; each appears whole or not at all.

    Parameters
    ----------
    seed : int
        0 or greater.
    sizes : dict
        For each dataset that is asked for, the clips of its splits: ``{"mtat": {"train": 96,
        "validation": 16, "test": 32}, ..., "stems": {"train": 24, "test": 6}}``. A key ``stem_seconds``
        sets the length of the songs with stems.
    workers : int
        Threads.
    mtat, nsynth, fma, stems : str or os.PathLike, optional
        The folders to be made; what is left out is not made.

    Raises
    ------
    ConfigError
        If ``sizes`` lacks a number, or one is not a whole number of at least 1.
    """
    folders = {"mtat": mtat, "nsynth": nsynth, "fma": fma, "stems": stems}
    wanted = {name: folder for name, folder in folders.items() if folder is not None}
    for name in wanted:
        for split in SPLITS[name]:
            count = sizes.get(name, {}).get(split)
            if not isinstance(count, int) or count < 1:
                raise ConfigError(f"sizes: {name}: {split}: {count!r} is not a whole number of at least 1")
    makers = {"mtat": make_mtat, "nsynth": make_nsynth, "fma": make_fma}
    for name, folder in wanted.items():
        with timed(f"Making the embedded {name}"):
            if name == "stems":
                make_stems(folder, seed, sizes[name], float(sizes.get("stem_seconds", STEM_SECONDS)), workers)
            else:
                makers[name](folder, seed, sizes[name], workers)
