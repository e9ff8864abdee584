"""The exceptions of mscol. Every message says what is wrong, with which file or key, and what to do."""


class MscolError(Exception):
    """Root of all errors that mscol raises on purpose; its message is a sentence for the user."""


class AudioError(MscolError):
    """An audio file that cannot be used: missing, empty, undecodable, too short or not finite."""


class ConfigError(MscolError):
    """A config key, model name or label that is not understood."""


class DatasetError(MscolError):
    """A dataset whose folder, metadata or splits are not what its layout promises."""


class CacheError(MscolError):
    """A file of the mel cache, or another intermediate file, that is damaged or does not fit."""


class WriteError(MscolError):
    """A file that cannot be written: the disk is full, or its folder is read-only."""


class SeparationError(MscolError):
    """A separator, or brought stems, that cannot be used."""


class TrainingError(MscolError):
    """A training run that cannot start or go on."""


class FetchError(MscolError):
    """A dataset that cannot be downloaded, checked or unpacked."""


class HubError(MscolError):
    """The Hugging Face hub cannot be reached, or does not take what is handed to it."""


class ArchiveError(FetchError):
    """An archive that is damaged, or holds what must not be unpacked.

    Attributes
    ----------
    files : list of pathlib.Path
        The archive, in its parts.
    """

    def __init__(self, message, files=()):
        super().__init__(message)
        self.files = list(files)
