"""Draw an example of the encoder's input: log-mel spectrograms of a mixture and its stems, and which stems are active."""

import base64
import io
import math

import numpy as np
from matplotlib import image
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mscol.datasets.listed import read_listed
from mscol.errors import CacheError
from mscol.figures.style import as_it_is, save_figure, styled
from mscol.io.audio import ANALYSIS_RATE
from mscol.io.files import write_json
from mscol.mels import HIGHEST_HZ, HOP_SAMPLES, LOWEST_HZ, N_MELS, SEGMENT_FRAMES
from mscol.mels.activity import REFERENCE_SEGMENT_SAMPLES, SEGMENT_SAMPLES, read_activity
from mscol.mels.cache import MelCache
from mscol.pairs.segments import activity_columns

_MOST_SEGMENTS = 8  # in a figure; the numbers of more would not fit
_HEARD_SEGMENTS = 2  # on the HTML page
_WINDOW_SAMPLES = {"aligned": SEGMENT_SAMPLES, "reference": REFERENCE_SEGMENT_SAMPLES}
_LONGEST_TITLE = 140  # characters of a clip's name
_TICKS_HZ = (100, 500, 1000, 2000, 4000)
_STRIP = (0, -0.2, 1, 0.2)  # strip below a picture: left, bottom, width, height in units of the picture
_ACTIVE, _INACTIVE = "#009E73", "#D9D9D9"


def plot_log_mels(clips, mixtures, stems, activity, windows, threshold, paths, synthesised=False, heard=None):
    """Draw the log-mel spectrograms of a training clip and its stems.

    Parameters
    ----------
    clips : str or os.PathLike
        The manifest, which lists the training clips.
    mixtures : pair of list of (str or os.PathLike)
        Arrays of the shards, and their tables.
    stems : dict of str to pair of list of (str or os.PathLike)
        The same for each stem.
    activity : list of (str or os.PathLike)
        Tables of the mean \\|x\\| of the stems in each segment.
    windows : str
        ``aligned`` or ``reference``: the windows in which activity is measured (`mscol.mels.cache`).
    threshold : float
        A source is active if its mean \\|x\\| is above this value.
    paths : sequence of (str or os.PathLike)
        Output paths: the same figure, in the format of each suffix.
    synthesised : bool
        Whether this workflow made the music. The title then mentions it.
    heard : str or os.PathLike, optional
        Output path: JSON of two segments of the excerpt for the HTML page: clip, start and seconds, pictures (PNG in base64,
        one pixel per frame and band), and the segments in which each stem is active.

    Raises
    ------
    CacheError
        If no training clip has stems.
    """
    manifest = read_listed(clips)
    training = manifest.loc[manifest["split"] == "train", "id"]
    columns = activity_columns(list(stems), windows)
    magnitudes = read_activity(activity)
    magnitudes = magnitudes.loc[magnitudes["clip"].isin(training), ["clip", "segment", *columns.values()]]
    magnitudes = magnitudes.set_axis(["clip", "segment", *columns], axis=1)
    clip, first_segment = choose_excerpt(magnitudes, threshold)
    excerpt = magnitudes[magnitudes["clip"] == clip].set_index("segment").sort_index()[list(stems)]
    excerpt = excerpt.iloc[first_segment : first_segment + _MOST_SEGMENTS].astype(float)
    mels = {
        name: _frames(MelCache.open(*paths_of), clip, first_segment, len(excerpt))
        for name, paths_of in {"mixture": mixtures, **stems}.items()
    }
    window_seconds = _WINDOW_SAMPLES[windows] / ANALYSIS_RATE
    named = f"{clip}, synthesised" if synthesised else clip
    save_figure(draw_log_mels(mels, excerpt, threshold, window_seconds, named), paths)
    if heard is not None:
        write_json({"clip": clip, **_picture(mels, excerpt, threshold)}, heard)


def _picture(mels, excerpt, threshold):
    """Return the pictures of an excerpt for the HTML page: some of its segments, without axes."""
    rows = excerpt.reset_index().assign(clip="")
    _, first = choose_excerpt(rows, threshold, _HEARD_SEGMENTS)
    chosen = excerpt.iloc[first : first + _HEARD_SEGMENTS]
    frames = slice(first * SEGMENT_FRAMES, (first + len(chosen)) * SEGMENT_FRAMES)
    parts = {name: mel[frames] for name, mel in mels.items()}
    limits = {"vmin": min(map(np.min, parts.values())), "vmax": max(map(np.max, parts.values()))}
    return {
        "start": int(chosen.index[0]) * SEGMENT_SAMPLES / ANALYSIS_RATE,
        "seconds": len(parts["mixture"]) * HOP_SAMPLES / ANALYSIS_RATE,
        "active": {stem: (chosen[stem] > threshold).tolist() for stem in chosen},
        "pictures": {name: _png(part, **limits) for name, part in parts.items()},
    }


def _png(mel, **limits):
    written = io.BytesIO()
    image.imsave(written, mel.T, cmap="magma", origin="lower", format="png", **limits)
    return base64.b64encode(written.getvalue()).decode("ascii")


