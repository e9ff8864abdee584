"""Resampling of stems to 16 kHz mono: separated stems, and stems that the user provides."""

import logging
from pathlib import Path, PurePosixPath

from mscol.datasets.listed import require_all
from mscol.errors import AudioError, SeparationError
from mscol.io import audio
from mscol.io.atomic import atomic_path
from mscol.io.files import as_on_disk
from mscol.jobs.logs import Progress
from mscol.jobs.parallel import ordered_map
from mscol.separation import STEMS
from mscol.separation.clips import clips_with_stems, each_clip, inside, reject

LENGTH_TOLERANCE_SECONDS = 0.25  # MP3 encoders pad by up to two frames of 1,152 samples on either side


def resample_stems(stems_folder, resampled_folder, workers=1, clips=None, rejected_before=(), names=STEMS):
    """Resample a folder of separated stems to 16 kHz mono, keeping the names inside it.

    Parameters
    ----------
    stems_folder : str or os.PathLike
        Contains ``{id}/{stem}.wav`` of any rate; may be empty.
    resampled_folder : str or os.PathLike
        Output folder.
    workers : int
        Number of files processed at the same time.
    clips : str or os.PathLike, optional
        The shard's manifest. If given, a clip that has no stems is an error, unless it was rejected.
    rejected_before : list of (str or os.PathLike)
        CSV files of the clips that earlier stages of this shard rejected.
    names : sequence of str
        The stems that each clip has.

    Raises
    ------
    AudioError
        If a file cannot be decoded: the workflow wrote these files itself, so none may be lost.
    CacheError
        If a clip is missing.
    """
    if clips is not None:
        require_all(stems_folder, f"{{}}/{names[-1]}.wav", clips, rejected_before)  # the last one written
    # The folder of a clip whose id is the name of its file ends in .wav, too.
    files = sorted(path for path in Path(stems_folder).rglob("*.wav") if path.is_file())
    progress = Progress("stems", len(files))

    def resample(file):
        resample_file(file, folder / file.relative_to(stems_folder))

    logging.info("Resampling %d stems to %d Hz.", len(files), audio.ANALYSIS_RATE)
    with atomic_path(resampled_folder) as folder:
        folder.mkdir()
        for _ in ordered_map(resample, files, workers):
            progress.step()


def resample_brought_stems(clips, stems_root, resampled_folder, rejected, workers=1):
    """Write the same folder as `resample_stems` from stems that the user provides.

    Parameters
    ----------
    clips : str or os.PathLike
        The shard's manifest.
    stems_root : str or os.PathLike
        Contains ``{id}/{stem}.wav`` of any rate and channel count.
    resampled_folder, rejected : str or os.PathLike
        Outputs: a folder of ``{id}/{stem}.wav``, and a CSV of the clips left out with their reasons.
    workers : int
        Number of clips processed at the same time.

    Raises
    ------
    SeparationError
        If the folder ``stems_root`` does not exist.
    """
    clips = clips_with_stems(clips)
    unusable = check_brought_stems(stems_root, clips)

    def resample(clip):
        if clip.id in unusable:
            raise AudioError(unusable[clip.id])
        there = as_on_disk(stems_root, clip.id)
        for stem in STEMS:
            brought, made = (PurePosixPath(name, f"{stem}.wav") for name in (there, clip.id))
            resample_file(inside(stems_root, brought), inside(scratch, made))
        target = inside(folder, clip.id)
        target.parent.mkdir(parents=True, exist_ok=True)
        inside(scratch, clip.id).rename(target)

    # A clip moves into the folder once all its stems are written, so that no clip has only some of them.
    with atomic_path(resampled_folder) as folder:
        scratch = folder.parent / "unfinished"
        folder.mkdir()
        reject(rejected, each_clip(clips, resample, workers))


def check_brought_stems(stems_root, clips):
    """Find the clips whose provided stems cannot be used, from file names and headers only.

    Parameters
    ----------
    stems_root : str or os.PathLike
        Contains ``{id}/{stem}.wav``.
    clips : pandas.DataFrame
        With columns id and duration (seconds).

    Returns
    -------
    dict of str to str
        Reasons by clip id. Clips with all four stems, each as long as the clip, are not in it.

    Raises
    ------
    SeparationError
        If the folder ``stems_root`` does not exist.
    """
    if not Path(stems_root).is_dir():
        raise SeparationError(
            f"{stems_root}: there is no such folder. Set `stems` to a folder that contains {{clip id}}/{{stem}}.wav."
        )
    unusable = {}
    for clip in clips.itertuples():
        try:
            _check_stems_of_clip(inside(stems_root, as_on_disk(stems_root, clip.id)), clip)
        except AudioError as error:
            unusable[clip.id] = str(error)
    return unusable


def _check_stems_of_clip(folder, clip):
    present = sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []
    missing = [f"{stem}.wav" for stem in STEMS if f"{stem}.wav" not in present]
    if missing:
        misnamed = [name for name in present if name.removesuffix(".wav") not in STEMS]
        raise AudioError(
            f"missing stems in {clip.id}/: {', '.join(missing)}. "
            + (f"Rename the files found there: {', '.join(misnamed)}." if misnamed else "Add them.")
        )
    for stem in STEMS:
        seconds = audio.probe(folder / f"{stem}.wav")
        if abs(seconds - float(clip.duration)) > LENGTH_TOLERANCE_SECONDS:
            raise AudioError(
                f"{stem}.wav lasts {seconds:.2f} s and its clip {float(clip.duration):.2f} s. "
                "Cut both to the same length."
            )


def resample_file(source, target):
    """Decode a file and write it as 16 kHz mono float WAV; create the target's folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    audio.write_wav(target, audio.load_mono(source), audio.ANALYSIS_RATE)
