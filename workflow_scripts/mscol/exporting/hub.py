"""Upload an encoder to the Hugging Face hub: with its card, run.json and exports, in one commit of a model repository."""

import logging
import re
from pathlib import Path

from mscol.errors import ConfigError, HubError, TrainingError

_ADDRESS = re.compile(r"hf://([\w.-]+/[\w.-]+)/?")
_BESIDE = ("README.md", "run.json", "history.csv")  # only the card is required


def repository_of(address):
    """Read ``hf://user/name``.

    >>> repository_of("hf://me/bass_vocals")
    'me/bass_vocals'

    Raises
    ------
    ConfigError
        If it is not such an address.
    """
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise ConfigError(
            f"{address}: not an address of the hub. Use hf://USER/NAME for https://huggingface.co/USER/NAME."
        )
    return found[1]


def files_to_push(encoder, exports=()):
    """List the files to upload, by their path in the repository.

    Parameters
    ----------
    encoder : str or os.PathLike
        An encoder.keras, with its card in the same folder.
    exports : sequence of (str or os.PathLike)
        Files, and folders of SavedModels.

    Returns
    -------
    dict of pathlib.Path

    Raises
    ------
    TrainingError
        If the encoder has no card, or a file does not exist.
    ConfigError
        If two files have the same name.
    """
    folder = Path(encoder).parent
    if not (folder / "README.md").is_file():
        raise TrainingError(
            f"{folder / 'README.md'}: the encoder has no card, which documents its origin and its terms of use. "
            f"Write it with snakemake {folder / 'README.md'}"
        )
    beside = [name for name in _BESIDE if (folder / name).is_file()]
    files = {"encoder.keras": Path(encoder), **{name: folder / name for name in beside}}
    for export in map(Path, exports):
        if not export.exists():
            raise TrainingError(f"{export}: there is no such file. Write it with mscol export.")
        inside = (path for path in sorted(export.rglob("*")) if path.is_file())
        more = {path.relative_to(export.parent).as_posix(): path for path in inside} or {export.name: export}
        if twice := sorted(more.keys() & files.keys()):
            raise ConfigError(
                f"{more[twice[0]]}: another file in the repository is named {twice[0]}. Rename the export."
            )
        files |= more
    return files


def push(files, repository, private=False):
    """Upload files to a model repository of the hub; create the repository if needed.

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
        Address of the repository.

    Raises
    ------
    HubError
        If nobody is logged in, the hub cannot be reached or refuses the files, or ``private`` is set and the repository
        already exists and is public.
    """
    import huggingface_hub  # here: it need not be installed
    from huggingface_hub.errors import HTTPError

    if huggingface_hub.get_token() is None:
        raise HubError(
            "not logged in to the hub. Run `hf auth login`, or set HF_TOKEN to a token with write access."
        )
    api = huggingface_hub.HfApi(library_name="mscol")
    try:
        address = str(api.create_repo(repository, private=private or None, exist_ok=True))
        if private and not api.repo_info(repository).private:
            raise HubError(
                f"{address}: nothing was uploaded, because the repository is public. Make it private there, or use another repository."
            )
        added = [huggingface_hub.CommitOperationAdd(path, str(file)) for path, file in files.items()]
        api.create_commit(repository, added, commit_message="Add an encoder of mscol")
    except (HTTPError, OSError, ValueError) as error:
        raise HubError(f"hf://{repository}: {_what_is_wrong(error, api.endpoint)}") from error
    size = sum(file.stat().st_size for file in files.values())
    logging.info("Uploaded %d files (%.1f MB) to %s.", len(files), size / 1e6, address)
    return address


def _what_is_wrong(error, endpoint):
    """Return in one sentence why the hub did not accept the files."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    said = (
        getattr(error, "server_message", None)
        or (str(error).strip().splitlines() or [type(error).__name__])[0]
    )
    if status == 401:
        return (
            "the hub does not accept the token. Run `hf auth login` again, or set HF_TOKEN to a valid token."
        )
    if status in (403, 404):
        return f"the token has no write access there ({said}). Use a token with write access, or your own repository."
    if status is None and not isinstance(error, ValueError):
        return f"cannot reach {endpoint} ({said}). Check the internet access of this machine."
    return f"the hub does not accept the files ({said})"
