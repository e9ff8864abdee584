"""Open-Unmix (Stöter et al., JOSS 2019): load a separator, separate a waveform, separate a shard.

The package's own loader is used, for published weights and for local directories alike:
``{target}.json`` and ``{target}.pth`` for each of the four targets, and ``separator.json``.
"""

import copy
import logging
import urllib.error
from pathlib import Path
from pickle import UnpicklingError  # what torch raises for a damaged file; nothing is unpickled here

import numpy as np
import openunmix.utils
import torch

from mscol import audio
from mscol.errors import AudioError, SeparationError
from mscol.files import atomic_path, read_json
from mscol.separation import STEMS
from mscol.separation.clips import clips_with_stems, each_clip, inside, reject, require_one_crop

PUBLISHED_MODELS = ("umxl", "umxhq", "umx")


def load_separator(model, n_iterations=1, device="auto"):
    """Load an Open-Unmix separator for the four stems, frozen and in inference mode.

    Parameters
    ----------
    model : str or os.PathLike
        ``umxl``, ``umxhq`` or ``umx`` (fetched by the package, and kept in torch's cache), or the
        path of a directory in the package's format.
    n_iterations : int
        Iterations of the Wiener filter.
    device : str
        ``cpu``, ``cuda``, or ``auto``: a GPU where there is one.

    Returns
    -------
    openunmix.model.Separator
        Its targets are in the order of `STEMS`.

    Raises
    ------
    SeparationError
        If the name is unknown, a file of the directory is missing or does not fit, or published
        weights cannot be fetched.
    """
    device = choose_device(device)
    published = str(model) in PUBLISHED_MODELS
    if published:
        separator = _load_published(str(model), n_iterations, device)
    else:
        separator = _load_directory(Path(model).expanduser(), n_iterations, device)
    # The package leaves local models in training mode: dropout, and statistics of the batch.
    separator.freeze()
    logging.info(
        "Loaded %s %s on %s: %d weights, %d iterations of the Wiener filter.",
        "the published separator" if published else "the separator of",
        model, device, sum(weight.numel() for weight in separator.parameters()), n_iterations,
    )  # fmt: skip
    return separator


