"""Make a dataset of the soundtracks of free games in Debian's archive.

    python evidence/fetch_soundtracks.py music

It downloads the packages in `soundtracks.csv` with `apt-get download`, which needs no root, and writes into `music`:

- `audio/`: the middle of each track of at least 30 s, 90 s at most, as FLAC;
- `clips.csv` for the layout `table`: the label of a track is its soundtrack; its artist comes from its tags or from the
  package's copyright file; tracks of one artist are one group, which intervals resample together. So are those tracks
  of a soundtrack whose artist is not known, because they may well have the same;
- `tracks.csv`: source, licence, length and hash of each track;
- `left_out.csv`: files that were left out, with the reason: too short, broken, the same sound as another;
- `packages.csv`: version and hash of each package.

Run it again after an interruption: files that exist are neither downloaded nor decoded again.
"""

import argparse
import csv
import hashlib
import io
import logging
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))
from licences import Copyright

from mscol.errors import AudioError
from mscol.io.atomic import atomic_path
from mscol.io.audio import ANALYSIS_RATE, load_mono
from mscol.io.files import sha256_of, write_csv
from mscol.mels import log_mel

HERE = Path(__file__).parent
AUDIO = {".ogg", ".oga", ".opus", ".mp3", ".flac", ".wav"}
ARCHIVES = {".zip", ".pk3"}
SHORTEST, LONGEST = 30, 90  # seconds
SHARES = {"test": 0.25, "validation": 0.15}
# Correlation of the mean log-mels of each second. Copies of one recording in other formats are above it, other tracks below.
SAME_SOUND = 0.999
FEWEST = 6  # tracks of a soundtrack; smaller ones are left out
NO_ARTIST = "<Unknown>"  # what a program writes into the tag of a track without an artist


def main():
    options = _parse()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with open(options.packages, encoding="utf-8", newline="") as table:
        rows = {row["package"]: row for row in csv.DictReader(table)}
    soundtracks = {package: row["soundtrack"] for package, row in rows.items()}
    packages = download(soundtracks, options.folder / "packages")
    tracks, left_out = [], []
    for package, path in packages.items():
        found, rejected = unpack(package, path, options.folder)
        logging.info("%s: %d tracks. Left out: %d files.", soundtracks[package], len(found), len(rejected))
        tracks += found
        left_out += rejected
    tracks, doubles = without_doubles(tracks, options.folder)
    tracks, few = without_small_classes(tracks)
    give_splits(tracks)
    for track in tracks:  # if the copyright file is not machine-readable
        track["licence"] = track["licence"] or rows[track["package"]]["licence"]
    write(options.folder, packages, soundtracks, tracks, left_out + doubles + few)
    seconds = sum(min(float(track["seconds"]), LONGEST) for track in tracks)
    logging.info(
        "%d tracks of %d soundtracks, %.1f hours of audio, are in %s.",
        len(tracks),
        len({track["package"] for track in tracks}),
        seconds / 3600,
        options.folder,
    )


def download(names, folder):
    """Download packages that are missing, and return the file of each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if not list(folder.glob(f"{name}_*.deb")):
            logging.info("Downloading %s.", name)
            done = subprocess.run(
                ["apt-get", "download", "-qq", name], cwd=folder, capture_output=True, text=True
            )
            if done.returncode:
                last = (done.stderr.strip() or "no message").splitlines()[-1]
                sys.exit(
                    f"{name}: cannot be downloaded ({last}). Run `apt-get update`, then this command again"
                )
    return {name: max(folder.glob(f"{name}_*.deb")) for name in names}


def unpack(package, path, folder):
    """Cut the tracks of a package.

    Returns
    -------
    tracks, left_out : list of dict
        Rows of `tracks.csv` and `left_out.csv`.
    """
    copyright, tracks, left_out = Copyright(package), [], []
    for name, read in sounds_of(path, copyright):
        content = read()
        digest = hashlib.sha256(content).hexdigest()
        target = folder / "audio" / package / f"{Path(name).stem}-{digest[:8]}.flac"
        row = {"package": package, "file": name, "sha256": digest}
        try:
            about = cut(content, target)
        except AudioError as error:
            left_out.append(row | {"reason": str(error)})
            continue
        tracks.append(row | {"path": str(target.relative_to(folder))} | about)
    for track in tracks:
        licence, holder = copyright.of(track["file"])
        track |= {"licence": licence, "holder": holder}
    return tracks, left_out


def sounds_of(path, copyright):
    """Yield name and reader of each sound file in a package and in archives in it; read its copyright file on the way."""
    process = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE)
    with process, tarfile.open(fileobj=process.stdout, mode="r|") as package:
        for member in package:
            name, suffix = member.name.removeprefix("./"), Path(member.name).suffix.lower()
            if not member.isfile():
                continue
            if name == f"usr/share/doc/{copyright.package}/copyright":
                copyright.read(package.extractfile(member).read().decode("utf-8", "replace"))
            elif suffix in AUDIO:
                yield name, package.extractfile(member).read
            elif suffix in ARCHIVES:
                with zipfile.ZipFile(io.BytesIO(package.extractfile(member).read())) as archive:
                    for inner in archive.namelist():
                        if Path(inner).suffix.lower() in AUDIO:
                            yield f"{name}/{inner}", lambda inner=inner, archive=archive: archive.read(inner)


def cut(content, target):
    """Write the middle of a track; return its whole length and its tags.

    Raises
    ------
    AudioError
        If it cannot be decoded or is too short.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            tags, rate = file.copy_metadata(), file.samplerate
            seconds = file.frames / rate
            if seconds < SHORTEST:
                raise AudioError(f"{seconds:.1f} s long, which is less than {SHORTEST} s")
            if not target.exists():
                n_kept = min(file.frames, LONGEST * rate)
                file.seek((file.frames - n_kept) // 2)
                _write_flac(target, file.read(n_kept, dtype="int16"), rate)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"cannot be decoded ({error.error_string})") from error
    return {"seconds": round(seconds, 2), **{tag: tags.get(tag, "") for tag in ("artist", "title", "album")}}


