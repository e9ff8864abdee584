"""A fetch of a small dataset, as the rule calls it."""

from small_archives import COUNTS, FILES, sha256

from mscol.fetching import fetch_dataset
from mscol.io.files import read_json


class Fetch:
    """What `fetch_dataset` is called with; tests change it before they call it.

    Attributes
    ----------
    root, downloads, record : pathlib.Path
    files, counts, limit_bytes
        As of `fetch_dataset`.
    """

    def __init__(self, layout, server, folder, disk=None):
        self.layout, self.server = layout, server
        datasets = (disk or folder) / "datasets"
        self.root, self.downloads = datasets / layout, datasets / f".{layout}-downloads"
        self.record = datasets / f"{layout}.json"
        (folder / "archives").mkdir()
        server.files |= FILES[layout](folder / "archives")
        self.files = {
            name: {"address": f"{server.address}/{name}", "checksum": sha256(content)}
            for name, content in server.files.items()
        }
        self.counts, self.limit_bytes = dict(COUNTS[layout]), 1_000_000

    def __call__(self):
        fetch_dataset(
            self.layout, self.root, self.downloads, self.files, self.counts, self.limit_bytes, self.record, pauses=(0, 0)
        )  # fmt: skip
        return read_json(self.record)

    def without_checksums(self):
        for entry in self.files.values():
            entry["checksum"] = ""

    def left(self):
        """The names of what is left in the folder of datasets, and in that of downloads."""
        folder = self.root.parent
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path != self.downloads)
