"""Music in MagnaTagATune's layout: MP3 in folders 0 to f, ``annotations_final.csv``, ``clip_info_final.csv``.

29.124 s, mono, 16 kHz. All clips of a song are in one folder, which determines the split. Tags follow from a
clip's score and level; all of the 50 most used tags occur. In addition to the requested clips, there are two clips
of noise in the test split, which have none of the 50 tags, and a broken clip in training, as in the original.
"""

import numpy as np

from mscol.synthesis import sounds
from mscol.synthesis.composition import STEMS
from mscol.synthesis.drums import KITS
from mscol.synthesis.excerpts import Excerpt, in_turn, write_mp3
from mscol.synthesis.instruments import RECIPES
from mscol.synthesis.rendering import render
from mscol.synthesis.styles import STYLES

RATE, SAMPLES = 16_000, 465_984
SECONDS = SAMPLES / RATE
SPLITS = {"train": "0123456789ab", "validation": "c", "test": "def"}
FIRST_ID = {"train": 2, "validation": 40_000, "test": 50_000}
STARTS, SONG_SECONDS = (0.0, 30.0), 60.0  # the official grid
WIND, WIND_SONGS, WIND_TAGS, WIND_DB = "wind", (4000, 4001), {"noise", "drone", "no beat", "no drums"}, -19.5
# One of the three official clips that are zero bytes long, with its original name, id and title.
BROKEN = "6/norine_braun-now_and_zen-08-gently-117-146.mp3"
BROKEN_INFO = (8, "Gently", "Norine Braun", "Now and Zen", "", 117, 146, "")
INFO = ("track_number", "title", "artist", "album", "url", "segmentStart", "segmentEnd", "original_url")
HEARD_SECONDS = 2.5  # a part is tagged if its notes in the clip last at least this long in total
FAST_TEMPO, SLOW_TEMPO = 120, 80
LOUD_DB, QUIET_DB = -17.0, -22.0
PLAYER_TAGS = {name: recipe.tags for name, recipe in RECIPES.items()}
PLAYER_TAGS |= dict.fromkeys(KITS, ("drums", "beat")) | {"electronic": ("drums", "beat", "beats")}
SILENT_TAGS = {
    "drums": ("no drums", "no beat"),
    "vocals": ("no vocal", "no vocals", "no voice", "instrumental"),
}
# The 188 tags in the order and spelling of the official table.
OFFICIAL_TAGS = """
no voice, singer, duet, plucking, hard rock, world, bongos, harpsichord, female singing, clasical, sitar,
chorus, female opera, male vocal, vocals, clarinet, heavy, silence, beats, men, woodwind, funky, no strings,
chimes, foreign, no piano, horns, classical, female, no voices, soft rock, eerie, spacey, jazz, guitar,
quiet, no beat, banjo, electric, solo, violins, folk, female voice, wind, happy, ambient, new age, synth,
funk, no singing, middle eastern, trumpet, percussion, drum, airy, voice, repetitive, birds, space, strings,
bass, harpsicord, medieval, male voice, girl, keyboard, acoustic, loud, classic, string, drums, electronic,
not classical, chanting, no violin, not rock, no guitar, organ, no vocal, talking, choral, weird, opera,
soprano, fast, acoustic guitar, electric guitar, male singer, man singing, classical guitar, country, violin,
electro, reggae, tribal, dark, male opera, no vocals, irish, electronica, horn, operatic, arabic, lol, low,
instrumental, trance, chant, strange, drone, synthesizer, heavy metal, modern, disco, bells, man, deep, fast
beat, industrial, hard, harp, no flute, jungle, pop, lute, female vocal, oboe, mellow, orchestral, viola,
light, echo, piano, celtic, male vocals, orchestra, eastern, old, flutes, punk, spanish, sad, sax, slow,
male, blues, vocal, indian, no singer, scary, india, woman, woman singing, rock, dance, piano solo, guitars,
no drums, jazzy, singing, cello, calm, female vocals, voices, different, techno, clapping, house, monks,
flute, not opera, not english, oriental, beat, upbeat, soft, noise, choir, female singer, rap, metal, hip
hop, quick, water, baroque, women, fiddle, english
"""
TAGS = tuple(OFFICIAL_TAGS.replace("\n", " ").strip().split(", "))


def plan(split, sizes, seed):
    """Return the clips of a split, ``sizes["mtat"][split]`` and the noises; some songs have two clips, most one."""
    clips, song = [], 0
    while len(clips) < sizes["mtat"][split]:
        style = in_turn(tuple(STYLES), song, seed, "mtat", split)
        for start in STARTS if song % 4 == 0 else STARTS[:1]:
            clips.append(Excerpt("mtat", split, song, style, start, SONG_SECONDS, seed))
        song += 1
    noises = [Excerpt("mtat", split, number, WIND, 0.0, SONG_SECONDS, seed) for number in WIND_SONGS]
    return clips[: sizes["mtat"][split]] + (noises if split == "test" else [])


