"""Train a small Open-Unmix for one target on multitrack songs, and save it in the package's own format.

As in Open-Unmix's own training, the network predicts the target's STFT magnitudes from the mixture's
and minimises the mean squared error. Every minibatch has new random mixtures: each stem gets its own gain
and, half of the time, comes from its own song (Uhlich et al., ICASSP 2017).

Unlike Open-Unmix, training starts near the best mask that does not depend on the input: for each frequency, the average
share of the target in the mixture. After a few hundred updates the separator is then better than silence. A network that starts at
the mixture itself is not.
"""

import contextlib
import logging
from pathlib import Path

import numpy as np
import openunmix.model
import openunmix.utils
import torch

from mscol.errors import SeparationError
from mscol.io import audio
from mscol.io.atomic import atomic_path
from mscol.io.files import write_json
from mscol.jobs.logs import Progress
from mscol.separation import STEMS
from mscol.separation.origin import SILENCE
from mscol.separation.songs import load_songs, split_songs

GAINS = (0.25, 1.25)  # Open-Unmix data.py, _augment_gain
SONG_OF_ITS_OWN = 0.5  # probability that a mixture's stems come from different songs
SMALLEST_SCALE = 1e-4  # relative to the largest; Open-Unmix scripts/train.py, get_statistics
GRADIENT_NORM = 1.0
ATTEMPTS = 2
SLOWER = 4  # each attempt divides the learning rate of the previous one by this
LISTENING = 0.5  # share of the first mask that is the network's own (random) output


def train_target(stems, target, weights_path, settings_path, settings, seed=0, threads=1):
    """Train the network of one target and write ``{target}.pth`` and ``{target}.json``.

    The same settings, seed and thread count give the same weights. If the trained network is worse than silence, it is trained
    a second time, with the next seed and a quarter of the learning rate.

    Parameters
    ----------
    stems : str or os.PathLike
        Folder whose ``train`` folder contains the songs.
    target : str
        One of `STEMS`.
    weights_path, settings_path : str or os.PathLike
        Output files.
    settings : dict
        hidden_size; nfft and nhop (samples); nb_channels (1: magnitudes averaged over the channels, as
        Open-Unmix does for mono models); bandwidth_hz (bandwidth of the network's input);
        updates; batch_size; sequence_seconds; learning_rate (peak of the one-cycle schedule).
    seed : int
    threads : int
        Number of torch's threads.

    Raises
    ------
    SeparationError
        If there are fewer than two songs, a song lacks a stem or is shorter than a sequence, the target is silent in all
        songs, or both attempts are worse than silence.
    """
    torch.set_num_threads(threads)
    songs = load_songs(Path(stems, "train"), settings["nb_channels"], sequence_samples(settings))
    index = STEMS.index(target)
    try:
        train, validation = split_songs(songs, index)
    except SeparationError as error:
        raise SeparationError(f"{stems}: {target} {error}") from None
    logging.info(
        "Training %s on %d songs for %d updates; validating on %d songs.",
        target, len(train), settings["updates"], len(validation),
    )  # fmt: skip
    for attempt in range(ATTEMPTS):
        used = settings | {"learning_rate": settings["learning_rate"] / SLOWER**attempt}
        used_seed = seed + attempt
        with _deterministic(used_seed):
            model = build_network(train, index, used)
            _fit(model, train, validation, index, used, np.random.default_rng(used_seed))
            loss = validation_loss(model, validation, index, used)
        logging.info("%s: the final validation loss is %.4f (silence has 1).", target, loss)
        if loss < SILENCE:
            break
        logging.warning(
            "%s: worse than silence with seed %d and learning rate %g.",
            target,
            used_seed,
            used["learning_rate"],
        )
    else:
        raise SeparationError(
            f"{target}: the separator trained on {stems} is worse than silence (validation loss {loss:.3g}; silence has 1), "
            f"even with another seed and a lower learning rate. Raise separation/training/updates, lower "
            "separation/training/learning_rate, or use published weights (separation: {model: umxl})."
        )
    with atomic_path(weights_path) as partial:
        torch.save(model.state_dict(), partial)
    write_json(
        {"args": {"target": target, "seed": used_seed, **used}, "validation_loss": loss}, settings_path
    )


def sequence_samples(settings):
    """Return the number of samples in a training sequence."""
    return round(settings["sequence_seconds"] * audio.SEPARATION_RATE)


def magnitudes(waveforms, settings):
    """Compute STFT magnitudes as `openunmix.model.Separator` does.

    Parameters
    ----------
    waveforms : torch.Tensor, shape=(batch, nb_channels, n_samples)
    settings : dict
        Contains nfft and nhop.

    Returns
    -------
    torch.Tensor, shape=(batch, nb_channels, nfft // 2 + 1, n_frames)
    """
    spectrum = torch.stft(
        waveforms.flatten(0, 1),
        settings["nfft"],
        settings["nhop"],
        window=torch.hann_window(settings["nfft"]),
        center=True,
        return_complex=True,
    )
    return spectrum.abs().unflatten(0, waveforms.shape[:2])


