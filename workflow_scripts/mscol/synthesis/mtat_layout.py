"""Music in MagnaTagATune's layout: mp3 in folders 0 to f, ``annotations_final.csv``, ``clip_info_final.csv``.

29.124 s, mono, 16 kHz. All clips of a song lie in one folder; the folder says the split.
"""

import itertools

import numpy as np

from mscol.io.atomic import atomic_path
from mscol.synthesis import sounds
from mscol.synthesis.mp3 import write_mp3
from mscol.synthesis.planning import Excerpt, make_all, mixture_of, style_of
from mscol.synthesis.rendering import render
from mscol.synthesis.styles import STYLES
from mscol.synthesis.tags import tags_of

RATE, SAMPLES = 16_000, 465_984  # 29.124 s
SECONDS = SAMPLES / RATE
KILOBITS = (
    40  # the official 32 leave the encoder no room for the field from which decoders know the exact length
)
SPLITS = {"train": "0123456789ab", "validation": "c", "test": "def"}
FIRST_ID = {"train": 2, "validation": 40_000, "test": 50_000}
STARTS = (0, 30)  # s; the official grid
CLIPS_OF_SONG = (2, 1, 1, 1)  # clips of the songs 0, 1, 2, 3, and again
# One of the three official clips that are zero bytes long; it keeps its name, id and what its title tells.
BROKEN_ID, BROKEN_TAGS = 35644, {"female vocal", "vocals"}
BROKEN = "6/norine_braun-now_and_zen-08-gently-117-146.mp3"
# Clips without any of the 50 most used tags: what they carry is not among them.
UNTAGGED, UNTAGGED_TAGS, UNTAGGED_DB = 2, {"noise", "drone", "no beat", "no drums"}, -19.5
# The 188 tags in the order of the official table, with its spelling.
TAGS = (
    "no voice", "singer", "duet", "plucking", "hard rock", "world", "bongos", "harpsichord",
    "female singing", "clasical", "sitar", "chorus", "female opera", "male vocal", "vocals", "clarinet",
    "heavy", "silence", "beats", "men", "woodwind", "funky", "no strings", "chimes", "foreign", "no piano",
    "horns", "classical", "female", "no voices", "soft rock", "eerie", "spacey", "jazz", "guitar", "quiet",
    "no beat", "banjo", "electric", "solo", "violins", "folk", "female voice", "wind", "happy", "ambient",
    "new age", "synth", "funk", "no singing", "middle eastern", "trumpet", "percussion", "drum", "airy",
    "voice", "repetitive", "birds", "space", "strings", "bass", "harpsicord", "medieval", "male voice",
    "girl", "keyboard", "acoustic", "loud", "classic", "string", "drums", "electronic", "not classical",
    "chanting", "no violin", "not rock", "no guitar", "organ", "no vocal", "talking", "choral", "weird",
    "opera", "soprano", "fast", "acoustic guitar", "electric guitar", "male singer", "man singing",
    "classical guitar", "country", "violin", "electro", "reggae", "tribal", "dark", "male opera",
    "no vocals", "irish", "electronica", "horn", "operatic", "arabic", "lol", "low", "instrumental",
    "trance", "chant", "strange", "drone", "synthesizer", "heavy metal", "modern", "disco", "bells", "man",
    "deep", "fast beat", "industrial", "hard", "harp", "no flute", "jungle", "pop", "lute", "female vocal",
    "oboe", "mellow", "orchestral", "viola", "light", "echo", "piano", "celtic", "male vocals", "orchestra",
    "eastern", "old", "flutes", "punk", "spanish", "sad", "sax", "slow", "male", "blues", "vocal", "indian",
    "no singer", "scary", "india", "woman", "woman singing", "rock", "dance", "piano solo", "guitars",
    "no drums", "jazzy", "singing", "cello", "calm", "female vocals", "voices", "different", "techno",
    "clapping", "house", "monks", "flute", "not opera", "not english", "oriental", "beat", "upbeat", "soft",
    "noise", "choir", "female singer", "rap", "metal", "hip hop", "quick", "water", "baroque", "women",
    "fiddle", "english",
)  # fmt: skip


