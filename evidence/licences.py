"""Licences and rights holders of single files, from the copyright file of a Debian package."""

import fnmatch
import re


class Copyright:
    """The copyright file of a package.

    It is read in Debian's machine-readable format 1.0 (https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/):
    paragraphs with patterns of paths in the package's source, of which the last match counts. A file in another format
    gives no licence.
    """

    def __init__(self, package):
        self.package, self._paragraphs = package, []

    def read(self, text):
        for paragraph in re.split(r"\n\s*\n", text):
            fields = {
                name.lower(): value.strip()
                for name, value in re.findall(
                    r"^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)", paragraph, re.MULTILINE
                )
            }
            if "files" in fields and "license" in fields:
                patterns = fields["files"].split()
                self._paragraphs.append(
                    (patterns, fields["license"].partition("\n")[0], _holder(fields.get("copyright", "")))
                )

    def of(self, file):
        """Return licence and holder of an installed file; empty if unknown.

        Packages install files in other folders than in their source, so each pattern is compared with all ends of the path.
        """
        parts = file.split("/")
        ends = ["/".join(parts[i:]) for i in range(len(parts))]
        found = ("", "")
        for patterns, licence, holder in self._paragraphs:
            if any(fnmatch.fnmatch(end, pattern.removeprefix("./")) for pattern in patterns for end in ends):
                # The holder of a whole package is its programmer, not a musician.
                found = licence, "" if patterns == ["*"] else holder
        return found


def _holder(copyright):
    """Return the first name in a field `Copyright`, without years and address."""
    first = copyright.splitlines()[0] if copyright else ""
    first = re.sub(
        r"\(c\)|©|copyright|<[^>]*>|\b\d{4}\b(\s*[-,–]\s*\d{0,4})*", "", first, flags=re.IGNORECASE
    )
    return first.strip(" ,.-:")