def build_network(songs, target, settings):
    """Build a network that standardises its input by the statistics of the songs' mixtures and starts near the best constant mask.

    Parameters
    ----------
    songs : list of np.ndarray
        From `load_songs`.
    target : int
        Index into `STEMS`.
    settings : dict
        As in `train_target`.

    Returns
    -------
    openunmix.model.OpenUnmix
        Has the layers that the package's loader expects.
    """
    frames, targets = (
        torch.cat(
            [magnitudes(torch.from_numpy(part)[None], settings)[0].mean(dim=0) for part in parts], dim=1
        )
        for parts in ([song.sum(axis=0) for song in songs], [song[target] for song in songs])
    )
    scale = frames.std(dim=1)
    scale = scale.clamp(min=SMALLEST_SCALE * scale.max())
    model = openunmix.model.OpenUnmix(
        nb_bins=settings["nfft"] // 2 + 1,
        nb_channels=settings["nb_channels"],
        hidden_size=settings["hidden_size"],
        input_mean=frames.mean(dim=1).numpy(),
        input_scale=scale.numpy(),
        max_bin=int(
            openunmix.utils.bandwidth_to_max_bin(
                audio.SEPARATION_RATE, settings["nfft"], settings["bandwidth_hz"]
            )
        ),
    )
    # Least-squares solution of `share * mixture = target`, bin by bin
    share = (frames * targets).sum(dim=1) / frames.square().sum(dim=1).clamp(min=1e-9)
    with torch.no_grad():
        model.output_mean.copy_(share)
        model.output_scale.copy_(LISTENING * share)
    return model


def draw_batch(songs, target, settings, rng):
    """Draw a minibatch of mixtures and their targets.

    Parameters
    ----------
    songs : list of np.ndarray
        From `load_songs`.
    target : int
        Index into `STEMS`.
    settings : dict
        Contains batch_size and sequence_seconds.
    rng : np.random.Generator

    Returns
    -------
    mixtures, targets : torch.Tensor, shape=(batch_size, nb_channels, n_samples)
    """
    n_samples, batch_size = sequence_samples(settings), settings["batch_size"]
    batch = np.empty((batch_size, len(STEMS), songs[0].shape[1], n_samples), np.float32)
    for mixture in batch:
        own_songs = rng.random() < SONG_OF_ITS_OWN
        shared = _draw_excerpt(songs, n_samples, rng)
        for stem in range(len(STEMS)):
            song, start = _draw_excerpt(songs, n_samples, rng) if own_songs else shared
            mixture[stem] = rng.uniform(*GAINS) * song[stem, :, start : start + n_samples]
    return torch.from_numpy(batch.sum(axis=1)), torch.from_numpy(batch[:, target].copy())


def _draw_excerpt(songs, n_samples, rng):
    song = songs[rng.integers(len(songs))]
    return song, rng.integers(song.shape[2] - n_samples + 1)


def validation_loss(model, songs, target, settings):
    """Compute the squared error over whole, unaltered songs, relative to the energy of the target.

    Returns
    -------
    float
        0 is perfect; silence has 1.
    """
    model.eval()
    error = energy = 0.0
    with torch.no_grad():
        for song in songs:
            truth = magnitudes(torch.from_numpy(song[target])[None], settings)
            estimate = model(magnitudes(torch.from_numpy(song.sum(axis=0))[None], settings))
            error += float(((estimate - truth) ** 2).sum())
            energy += float((truth**2).sum())
    model.train()
    return error / max(energy, 1e-12)


def _fit(model, train, validation, target, settings, rng):
    updates = settings["updates"]
    optimizer = torch.optim.Adam(model.parameters(), lr=settings["learning_rate"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=settings["learning_rate"], total_steps=updates, pct_start=0.2
    )
    progress = Progress("updates", updates)
    model.train()
    for update in range(1, updates + 1):
        mixtures, targets = draw_batch(train, target, settings, rng)
        truth = magnitudes(targets, settings)
        loss = torch.nn.functional.mse_loss(model(magnitudes(mixtures, settings)), truth)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
        optimizer.step()
        schedule.step()
        if update % max(1, updates // 5) == 0 and update < updates:
            logging.info(
                "After %d updates the validation loss is %.4f.",
                update, validation_loss(model, validation, target, settings),
            )  # fmt: skip
        progress.step()


@contextlib.contextmanager
def _deterministic(seed):
    """Seed torch and use deterministic algorithms; restore its state afterwards."""
    before = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before)