def choose_device(device):
    """Name the torch device to be used: ``auto`` is a GPU where there is one, else the CPU."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise SeparationError("separation device `cuda`: torch finds no GPU here; use `auto` or `cpu`")
    return device


def separate(separator, waveform):
    """Separate one waveform.

    Parameters
    ----------
    separator : openunmix.model.Separator
        From `load_separator`.
    waveform : np.ndarray, shape=(n_samples, 2), float32
        At 44.1 kHz.

    Returns
    -------
    dict of str to np.ndarray, shape=(n_samples, 2), float32
        The stems by name, in the order of `STEMS`.

    Raises
    ------
    AudioError
        If a stem comes out with samples that are not finite.
    """
    # The networks mask the mixture, so silence has silent stems; there is nothing to be computed.
    if not waveform.any():
        return {stem: np.zeros_like(waveform) for stem in STEMS}
    mixture = torch.from_numpy(np.ascontiguousarray(waveform.T))[None].to(separator.sample_rate.device)
    # With magnitudes averaged over the channels, equal channels make the filter's 2x2 matrices singular: in
    # single precision its stems carry noise at -28 dB, or are not finite. One channel is as good, and faster.
    if separator.complexnorm.mono and torch.equal(mixture[:, 0], mixture[:, 1]):
        mixture = mixture[:, :1]
    with torch.inference_mode():
        estimates = separator(mixture)
        if not estimates.isfinite().all():
            logging.info("The Wiener filter ran out of single precision; once more in double precision.")
            estimates = copy.deepcopy(separator).double()(mixture.double()).float()
        estimates = separator.to_dict(estimates.expand(-1, -1, 2, -1))
    stems = {stem: estimates[stem][0].T.cpu().numpy() for stem in STEMS}
    for stem, samples in stems.items():
        if not np.isfinite(samples).all():
            raise AudioError(f"its separated {stem} has samples that are not finite; leave the clip out")
    return stems


def separate_shard(
    clips, audio_folder, stems_folder, rejected, model, n_iterations=1, device="auto", threads=1
):
    """Separate the clips of a shard into ``{id}/{stem}.wav``, 44.1 kHz stereo float.

    The model is loaded once, and not at all for a shard without clips. Two runs with as many threads
    give the same samples.

    Parameters
    ----------
    clips : str or os.PathLike
        The shard's manifest.
    audio_folder : str or os.PathLike
        From `conversion.convert_shard`. Clips that are not in it were rejected there and are passed over.
    stems_folder, rejected : str or os.PathLike
        The folder and the csv to be made.
    model, n_iterations, device
        As in `load_separator`.
    threads : int
        Threads of torch.

    Raises
    ------
    SeparationError
        As `load_separator`; and if not one clip of several can be separated.
    """
    torch.set_num_threads(threads)
    clips = clips_with_stems(clips)
    clips = clips[[inside(audio_folder, f"{name}.wav").is_file() for name in clips["id"]]]
    separator = load_separator(model, n_iterations, device) if len(clips) else None

    def separate_clip(clip):
        source = inside(audio_folder, f"{clip.id}.wav")
        waveform = audio.load_stereo(source)
        require_one_crop(len(waveform), audio.SEPARATION_RATE, source)
        target = inside(folder, clip.id)
        stems = _separate_or_reject(separator, waveform)
        target.mkdir(parents=True, exist_ok=True)
        for stem, samples in stems.items():
            audio.write_wav(target / f"{stem}.wav", samples, audio.SEPARATION_RATE)

    with atomic_path(stems_folder) as folder:
        folder.mkdir()
        failures = each_clip(clips, separate_clip)
        if len(clips) > 1 and len(failures) == len(clips):
            raise SeparationError(
                f"{model}: none of {len(clips)} clips could be separated; the first: {failures[0]['reason']}"
            )
        reject(rejected, failures)


def _separate_or_reject(separator, waveform):
    try:
        return separate(separator, waveform)
    except torch.AcceleratorError:
        raise  # the GPU is in no state to separate the next clip
    except RuntimeError as error:  # memory, mostly
        seconds = len(waveform) / audio.SEPARATION_RATE
        reason = str(error).strip().splitlines()[0]
        raise AudioError(f"{seconds:.0f} s of audio cannot be separated ({reason}); leave it out") from error


def _load_published(name, n_iterations, device):
    # The package prefers a folder of that name in the working directory, whatever is in it.
    if Path(name).exists():
        raise SeparationError(
            f"{name}: names published weights, and a folder here; write ./{name} for the folder, or rename it"
        )
    try:
        return openunmix.utils.load_separator(name, targets=list(STEMS), niter=n_iterations, device=device)
    except (urllib.error.URLError, OSError) as error:
        raise SeparationError(
            f"{name}: its weights could not be fetched ({error}); fetch them where there is internet access "
            f"and copy them to {torch.hub.get_dir()}/checkpoints, or use a local model directory or `demo`"
        ) from error


def _load_directory(folder, n_iterations, device):
    if not folder.is_dir():
        raise SeparationError(
            f"{folder}: neither a published separator ({', '.join(PUBLISHED_MODELS)}) nor a directory; "
            "use `demo`, one of these names, or the path of a directory in Open-Unmix's format"
        )
    weights = _check_directory(folder)
    try:
        separator = openunmix.utils.load_separator(
            str(folder), targets=list(STEMS), niter=n_iterations, device=device
        )
        for target, path in weights.items():
            _check_weights(path, separator.target_models[target])
    except (RuntimeError, OSError, EOFError, KeyError, ValueError, UnpicklingError) as error:
        raise SeparationError(f"{folder}: the separator cannot be loaded ({error}); make it anew") from error
    return separator


def _check_directory(folder):
    """Check the files of a model directory against each other; return the weights by target."""
    descriptions = ("separator.json", *(f"{stem}.json" for stem in STEMS))
    missing = [name for name in descriptions if not (folder / name).is_file()]
    weights = {}
    for stem in STEMS:
        found = sorted(folder.glob(f"{stem}*.pth"))  # as the package looks for them
        if not found:
            missing.append(f"{stem}.pth")
        elif len(found) > 1:
            raise SeparationError(
                f"{folder}: {found[0].name} and {found[1].name} are both {stem}; leave one of them"
            )
        else:
            weights[stem] = found[0]
    if missing:
        raise SeparationError(
            f"{folder}: the separator lacks {', '.join(missing)}; train it, or copy them there"
        )
    _check_descriptions(folder)
    return weights


def _check_descriptions(folder):
    try:
        about = read_json(folder / "separator.json")
        if about["sample_rate"] != audio.SEPARATION_RATE:
            raise SeparationError(
                f"{folder}/separator.json: sample_rate is {about['sample_rate']}, "
                f"expected {audio.SEPARATION_RATE}; use a separator of that rate"
            )
        for stem in STEMS:
            args = read_json(folder / f"{stem}.json")["args"]
            for key in ("nfft", "nb_channels"):
                if args[key] != about[key]:
                    raise SeparationError(
                        f"{folder}: {key} is {args[key]} in {stem}.json and {about[key]} in separator.json; "
                        "all targets must be of one make"
                    )
    except (KeyError, TypeError, ValueError) as error:
        raise SeparationError(
            f"{folder}: its json files are not Open-Unmix's ({error!r}); make it anew"
        ) from error


def _check_weights(path, target_model):
    # The package loads with strict=False: a file of other weights would leave random ones in place.
    state = torch.load(path, map_location="cpu", weights_only=True)
    needed = {name for name in target_model.state_dict() if not name.endswith("num_batches_tracked")}
    if needed - set(state):
        raise ValueError(f"{path.name} lacks {', '.join(sorted(needed - set(state))[:3])}")
