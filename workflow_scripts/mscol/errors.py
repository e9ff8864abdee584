"""The exceptions of mscol. Each message names the file or key, what is wrong, and what to do."""


class MscolError(Exception):
    """Base class of all errors that mscol raises on purpose; its message is written for the user."""


class AudioError(MscolError):
    """An audio file that cannot be used: missing, empty, undecodable, too short or not finite."""


class DiskError(MscolError):
    """A file system or a process that cannot give a file for the moment: no file may be left out for that."""


class ConfigError(MscolError):
    """An invalid config key, model name or label."""


class DatasetError(MscolError):
    """A dataset whose folder, metadata or splits do not match its layout."""


class CacheError(MscolError):
    """A file of the mel cache, or another intermediate file, that is damaged or does not match its index."""


class WriteError(MscolError):
    """A file that cannot be written: the disk is full, or its folder is read-only."""


class SeparationError(MscolError):
    """A separator, or stems that come with a dataset, that cannot be used."""


class TrainingError(MscolError):
    """A training run that cannot start or continue."""


class FetchError(MscolError):
    """A dataset that cannot be downloaded, checked or unpacked."""


class HubError(MscolError):
    """The Hugging Face hub cannot be reached, or rejects an upload."""


class ArchiveError(FetchError):
    """An archive that is damaged, or holds members that must not be unpacked.

    Attributes
    ----------
    files : list of pathlib.Path
        The parts of the archive.
    """

    def __init__(self, message, files=()):
        super().__init__(message)
        self.files = list(files)
