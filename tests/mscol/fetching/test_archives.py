"""Archives: what they hold arrives, and what an attacker's hold goes nowhere."""

import gzip
import io
import random
import tarfile
import time
import zipfile

import pytest
from small_archives import tarred, zipped

from mscol.errors import ArchiveError, FetchError
from mscol.fetching.archives import group_archives, unpack
from mscol.fetching.intake import Intake
from mscol.fetching.parts import JoinedParts

MEMBERS = {
    "a/one.bin": random.Random(1).randbytes(70_000),
    "a/empty.mp3": b"",
    "./b/two.csv": b"x,y\n" * 9000,
    "b/ç.txt": b"",
}
LIMIT = 1_000_000


@pytest.fixture
def unpacked(tmp_path):
    """Unpack an archive, or its parts, and return the files that it leaves below its folder."""

    def run(name, *parts, limit=LIMIT):
        suffixes = [f".{number:03d}" for number in range(1, len(parts) + 1)] if len(parts) > 1 else [""]
        paths = [tmp_path / f"{name}{suffix}" for suffix in suffixes]
        for path, content in zip(paths, parts, strict=True):
            path.write_bytes(content)
        folder = tmp_path / "outside" / "folder"
        folder.mkdir(parents=True)
        unpack(paths, Intake(folder, limit))
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    return run


@pytest.mark.parametrize(
    ("name", "archive"),
    [
        *(("x.zip", zipped(MEMBERS, kind)) for kind in (0, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)),
        *(("x" + suffix, tarred(MEMBERS, mode)) for suffix, mode in ((".tar", "w:"), (".tar.gz", "w:gz"), (".tgz", "w:gz"))),
    ],
)  # fmt: skip
def test_archives_of_every_kind_are_unpacked(unpacked, name, archive):
    assert unpacked(name, archive) == {name.removeprefix("./"): data for name, data in MEMBERS.items()}


def test_zip_in_parts_is_read_as_one(unpacked):
    archive = zipped(MEMBERS)
    files = unpacked("x.zip", archive[:5000], archive[5000:5001], b"", archive[5001:-20], archive[-20:])
    assert len(files) == len(MEMBERS) and files["a/one.bin"] == MEMBERS["a/one.bin"]


def test_joined_parts_read_like_one_file(tmp_path):
    whole, cuts = random.Random(3).randbytes(1000), [0, 300, 300, 301, 1000]
    paths = [tmp_path / str(number) for number in range(len(cuts) - 1)]
    for path, start, end in zip(paths, cuts, cuts[1:], strict=False):
        path.write_bytes(whole[start:end])
    one = io.BytesIO(whole)
    draw = random.Random(4)
    with io.BufferedReader(JoinedParts(paths), 64) as joined:
        for _ in range(300):
            whence = draw.randrange(3)
            offset = draw.randrange(1001) - (0, one.tell(), 1000)[whence]
            assert joined.seek(offset, whence) == one.seek(offset, whence)
            count = draw.randrange(500)
            assert joined.read(count) == one.read(count)


def test_missing_part_is_reported():
    assert group_archives(["b.tar.gz", "a.zip"]) == [["a.zip"], ["b.tar.gz"]]
    with pytest.raises(
        FetchError, match=r"mp3.zip: its parts are mp3.zip.001, mp3.zip.003, expected .*002. List all"
    ):
        group_archives(["mp3.zip.003", "mp3.zip.001"])


def zip_entry(name="evil", mode=0o100644, flags=0):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.flag_bits = flags
    return info


def encrypted():
    """A zip whose member says that it is encrypted, in both of its headers."""
    content = bytearray(zipped({"a": b"content"}, zipfile.ZIP_STORED))
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(signature) + offset] |= 1
    return bytes(content)


def renamed(archive, old, new):
    """An archive with another name of the same length in it, which its writer would not have taken."""
    assert len(old) == len(new)
    return archive.replace(old, new)


