"""What a Debian package's copyright file says of a single file of it."""

import fnmatch
import re


class Copyright:
    """The copyright file of a package: who holds the rights in each file, and under which licence it is.

    Its format is https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/: a paragraph says of which files it speaks, by
    patterns relative to the package's source; the last that matches holds. A file in another format tells nothing of single files.
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
        """Licence and holder of an installed file; empty where nothing is told.

        A package's files are installed elsewhere than they lay in its source, so patterns are compared with all ends of the path.
        """
        parts = file.split("/")
        ends = ["/".join(parts[i:]) for i in range(len(parts))]
        found = ("", "")
        for patterns, licence, holder in self._paragraphs:
            if any(fnmatch.fnmatch(end, pattern.removeprefix("./")) for pattern in patterns for end in ends):
                # Of a whole package, its programmers
                found = licence, "" if patterns == ["*"] else holder
        return found


def _holder(copyright):
    """The first name of a field `Copyright`, without years and address."""
    first = copyright.splitlines()[0] if copyright else ""
    first = re.sub(
        r"\(c\)|©|copyright|<[^>]*>|\b\d{4}\b(\s*[-,–]\s*\d{0,4})*", "", first, flags=re.IGNORECASE
    )
    return first.strip(" ,.-:")