def make_mtat(path, seed, sizes, workers):
    """Write the dataset.

    Parameters
    ----------
    path : str or os.PathLike
        The folder to be made.
    seed : int
    sizes : dict of str to int
        Clips of "train", "validation" and "test". On top come, in the folders of test, two clips of noise
        without a tag of the top 50, and in those of train one broken clip.
    workers : int
        Threads.
    """
    excerpts = [excerpt for split in SPLITS for excerpt in _plan(split, sizes[split], seed)]
    with atomic_path(path) as root:
        for folder in "".join(SPLITS.values()):
            (root / folder).mkdir(parents=True)
        tags = make_all(lambda excerpt: _write(root, excerpt), excerpts, workers, "MTAT clips")
        rows = [(clip_path(clip), _info(clip), found) for clip, found in zip(excerpts, tags, strict=True)]
        ids = _ids(excerpts)
        for number in range(UNTAGGED):
            name = f"d/mscol_synthesis-noises-{number + 1:02d}-wind-0-29.mp3"
            write_mp3(root / name, _wind(seed, number), RATE, KILOBITS)
            rows.append(
                (name, (number + 1, "Wind", "mscol synthesis", "Noises", "", 0, 29, ""), UNTAGGED_TAGS)
            )
            ids.append(58_000 + number)
        (root / BROKEN).write_bytes(b"")
        rows.append((BROKEN, (8, "Gently", "Norine Braun", "Now and Zen", "", 117, 146, ""), BROKEN_TAGS))
        ids.append(BROKEN_ID)
        _write_tables(root, sorted(zip(ids, rows, strict=True), key=lambda pair: pair[0]))


def _plan(split, count, seed):
    """The clips of a split: some songs give two, most give one."""
    clips, song = [], 0
    while len(clips) < count:
        style = style_of(tuple(STYLES), song, seed, "mtat", split)
        for start in STARTS[: CLIPS_OF_SONG[song % len(CLIPS_OF_SONG)]]:
            clips.append(Excerpt("mtat", split, song, style, float(start), STARTS[-1] + 30.0, seed))
        song += 1
    return clips[:count]


def _ids(excerpts):
    """The clips of a split are numbered on from `FIRST_ID`."""
    numbers = {split: itertools.count(first) for split, first in FIRST_ID.items()}
    return [next(numbers[excerpt.split]) for excerpt in excerpts]


def clip_path(excerpt):
    """The official-style path, ``folder/artist-album-track-title-start-end.mp3``; a song has one folder."""
    folders = SPLITS[excerpt.split]
    folder = folders[excerpt.song % len(folders)]
    start = int(excerpt.start_seconds)
    style = excerpt.style.replace(" ", "_")
    return f"{folder}/mscol_synthesis-{excerpt.split}-{excerpt.song + 1:02d}-{style}-{start}-{start + 29}.mp3"


def _info(excerpt):
    start = int(excerpt.start_seconds)
    title = excerpt.style.capitalize()
    return (excerpt.song + 1, title, "mscol synthesis", excerpt.split.capitalize(), "", start, start + 29, "")


def _write(root, excerpt):
    """Render one clip, write it, and return its tags."""
    song = excerpt.compose()
    mixture = mixture_of(render(song, excerpt.start_seconds, SECONDS, RATE, channels=1))[:, 0]
    write_mp3(root / clip_path(excerpt), mixture, RATE, KILOBITS)
    level_db = 20 * np.log10(np.sqrt(np.square(mixture).mean()) + 1e-9)
    return tags_of(song, excerpt.start_seconds, SECONDS, level_db)


def _wind(seed, number):
    """Wind: noise in a band, swelling slowly."""
    rng = sounds.generator(seed, "mtat", "wind", number)
    low = rng.uniform(150, 600)
    hiss = sounds.band(sounds.noise(SAMPLES, rng), low, 3 * low, RATE)
    gusts = sounds.breakpoints(np.arange(0, 31, 2), rng.uniform(0.4, 1, 16), SAMPLES, RATE)
    wind = hiss * gusts
    return wind * np.float32(10 ** (UNTAGGED_DB / 20) / np.sqrt(np.square(wind).mean()))


def _write_tables(root, numbered):
    """Both tables: tab separated, every field quoted, CRLF."""
    info = ("track_number", "title", "artist", "album", "url", "segmentStart", "segmentEnd", "original_url")
    annotations = [("clip_id", *TAGS, "mp3_path")]
    infos = [("clip_id", *info, "mp3_path")]
    for number, (path, about, tags) in numbered:
        annotations.append((number, *(int(tag in tags) for tag in TAGS), path))
        infos.append((number, *about, path))
    for name, rows in (("annotations_final.csv", annotations), ("clip_info_final.csv", infos)):
        text = "".join("\t".join(f'"{field}"' for field in row) + "\r\n" for row in rows)
        (root / name).write_text(text, encoding="utf-8", newline="")
