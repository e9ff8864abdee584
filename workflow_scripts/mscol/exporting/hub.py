"""Hand an encoder to the Hugging Face hub: its card, what made it, and exports of it, in one commit of a model repository."""

import logging
import re
from pathlib import Path

from mscol.errors import ConfigError, HubError, TrainingError

_ADDRESS = re.compile(r"hf://([\w.-]+/[\w.-]+)/?")
_BESIDE = ("README.md", "run.json", "history.csv")  # of which only the card must be there


def repository_of(address):
    """Read ``hf://user/name``.

    >>> repository_of("hf://me/bass_vocals")
    'me/bass_vocals'

    Raises
    ------
    ConfigError
        If it is no such address.
    """
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise ConfigError(
            f"{address}: not an address of the hub; write hf://USER/NAME, as of https://huggingface.co/USER/NAME"
        )
    return found[1]


def files_to_push(encoder, exports=()):
    """List what is handed over, by the path that it gets in the repository.

    Parameters
    ----------
    encoder : str or os.PathLike
        An encoder.keras, with its card beside it.
    exports : sequence of (str or os.PathLike)
        Files, and folders of SavedModels.

    Returns
    -------
    dict of pathlib.Path

    Raises
    ------
    TrainingError
        If the encoder has no card, or a file is not there.
    ConfigError
        If two of them have one name.
    """
    folder = Path(encoder).parent
    if not (folder / "README.md").is_file():
        raise TrainingError(
            f"{folder / 'README.md'}: the encoder has no card, which says what made it and under which terms it may be used; "
            f"write it with snakemake {folder / 'README.md'}"
        )
    beside = [name for name in _BESIDE if (folder / name).is_file()]
    files = {"encoder.keras": Path(encoder), **{name: folder / name for name in beside}}
    for export in map(Path, exports):
        if not export.exists():
            raise TrainingError(f"{export}: there is no such file; write it with mscol export")
        inside = (path for path in sorted(export.rglob("*")) if path.is_file())
        more = {path.relative_to(export.parent).as_posix(): path for path in inside} or {export.name: export}
        if twice := sorted(more.keys() & files.keys()):
            raise ConfigError(f"{more[twice[0]]}: the repository has another {twice[0]}; rename the export")
        files |= more
    return files


def push(files, repository, private=False):
    """Hand files to a model repository of the hub, which is made where there is none.

    Parameters
    ----------
    files : dict
        As `files_to_push` returns it.
    repository : str
        ``user/name``.
    private : bool
        Whether only its owner may see it.

    Returns
    -------
    str
        Its address.

    Raises
    ------
    HubError
        If nobody is logged in, the hub cannot be reached or refuses the files, or the repository is there and public, but is
        to be private.
    """
    import huggingface_hub  # here: it need not be installed
    from huggingface_hub.errors import HTTPError

    if huggingface_hub.get_token() is None:
        raise HubError(
            "nobody is logged in to the hub; run `hf auth login`, or set HF_TOKEN to a token that may write"
        )
    api = huggingface_hub.HfApi(library_name="mscol")
    try:
        address = str(api.create_repo(repository, private=private or None, exist_ok=True))
        if private and not api.repo_info(repository).private:
            raise HubError(
                f"{address}: is public; make it private there, or name another repository. Nothing was handed over"
            )
        added = [huggingface_hub.CommitOperationAdd(path, str(file)) for path, file in files.items()]
        api.create_commit(repository, added, commit_message="Add an encoder of mscol")
    except (HTTPError, OSError, ValueError) as error:
        raise HubError(f"hf://{repository}: {_what_is_wrong(error, api.endpoint)}") from error
    size = sum(file.stat().st_size for file in files.values())
    logging.info("Handed %d files (%.1f MB) to %s.", len(files), size / 1e6, address)
    return address


def _what_is_wrong(error, endpoint):
    """Say in a sentence why the hub did not take files."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    said = (
        getattr(error, "server_message", None)
        or (str(error).strip().splitlines() or [type(error).__name__])[0]
    )
    if status == 401:
        return "the hub does not know the token; run `hf auth login` anew, or set HF_TOKEN to a valid one"
    if status in (403, 404):
        return f"the token may not write there ({said}); take one with leave to write, or a repository of your own"
    if status is None and not isinstance(error, ValueError):
        return f"{endpoint} cannot be reached ({said}); is there internet access here?"
    return f"the hub does not take the files ({said})"