def announcing(size):
    """A zip of zeros that announces another size in both of its headers."""
    content = bytearray(zipped({"bomb": bytes(50_000)}))
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        start = content.index(signature) + offset
        content[start : start + 4] = size.to_bytes(4, "little")
    return bytes(content)


def entry(name, kind=tarfile.REGTYPE, target="", size=0):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


def negative_size():
    """A tar whose member announces a size below zero: readers that skip it would go backwards for ever."""
    info = tarfile.TarInfo("evil")
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = (-1024).to_bytes(12, "big", signed=True)
    header[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(header))[0]
    return bytes(header) + bytes(10_240)


def long_header(size):
    """A tar whose first header is followed by a name of ``size`` bytes, all of which a reader would keep."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, size
    return gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(size))


ATTACKS = {
    "a path that leaves": ("x.zip", zipped({"ok": b"", "../evil": b"evil"}), "leaves its folder"),
    "a path that leaves later": ("x.zip", zipped({"a/../../evil": b"evil"}), "leaves its folder"),
    "an absolute path": ("x.zip", zipped({"/evil": b"evil"}), "absolute path"),
    "backslashes": ("x.zip", zipped({"..\\evil": b"evil"}), "with backslashes"),
    "a drive": ("x.zip", zipped({"C:evil": b"evil"}), "absolute path"),
    "a link": ("x.zip", zipped({zip_entry("evil", 0o120777): b"/etc"}), "'evil' is neither a file nor a folder"),
    "a device": ("x.zip", zipped({zip_entry("evil", 0o020666): b""}), "neither a file nor a folder"),
    "a name twice": ("x.zip", renamed(zipped({"one": b"1", "two": b"2"}), b"two", b"one"), "'one' occurs twice"),
    "two spellings": ("x.zip", zipped({"a/b": b"1", "a/./b": b"2"}), "'a/./b' occurs twice"),
    "a file as a folder": ("x.zip", zipped({"a": b"1", "a/b": b"2"}), "'a/b' is in 'a', which is a file"),
    "a folder as a file": ("x.zip", zipped({"a/b": b"1", "a": b"2"}), "'a' occurs twice"),
    "no UTF-8": ("x.zip", renamed(zipped({"name": b""}), b"name", b"n\xe4me"), "is not UTF-8"),
    "false UTF-8": ("x.zip", renamed(zipped({"né": b""}), "né".encode(), b"n\xff\xff"), "damaged or incomplete"),
    "a zero byte": ("x.zip", renamed(zipped({"name": b""}), b"name", b"na\0e"), "control characters"),
    "a control character": ("x.zip", zipped({"na\x1bme": b""}), "control characters"),
    "a long name": ("x.zip", zipped({"n" * 300: b""}), r"'n+\.\.\.' of a member has a part longer than 255"),
    "a deep path": ("x.zip", zipped({"d/" * 30_000 + "evil": b""}), "is 30001 folders deep, more than 64"),
    "an encrypted member": ("x.zip", encrypted(), "'a' is encrypted"),
    "a bomb": ("x.zip", zipped({"bomb": bytes(LIMIT)}), "needs 1.0 MB of disk, more than the limit of 1.0 MB"),
    "many small files": ("x.zip", zipped({f"{n}": b"" for n in range(300)}), "needs 1.0 MB of disk, more than"),
    "many folders": ("x.zip", zipped({f"{n}/": b"" for n in range(300)}), "needs 1.0 MB of disk, more than"),
    "a size too small": ("x.zip", announcing(10), "damaged or incomplete archive"),
    "a size too large": ("x.zip", announcing(60_000), "damaged or incomplete archive"),
    "a cut zip": ("x.zip", zipped(MEMBERS)[:-30], "damaged or incomplete archive"),
    "a damaged zip": ("x.zip", renamed(zipped({"a": b"content"}, 0), b"content", b"comtent"), "damaged or .*CRC"),
    "a tar's path that leaves": ("x.tar", tarred({"ok": b"", "../evil": b"evil"}, "w:"), "leaves its folder"),
    "a tar's absolute path": ("x.tar", tarred({"/evil": b"evil"}, "w:"), "absolute path"),
    "a tar's link, and through it": (
        "x.tar",
        tarred({entry("d", tarfile.SYMTYPE, ".."): b"", "d/evil": b"evil"}, "w:"),
        "'d' is neither a file nor a folder, but a link",
    ),
    "a tar's hard link": ("x.tar", tarred({entry("d", tarfile.LNKTYPE, "/etc/passwd"): b""}, "w:"), "but a link"),
    "a tar's device": ("x.tar", tarred({entry("d", tarfile.CHRTYPE): b""}, "w:"), "a device or the like"),
    "a tar's pipe": ("x.tar", tarred({entry("d", tarfile.FIFOTYPE): b""}, "w:"), "a device or the like"),
    "a tar's name twice": ("x.tar", tarred({"a": b"1", entry("a"): b"2"}, "w:"), "'a' occurs twice"),
    "a tar's name, no UTF-8": ("x.tar", renamed(tarred({"name": b""}, "w:"), b"name", b"n\xe4me"), "damaged|not UTF-8"),
    "a tar's negative size": ("x.tar", negative_size(), "'evil' states a size of -1024 bytes"),
    "a tar's bomb": ("x.tar.gz", tarred({entry("bomb", size=LIMIT): b""}), "needs 1.0 MB of disk, more than the"),
    "a tar's long header": ("x.tar.gz", long_header(1 << 25), "header is too large"),
    "a cut tar": ("x.tar.gz", tarred(MEMBERS)[:-30], "damaged or incomplete archive"),
    "a tar with more behind": ("x.tar", tarred({"a": b"1"}, "w:") + bytes(20_000) + b"x", "contains data after its end"),
    "a wrong digest at the end": ("x.tar.gz", tarred(MEMBERS)[:-8] + bytes(8), "damaged or .*CRC"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_refused_in_a_sentence_and_writes_nothing_outside(unpacked, tmp_path, attack):
    name, archive, sentence = ATTACKS[attack]
    started = time.monotonic()
    with pytest.raises(ArchiveError, match=sentence) as caught:
        unpacked(name, archive)
    assert time.monotonic() - started < 5
    assert str(caught.value).startswith(str(tmp_path / name)) and "\n" not in str(caught.value)
    assert caught.value.files == [tmp_path / name]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside", name]
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["folder"]
    assert not any(path.is_symlink() for path in (tmp_path / "outside").rglob("*"))
    if name == "x.zip" and "damaged" not in sentence:
        assert list((tmp_path / "outside" / "folder").iterdir()) == []


def test_method_that_python_cannot_unpack_is_named(unpacked):
    archive = bytearray(zipped({"a.mp3": bytes(999)}))
    for signature, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):  # where each header has the method
        archive[archive.find(signature) + place] = 9
    with pytest.raises(
        ArchiveError,
        match=r"a\.mp3' is compressed by method 9 \(9 is Deflate64\).*Unpack the archive yourself",
    ):
        unpacked("x.zip", bytes(archive))


def test_second_archive_does_not_write_over_the_first(tmp_path):
    intake = Intake(tmp_path / "folder", LIMIT)
    intake.folder.mkdir()
    for name in ("one.zip", "two.zip"):
        (tmp_path / name).write_bytes(zipped({"a/b": name.encode()}))
    unpack([tmp_path / "one.zip"], intake)
    with pytest.raises(ArchiveError, match=r"two\.zip: refused, because the member 'a/b' occurs twice"):
        unpack([tmp_path / "two.zip"], intake)
    assert (tmp_path / "folder" / "a" / "b").read_bytes() == b"one.zip"
