"""Show a mixture and its stems: log-mel spectrograms, activity, and players."""

from mscol.io.files import read_json
from mscol.pages.elements import escape, section

_SEGMENT = "of about four seconds"


def mixture_and_stems(pictures, sounds=None, synthesised=False):
    """Write a section with an example of an encoder's input, with pictures and sounds.

    Parameters
    ----------
    pictures : str or os.PathLike
        JSON, as `mscol.figures.log_mels` writes it.
    sounds : str or os.PathLike, optional
        JSON, mp3s in base64 by name (`mscol.overview.stems`).
    synthesised : bool

    Returns
    -------
    str
        HTML.
    """
    about = read_json(pictures)
    coded = read_json(sounds) if sounds else {}
    start, end = about["start"], about["start"] + about["seconds"]
    named = f"{about['clip']}{', synthesised' if synthesised else ''}, {start:.0f} to {end:.0f} s"
    rows = [
        _row(name, picture, coded.get(name), about["active"].get(name))
        for name, picture in about["pictures"].items()
    ]
    told = (
        f"<p>{escape(named)}: log-mel spectrograms, 64 bands from low (bottom) to high; brighter is louder. Each waveform is scaled to full level, so a quiet "
        f"stem looks as bright as a loud one; the players keep the true levels. A stem is active or inactive in each segment {_SEGMENT}. Only models with the option <code>silent</code> are trained on inactive stems, too.</p>"
    )
    return section("sounds", "A mixture and its stems", told, f'<div class="mels">{"".join(rows)}</div>')


def _row(name, picture, sound, active):
    activity = ""
    if active is not None:
        activity = f"<small>{escape(', then '.join('active' if is_active else 'inactive' for is_active in active))}</small>"
    described = f"Log-mel spectrogram of the {name}"
    image = f'<img src="data:image/png;base64,{picture}" alt="{escape(described)}">'
    sounding = player(sound, f"the {name}") if sound else ""
    return f'<h3>{escape(name)}<br>{activity}</h3><div class="heard">{image}{sounding}</div>'


def player(coded, what):
    """Return a player for an mp3 in base64."""
    return f'<audio controls preload="none" aria-label="Listen to {escape(what)}" src="data:audio/mpeg;base64,{coded}"></audio>'