def clip_path(clip):
    """Return the official-style path, ``folder/artist-album-track-title-start-end.mp3``; a song has one folder."""
    folder = SPLITS[clip.split][clip.song % len(SPLITS[clip.split])]
    start, style = int(clip.start_seconds), clip.style.replace(" ", "_")
    return f"{folder}/mscol_synthesis-{clip.split}-{clip.song + 1:02d}-{style}-{start}-{start + 29}.mp3"


def write(root, clip):
    """Render one clip, write it, and return its tags."""
    if clip.style == WIND:
        sound, tags = _wind(clip), WIND_TAGS
    else:
        song = clip.compose()
        sound = render(song, clip.start_seconds, SECONDS, RATE, channels=1, mix=True)["mixture"][:, 0]
        level_db = 20 * np.log10(np.sqrt(np.square(sound).mean()) + 1e-9)
        tags = tags_of(song, clip.start_seconds, SECONDS, level_db)
    write_mp3(root / clip_path(clip), sound, RATE)
    return tags


def _wind(clip):
    """Synthesise noise in a band that swells slowly."""
    rng = sounds.generator(clip.seed, "mtat", WIND, clip.song)
    low = rng.uniform(150, 600)
    wind = sounds.band(sounds.noise(SAMPLES, rng), low, 3 * low, RATE)
    wind *= np.interp(np.arange(SAMPLES), np.arange(16) * 2 * RATE, rng.uniform(0.4, 1, 16)).astype(
        np.float32
    )
    return wind * np.float32(10 ** (WIND_DB / 20) / np.sqrt(np.square(wind).mean()))


def tags_of(song, start_seconds, seconds, level_db):
    """Return the tags that a listener could give to a clip.

    Parameters
    ----------
    song : composition.Song
    start_seconds, seconds, level_db : float
        Position and length of the clip, and its RMS in dB of full scale.

    Returns
    -------
    set of str
        Subset of `TAGS`.
    """
    tags, heard = set(STYLES[song.style].tags.split(", ")), []
    for stem in STEMS:
        lengths = [_sounding_seconds(part, song.tempo, start_seconds, seconds) for part in song.parts[stem]]
        pairs = zip(song.parts[stem], lengths, strict=True)
        heard += [part.name for part, length in pairs if length >= HEARD_SECONDS]
        if not any(lengths):  # a stem heard only briefly gets neither a tag nor its negation
            tags.update(SILENT_TAGS.get(stem, ()))
    tags.update(*(PLAYER_TAGS[name] for name in heard))
    of_the_whole = {
        ("solo",): len(heard) == 1,
        ("fast", "quick"): song.tempo >= FAST_TEMPO, ("slow",): song.tempo <= SLOW_TEMPO,
        ("loud",): level_db >= LOUD_DB, ("quiet", "soft"): level_db <= QUIET_DB,
    }  # fmt: skip
    return tags.union(*(these for these, true in of_the_whole.items() if true))


def _sounding_seconds(part, tempo, start_seconds, seconds):
    """Return the total length of a part's notes that begin in the clip."""
    starts, lengths = np.array([note[:2] for note in part.notes], dtype=float).reshape(-1, 2).T * (60 / tempo)
    return float(lengths[(starts >= start_seconds) & (starts < start_seconds + seconds)].sum())


def write_tables(root, clips, tags):
    """Write the broken clip and both tables: tab-separated, every field quoted, CRLF."""
    (root / BROKEN).parent.mkdir(exist_ok=True)
    (root / BROKEN).write_bytes(b"")
    rows = [(35644, BROKEN_INFO, {"female vocal", "vocals"}, BROKEN)]
    for clip, found in zip(clips, tags, strict=True):
        start = int(clip.start_seconds)
        artist = f"mscol synthesis, {clip.style}"  # one per style: similar enough to be recognised
        info = (clip.song + 1, clip.style.capitalize(), artist, clip.split.capitalize(), "",
                start, start + 29, "")  # fmt: skip
        rows.append((FIRST_ID[clip.split] + 2 * clip.song + (start > 0), info, found, clip_path(clip)))
    annotations, infos = [("clip_id", *TAGS, "mp3_path")], [("clip_id", *INFO, "mp3_path")]
    for number, info, found, path in sorted(rows, key=lambda row: row[0]):
        annotations.append((number, *(int(tag in found) for tag in TAGS), path))
        infos.append((number, *info, path))
    for name, table in (("annotations_final.csv", annotations), ("clip_info_final.csv", infos)):
        text = "".join("\t".join(f'"{field}"' for field in row) + "\r\n" for row in table)
        (root / name).write_text(text, encoding="utf-8", newline="")