def choose_excerpt(magnitudes, threshold, most_segments=_MOST_SEGMENTS):
    """Choose the clip and segments in which sources are active and inactive in the most balanced way.

    The result does not depend on the order of rows: ties go to the first clip by name.

    Parameters
    ----------
    magnitudes : pd.DataFrame
        clip, segment, and the mean \\|x\\| of each stem.
    threshold : float
    most_segments : int

    Returns
    -------
    clip : str
    first_segment : int
        Counted from the first row of the clip.

    Raises
    ------
    CacheError
        If there is no clip.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"clip": list("bbaa"), "segment": [0, 1, 0, 1], "bass": [0.2, 0.0, 0.2, 0.2]})
    >>> choose_excerpt(table.assign(drums=0.0, other=0.0, vocals=0.0), threshold=0.01)
    ('b', 0)
    """
    if magnitudes.empty:
        raise CacheError(
            "no training clip has stems, so there are no log-mel spectrograms to show. See results/rejected.csv."
        )
    best = (-1.0, None, None)
    for clip, rows in magnitudes.sort_values(["clip", "segment"]).groupby("clip"):
        active = rows.drop(columns=["clip", "segment"]).to_numpy(float) > threshold
        for start in range(max(len(active) - most_segments, 0) + 1):
            share = active[start : start + most_segments].mean(axis=0)
            variation = (share * (1 - share)).sum()
            if variation > best[0] + 1e-9:
                best = (variation, clip, start)
    return best[1], best[2]


def _frames(cache, clip, first_segment, n_segments):
    """Return the frames of some segments of one clip; the last segment may be shorter."""
    rows = cache.clips[cache.clips["clip"] == clip]
    if rows.empty:
        raise CacheError(
            f"the mel cache lacks the clip {clip}, but activity.csv has it. Delete both and run again."
        )
    row = rows.iloc[0]
    start = first_segment * SEGMENT_FRAMES
    n_frames = min(n_segments * SEGMENT_FRAMES, row["n_frames"] - start)
    return cache.crops([row["first_frame"] + start], n_frames)[0]


@styled()
def draw_log_mels(mels, magnitudes, threshold, window_seconds, clip):
    """Draw the figure of `plot_log_mels`.

    Parameters
    ----------
    mels : dict of str to np.ndarray, shape=(n_frames, 64)
        Log-mel spectrograms of ``mixture`` and the stems.
    magnitudes : pd.DataFrame
        The mean \\|x\\| of the stems (columns) in each segment (index: its number in the clip).
    threshold : float
    window_seconds : float
        Length and hop of the windows in which magnitudes were measured.
    clip : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    first_segment = magnitudes.index[0]
    start = first_segment * SEGMENT_SAMPLES / ANALYSIS_RATE
    limits = {"vmin": min(map(np.min, mels.values())), "vmax": max(map(np.max, mels.values()))}
    figure = Figure(figsize=(12, 1.2 + 1.2 * len(mels)), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.08)  # keeps a strip closer to its own picture than to the next one
    axes = figure.subplots(len(mels), 1, sharex=True)
    for axis, (name, mel) in zip(axes, mels.items(), strict=True):
        seconds = (start, start + len(mel) * HOP_SAMPLES / ANALYSIS_RATE)
        image = axis.imshow(
            mel.T, aspect="auto", origin="lower", extent=(*seconds, -0.5, N_MELS - 0.5), cmap="magma",
            interpolation="none", **limits,
        )  # fmt: skip
        axis.set_yticks([_band_of(hz) for hz in _TICKS_HZ], [_name_hz(hz) for hz in _TICKS_HZ], fontsize=8)
        axis.set_ylabel(name, fontsize=11)
        if name in magnitudes:
            axis.tick_params(axis="x", bottom=False, labelbottom=False)
            lowest = axis.inset_axes(_STRIP, sharex=axis)
            _draw_activity(lowest, magnitudes[name], threshold, window_seconds)
    axes[0].set_xlim(start, start + len(mels["mixture"]) * HOP_SAMPLES / ANALYSIS_RATE)
    lowest.tick_params(axis="x", bottom=True, labelbottom=True)
    lowest.set_xlabel("time (s)")
    figure.supylabel("mel band, by its centre frequency (Hz)", fontsize=10)
    figure.colorbar(image, ax=list(axes), label="natural log of the mel magnitude", pad=0.01, aspect=40)
    figure.suptitle(f"A mixture and its stems, each active where its mean |x| is above {threshold:g}")
    title = clip if len(clip) <= _LONGEST_TITLE else f"…{clip[-_LONGEST_TITLE:]}"
    axes[0].set_title(as_it_is(title), fontsize=9)
    return figure


def _draw_activity(axis, magnitudes, threshold, window_seconds):
    for segment, magnitude in magnitudes.items():
        active = magnitude > threshold
        left = segment * window_seconds
        axis.add_patch(
            Rectangle(
                (left, 0), window_seconds, 1, facecolor=_ACTIVE if active else _INACTIVE, edgecolor="white"
            )
        )
        axis.text(
            left + window_seconds / 2, 0.46, f"{'active' if active else 'inactive'} {magnitude:.4f}", ha="center",
            va="center", fontsize=8, color="white" if active else "black", clip_on=True,
        )  # fmt: skip
    axis.set_ylim(0, 1)
    axis.set_yticks([0.46], ["active?"], fontsize=8)
    axis.tick_params(axis="y", length=0)
    axis.tick_params(axis="x", bottom=False, labelbottom=False)
    axis.spines[:].set_visible(False)


def _band_of(hz):
    """Return the (fractional) index of the mel band centred at this frequency.

    >>> round(_band_of(60.0), 6), round(_band_of(7800.0), 6)
    (-1.0, 64.0)
    """
    lowest, highest = _mel(LOWEST_HZ), _mel(HIGHEST_HZ)
    return (_mel(hz) - lowest) / (highest - lowest) * (N_MELS + 1) - 1


def _mel(hz):
    return math.log1p(hz / 700)  # HTK's scale; its factor cancels out


def _name_hz(hz):
    return f"{hz // 1000} k" if hz >= 1000 else str(hz)
