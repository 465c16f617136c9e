"""Files inside of files that mean harm: what they cost, and what is said of them."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import UnreadableError
from index.read import _READERS, MAX_STEP, _inner_name, archive, read
from index.read.archive import read_gzip, read_tar, read_zip
from index.read.outline import Part, Reading
from index.records import Document, Failure, place_at
from tests.make_formats import HERE
from tests.make_letters import archive as papers

WORDS = "Fleece covers the terrace."


def zipped(files: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, data in files:
            made.writestr(name, data)
    return file.getvalue()


def tarred(*members: tarfile.TarInfo | tuple[str, bytes], mode: str = "w") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as made:
        for member in members:
            if isinstance(member, tuple):
                name, data = member
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                made.addfile(entry, io.BytesIO(data))
            else:
                made.addfile(member)
    return file.getvalue()


def found(folder: Path, name: str, data: bytes, **limits: int) -> dict[str, str]:
    """What is said of each name: a document's text, a failure's reason."""
    path = folder / name
    path.write_bytes(data)
    ones = list(read(path, name, **limits))
    assert len({one.name for one in ones}) == len(ones)
    return {one.name: one.text if isinstance(one, Document) else one.reason for one in ones}


def refusal(folder: Path, name: str, data: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        found(folder, name, data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def parts(reading: Reading) -> list[Part]:
    return list(reading.parts)


def test_the_papers_of_an_archive_are_read_to_their_places():
    assert (HERE / "papers.zip").read_bytes() == papers()
    rain, orchids, keys = list(read(HERE / "papers.zip", "papers.zip"))
    assert keys.name == "papers.zip/papers/keys.txt"
    assert "behind the clock" in keys.text
    for one, words, label in (
        (rain, "Month: July | Millimetres: 84", "row 3"),
        (orchids, "kept at 11 degrees", "Orchids > The cold house"),
    ):
        assert place_at(one.places, one.text.index(words)).label == label


# Names


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("..\\..\\a.txt", "a.txt"),
        ("c:a.txt", "a.txt"),
        (" D:/a.txt", "a.txt"),
        ("\\\\server\\share\\a.txt", "server/share/a.txt"),
        ("a/ .. /b.txt", "a/b.txt"),
        ("lease\u202etxt.exe", "leasetxt.exe"),
        ("\u2066a\u2069\u200f\ufeff.txt", "a.txt"),
        ("a\nb\u2028c\t.txt", "a b c .txt"),
        ("\udcff.txt", "\\udcff.txt".replace("\\", "/")),
        ("नमस्ते\u200d.txt", "नमस्ते\u200d.txt"),
        ("...", "..."),
    ],
)
def test_a_name_is_a_path_below_its_archive(name, kept):
    assert _inner_name(name) == kept.lstrip("/")


def test_a_name_is_no_longer_than_a_file_system_has_it():
    name = _inner_name("a" * 70_000 + ".txt")
    assert (len(name), PurePosixPath(name).suffix) == (MAX_STEP, ".txt")
    assert _inner_name("a/" * 30_000 + "b.txt").endswith("/a/b.txt")
    assert len(_inner_name("a/" * 30_000 + "b.txt")) < 100


@given(st.text(st.characters() | st.sampled_from("/\\.: \u202e\n\x00")))
def test_no_name_leads_out_or_deceives(name):
    kept = _inner_name(name)
    assert kept
    assert not kept.startswith("/")
    assert all(step.strip() not in ("", ".", "..") for step in kept.split("/"))
    assert not set(kept) & {*"\\\n\r\0\u202e\u2066\u2028"}
    assert kept.encode()


def test_no_two_files_have_one_name_wherever_they_lie(tmp_path):
    within = zipped([("a.txt", b"in the archive")])
    data = zipped([("in.zip/a.txt", b"in the folder"), ("in.zip", within), ("in.zip\\a.txt", b"x")])
    assert sorted(found(tmp_path, "a.zip", data).values()) == [
        "in the archive", "in the folder", "x",
    ]  # fmt: skip


@pytest.mark.timeout(30)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_many_files_of_one_name_take_no_time(tmp_path):
    texts = found(tmp_path, "a.zip", zipped([("a.txt", b"x")] * 10_000))
    assert len(texts) == 10_000
    assert "a.zip/a (10000).txt" in texts


def test_a_zip_whose_names_are_utf8_without_saying_so_is_read():
    data = bytearray(zipped([("größe.txt", b"x")]))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = data.index(mark) + (6 if mark[2] == 3 else 8)
        data[at : at + 2] = struct.pack("<H", struct.unpack_from("<H", data, at)[0] & ~0x800)
    assert [part.name for part in parts(read_zip(bytes(data)))] == ["größe.txt"]


# Limits


def test_a_length_is_not_believed(monkeypatch):
    """The header says 10 bytes; the data unpacks to 30 million."""
    monkeypatch.setattr(archive, "MAX_PART", 1_000_000)
    data = bytearray(zipped([("a.txt", bytes(30_000_000)), ("b.txt", WORDS.encode())]))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 10)
    bomb, honest = parts(read_zip(bytes(data)))
    assert (bomb.data, bomb.fault) == (b"", "is broken in its archive; pack it again")
    assert honest == Part("b.txt", WORDS.encode())


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_unpacked_without_a_limit_is_not_unpacked(method):
    (part,) = parts(read_zip(zipped([("a.txt", bytes(10_000))], method)))
    assert part == Part("a.txt", b"", "is packed in a way that is not read: pack it with Deflate")


def test_members_that_overlap_are_unpacked_until_the_limit_of_all(tmp_path, monkeypatch):
    monkeypatch.setattr("index.read.MAX_UNPACKED", 5_000)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.txt", b"x" * 1_000)
        made.filelist *= 500  # all of them the same bytes of the archive
    texts = found(tmp_path, "a.zip", file.getvalue())
    read_ = [text for text in texts.values() if text == "x" * 1_000]
    assert 1 <= len(read_) <= 5  # a newer Python reads the first only
    assert len(read_) < 5 or texts["a.zip"] == (
        "holds more than 5,000 bytes of files, and the rest was left out: unpack it first"
    )


BOMB = bytes(2_000_000)


def damaged(data: bytes) -> bytes:
    """The archive, with the checksum of each file wrong: it shows only when all is unpacked."""
    broken, at = bytearray(data), -1
    while (at := broken.find(b"PK\x01\x02", at + 1)) >= 0:
        broken[at + 16] ^= 1
    return bytes(broken)


@pytest.mark.parametrize(
    ("suffix", "inner", "damage", "unpacked_each"),
    [
        ("txt", BOMB, False, 1_000_000),
        ("txt", BOMB[:900_000], True, 900_000),
        ("gz", gzip.compress(BOMB), False, 1_000_000),
        ("tgz", tarred((".hidden", BOMB[:900_000]), mode="w:gz"), False, 900_000),
    ],
)
def test_what_is_unpacked_in_vain_counts(
    tmp_path, monkeypatch, suffix, inner, damage, unpacked_each
):
    """A few bytes cannot keep the reader busy for hours with what it refuses each time."""
    monkeypatch.setattr(archive, "MAX_PART", 1_000_000)
    monkeypatch.setattr("index.read.MAX_UNPACKED", 5_000_000)
    bombs = [(f"{n}.{suffix}", inner) for n in range(40)]
    data = zipped(bombs)
    data = damaged(data) if damage else data
    path = tmp_path / "a.zip"
    path.write_bytes(zipped([("first.txt", b"x"), ("bombs.zip", data)]))
    ones = list(read(path, "a.zip"))
    assert isinstance(ones[0], Document)
    assert ones[-1] == Failure(
        "a.zip",
        "holds more than 5,000,000 bytes of files, and the rest was left out: unpack it first",
    )
    assert 5_000_000 // unpacked_each - 1 <= len(ones) - 2 <= 5_000_000 // unpacked_each


def test_past_the_limit_of_files_nothing_more_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("index.read.MAX_PARTS", 3)
    unpacked: list[str] = []
    whole = archive._part

    def counted(name: str, *rest: object) -> Part:
        unpacked.append(name)
        return whole(name, *rest)

    monkeypatch.setattr(archive, "_part", counted)
    within = zipped([(f"{n}.txt", b"x") for n in range(50)])
    data = zipped([("a.txt", b"x"), ("in.zip", within), ("z.txt", b"x")])
    assert found(tmp_path, "a.zip", data) == {
        "a.zip/a.txt": "x",
        "a.zip/in.zip/0.txt": "x",
        "a.zip": "holds more than 3 files, and the rest was left out: unpack it first",
    }
    assert unpacked == ["a.txt", "in.zip", "0.txt", "1.txt"]


def test_a_file_inside_keeps_to_the_limits_of_a_file(tmp_path):
    data = zipped([("a.txt", b"x" * 30), ("b.txt", b"y")])
    assert found(tmp_path, "a.zip", data, max_bytes=1_000, max_chars=20) == {
        "a.zip/a.txt": "holds 30 characters of text; the limit is 20: split it",
        "a.zip/b.txt": "y",
    }


def test_an_archive_that_holds_itself_is_one_line(tmp_path, monkeypatch):
    def itself(data: bytes) -> Reading:
        return Reading("", parts=iter([Part("r.zip", data)]))

    monkeypatch.setitem(_READERS, ".zip", itself)
    assert refusal(tmp_path, "r.zip", b"PK") == (
        "holds one file, which cannot be read: 'r.zip/r.zip/r.zip/r.zip/r.zip' lies more than 4 "
        "files deep in others: unpack it first"
    )


# What is said


def test_an_archive_of_which_nothing_can_be_read_is_one_line(tmp_path):
    data = zipped([("a.png", b"\x89PNG\0"), ("b.txt", b""), ("c.pdf", b"%PDF")])
    reason = refusal(tmp_path, "a.zip", data)
    assert reason.startswith("holds 3 files, none of which can be read: the first, 'a.png' ")
    assert found(tmp_path, "b.zip", zipped([("a.txt", b""), ("b.txt", b"x")])) == {
        "b.zip/a.txt": "is empty",
        "b.zip/b.txt": "x",
    }


def test_what_is_wrong_is_told_in_the_order_of_the_archive(tmp_path):
    data = zipped([("a.txt", b""), ("b.txt", b"x"), ("c.txt", b"")])
    (tmp_path / "a.zip").write_bytes(data)
    kinds = [type(one) for one in read(tmp_path / "a.zip", "a.zip")]
    assert kinds == [Failure, Document, Failure]


def test_protected_files_cost_a_line_each(tmp_path):
    data = bytearray(zipped([("a.txt", b"x"), ("b.txt", b"y")]))
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert found(tmp_path, "a.zip", bytes(data)) == {
        "a.zip/a.txt": "is protected by a password; unpack it first",
        "a.zip/b.txt": "y",
    }


def test_a_damaged_file_costs_a_line(tmp_path):
    data = bytearray(zipped([("a.txt", WORDS.encode()), ("b.txt", b"y")], zipfile.ZIP_STORED))
    data[data.index(b"Fleece")] ^= 1
    assert found(tmp_path, "a.zip", bytes(data)) == {
        "a.zip/a.txt": "is broken in its archive; pack it again",
        "a.zip/b.txt": "y",
    }


@pytest.mark.timeout(60)
@given(st.data())
def test_no_damage_to_an_archive_crashes(data):
    whole = data.draw(st.sampled_from([
        zipped([("a.txt", WORDS.encode()), ("b/c.txt", b"y")]),
        tarred(("a.txt", WORDS.encode()), ("b.txt", b"y")),
        tarred(("a.txt", WORDS.encode()), mode="w:gz"),
    ]))  # fmt: skip
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    reader = {b"PK": read_zip, b"\x1f\x8b": read_gzip}.get(whole[:2], read_tar)
    try:
        names = [part.name for part in reader(bytes(broken)).parts]
    except UnreadableError:
        return
    assert all(isinstance(name, str) for name in names)


def test_a_reader_that_breaks_in_the_middle_costs_no_more_than_the_rest(tmp_path, monkeypatch):
    def breaks(data: bytes) -> Reading:
        def made() -> Iterable[Part]:
            yield Part("a.txt", b"x")
            raise RecursionError("too deep\nat line 3")

        return Reading("", parts=made())

    monkeypatch.setitem(_READERS, ".zip", breaks)
    assert found(tmp_path, "a.zip", b"x") == {
        "a.zip/a.txt": "x",
        "a.zip": "cannot be read as .zip (RecursionError: too deep); it may be damaged: save it "
        "again, or as another format",
    }


# TAR and gzip


def test_only_the_regular_files_of_a_tar_are_read():
    special = []
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE,
                 tarfile.DIRTYPE):  # fmt: skip
        entry = tarfile.TarInfo(f"kind{kind.decode()}")
        entry.type, entry.linkname = kind, "/etc/passwd"
        special.append(entry)
    data = tarred(*special, ("../../a.txt", b"x"), ("b/.hidden", b"y"))
    assert parts(read_tar(data)) == [Part("../../a.txt", b"x")]


def test_a_packed_tar_is_read_and_so_is_a_packed_file(tmp_path):
    data = tarred(("a.txt", b"x"), mode="w:gz")
    for name in ("a.tar.gz", "a.tgz"):
        assert found(tmp_path, name, data) == {f"{name}/a.txt": "x"}
    file = io.BytesIO()
    with gzip.GzipFile("plan.md", "wb", fileobj=file, mtime=0) as made:
        made.write(b"# Plan\n\nx")
    assert found(tmp_path, "a.gz", file.getvalue()) == {"a.gz/plan.md": "# Plan\n\nx"}
    assert found(tmp_path, "b.gz", gzip.compress(b"x")) == {"b.gz/unpacked": "x"}


def test_a_packed_tar_is_not_unpacked_past_its_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_PART", 1_000_000)
    data = tarred((".hidden", bytes(30_000_000)), ("a.txt", b"x"), mode="w:gz")
    assert refusal(tmp_path, "a.tgz", data) == (
        "holds one file, which cannot be read: 'unpacked' unpacks to more than 1,000,000 bytes: "
        "unpack it first"
    )


@pytest.mark.parametrize("data", [b"hello", gzip.compress(b"hello" * 99)[:-12], b"\x1f\x8b"])
def test_a_broken_gzip_file_is_one_line(tmp_path, data):
    assert refusal(tmp_path, "a.gz", data) == ("is not a gzip file, or a broken one; pack it again")


def test_a_tar_that_claims_more_than_it_holds_is_one_line(tmp_path):
    entry = tarfile.TarInfo("a.txt")
    entry.size = 10**9
    data = entry.tobuf() + b"x" * 512
    assert refusal(tmp_path, "a.tar", data) == "is broken in the middle; pack it again"