def _write_flac(target, waveform, rate):
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(target) as excerpt:
        soundfile.write(excerpt, waveform, rate, "PCM_16", format="FLAC")


def without_doubles(tracks, folder):
    """Keep the first of tracks that are the same sound under several names."""
    kept, doubles, heard = [], [], []
    for track in tracks:
        means = _seconds_of_mels(folder / track["path"])
        same = [other for other, known in zip(kept, heard, strict=True) if _are_same(means, known)]
        if same:
            doubles.append(track | {"reason": f"the same sound as {same[0]['package']}: {same[0]['file']}"})
        else:
            kept.append(track)
            heard.append(means)
    return kept, doubles


def _seconds_of_mels(path):
    """Return the mean log-mel of each second minus that of the whole track: (seconds, 64)."""
    mels = log_mel(load_mono(path, ANALYSIS_RATE))
    n_seconds = len(mels) // 100
    means = mels[: n_seconds * 100].reshape(n_seconds, 100, -1).mean(axis=1)
    return means - means.mean(axis=0)


def _are_same(means, others):
    n = min(len(means), len(others))
    if abs(len(means) - len(others)) > 2 or n == 0:
        return False
    return np.corrcoef(means[:n].ravel(), others[:n].ravel())[0, 1] > SAME_SOUND


def without_small_classes(tracks):
    sizes = Counter(track["package"] for track in tracks)
    reason = f"one of fewer than {FEWEST} tracks of its soundtrack"
    few = [track | {"reason": reason} for track in tracks if sizes[track["package"]] < FEWEST]
    return [track for track in tracks if sizes[track["package"]] >= FEWEST], few


def give_splits(tracks):
    """Split the tracks of each soundtrack, in the order of their hashes."""
    for package in {track["package"] for track in tracks}:
        own = sorted((t for t in tracks if t["package"] == package), key=lambda track: track["sha256"])
        n_test, n_validation = (max(1, round(SHARES[split] * len(own))) for split in ("test", "validation"))
        for place, track in enumerate(own):
            is_validation = place < n_test + n_validation
            track["split"] = "test" if place < n_test else "validation" if is_validation else "train"


def write(folder, packages, soundtracks, tracks, left_out):
    """Write the four tables."""
    for track in tracks:
        track["label"] = soundtracks[track["package"]]
        tagged = track["artist"].strip()
        track["artist"] = track["holder"] if tagged in ("", NO_ARTIST) else tagged
        track["group"] = track["artist"] or track["label"]
    columns = ["package", "file", "split", "seconds", "artist", "title", "album", "licence", "sha256", "path"]
    write_csv(
        pd.DataFrame(tracks, columns=["path", "split", "label", "artist", "group"]), folder / "clips.csv"
    )
    write_csv(pd.DataFrame(tracks, columns=columns), folder / "tracks.csv")
    write_csv(pd.DataFrame(left_out, columns=["package", "file", "reason"]), folder / "left_out.csv")
    versions = [
        {
            "package": name,
            "version": path.name.split("_")[1].replace("%3a", ":"),
            "sha256": sha256_of(path),
            "soundtrack": soundtracks[name],
        }
        for name, path in packages.items()
    ]
    write_csv(
        pd.DataFrame(versions, columns=["package", "version", "sha256", "soundtrack"]),
        folder / "packages.csv",
    )


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder for the music")
    parser.add_argument(
        "--packages",
        type=Path,
        default=HERE / "soundtracks.csv",
        help="table of packages, with their soundtrack and, if the copyright file does not name it, the licence (default: %(default)s)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
