"""Small archives in the layouts of the official ones, with real audio."""

import hashlib
import io
import json
import tarfile
import zipfile

from small_datasets import FMA_HEADER, FMA_ROWS, mtat_rows, write_rows, write_tone

MTAT_CLIPS = (  # path, seconds, tags; a clip of 0 s is a file of no bytes, as three official ones are
    ("0/train-0-29.mp3", 1.5, ("guitar", "choral")),
    ("6/empty-0-29.mp3", 0, ("rock",)),
    ("b/train_more-0-29.mp3", 1.5, ("rock",)),
    ("c/valid-0-29.mp3", 1.5, ("slow",)),
    ("f/test-0-29.mp3", 1.5, ("metal",)),
)
PARTS = 3
COUNTS = {
    "mtat": {"[0-9a-f]/*.mp3": len(MTAT_CLIPS)},
    "nsynth": {f"nsynth-{split}/audio/*.wav": 1 for split in ("train", "valid", "test")},
    "fma": {"fma_small/*/*.mp3": 3},
}


def mtat_files(folder):
    """The five files of MagnaTagATune: a zip in three parts, and two tables."""
    for path, seconds, _ in MTAT_CLIPS:
        write_tone(folder / path, seconds or 1)
        if not seconds:
            (folder / path).write_bytes(b"")
    write_rows(folder / "annotations_final.csv", mtat_rows(MTAT_CLIPS), delimiter="\t")
    mp3s = zipped({path: (folder / path).read_bytes() for path, _, _ in MTAT_CLIPS}, zipfile.ZIP_STORED)
    size = -(-len(mp3s) // PARTS)
    parts = {f"mp3.zip.{n + 1:03d}": mp3s[n * size : (n + 1) * size] for n in range(PARTS)}
    table = (folder / "annotations_final.csv").read_bytes()
    infos = b"clip_id\tartist\tmp3_path\n2\tSomeone\t0/train-0-29.mp3\n"
    return parts | {"annotations_final.csv": table, "clip_info_final.csv": infos}


def nsynth_files(folder):
    """The three tar.gz of NSynth, of a note each."""
    files = {}
    for split, family in (("train", "synth_lead"), ("valid", "bass"), ("test", "vocal")):
        note = f"{family}_acoustic_001-060-100"
        write_tone(folder / f"{note}.wav", 4.0)
        examples = json.dumps({note: {"pitch": 60, "instrument_family_str": family}}).encode()
        members = {
            f"nsynth-{split}/examples.json": examples,
            f"nsynth-{split}/audio/{note}.wav": (folder / f"{note}.wav").read_bytes(),
        }
        files[f"nsynth-{split}.jsonwav.tar.gz"] = tarred(members)
    return files


def fma_files(folder):
    """The two zips of FMA-small, compressed with bzip2 as the official ones are."""
    clips = {}
    for track in ("000002", "000010", "099134"):
        write_tone(folder / f"{track}.mp3", 2.0)
        clips[f"fma_small/{track[:3]}/{track}.mp3"] = (folder / f"{track}.mp3").read_bytes()
    write_rows(folder / "tracks.csv", FMA_HEADER + FMA_ROWS)
    metadata = {"fma_metadata/tracks.csv": (folder / "tracks.csv").read_bytes()}
    return {
        "fma_small.zip": zipped(clips, zipfile.ZIP_BZIP2),
        "fma_metadata.zip": zipped(metadata, zipfile.ZIP_BZIP2),
    }


FILES = {"mtat": mtat_files, "nsynth": nsynth_files, "fma": fma_files}


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    """A zip of files: a dict of a name, or a `zipfile.ZipInfo`, to content."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(members, mode="w:gz"):
    """A tar.gz of files: a dict of a name, or a `tarfile.TarInfo`, to content."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in members.items():
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = info.size or len(content)
            archive.addfile(info, io.BytesIO(content.ljust(info.size, b"\0")))
    return file.getvalue()


def sha256(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
