"""WAV conversion: from any format that libsndfile decodes to the format that Open-Unmix was trained on."""

from pathlib import Path

from mscol.datasets.listed import require_dataset, require_unchanged
from mscol.io import audio
from mscol.io.atomic import atomic_path
from mscol.separation.clips import clips_with_stems, each_clip, inside, reject, require_one_crop


def convert_shard(clips, root, audio_folder, rejected, workers=1):
    """Convert a shard's training and validation clips to 44.1 kHz float WAV: mono if both channels are equal, else stereo.

    Parameters
    ----------
    clips : str or os.PathLike
        The shard's manifest: CSV with id, path and split among its columns; may have no rows.
    root : str or os.PathLike
        The dataset's folder, to which the manifest's paths are relative.
    audio_folder : str or os.PathLike
        Output folder: ``{id}.wav`` for each clip.
    rejected : str or os.PathLike
        Output CSV: id, path, reason of clips that do not decode, are shorter than a crop, whose channels cancel
        each other out, or that changed since the manifest was written.
    workers : int
        Number of clips processed at the same time.

    Raises
    ------
    DatasetError
        If the dataset no longer exists.
    """

    table = clips_with_stems(clips)

    def convert(clip):
        source = Path(root, clip.path)
        require_unchanged(source, clip)
        waveform = audio.load_stereo(source)
        audio.require_audible(waveform, source)
        require_one_crop(len(waveform), audio.SEPARATION_RATE, source)
        target = inside(folder, f"{clip.id}.wav")
        target.parent.mkdir(parents=True, exist_ok=True)
        audio.write_wav(target, audio.one_channel_of_equal(waveform), audio.SEPARATION_RATE)

    with atomic_path(audio_folder) as folder:
        folder.mkdir()
        failures = each_clip(table, convert, workers)
        require_dataset(root, [Path(root, path) for path in table["path"]], len(failures))
        reject(rejected, failures)
