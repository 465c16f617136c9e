"""Files inside of others: archives, mailboxes, attachments. Each is a document of its own."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from contextlib import suppress
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import Library, changes
from index.errors import UnreadableError
from index.read import _inner_name, archive, read
from index.read.mail import read_eml, read_mbox
from index.records import Document, Failure
from tests.fakes import LetterEncoder

HOURS = "The herb garden is open from nine to five."
BEDS = "There are twelve beds of thyme."


def zipped(files: Iterable[tuple[str | ZipInfo, bytes]]) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as made:
        for name, data in files:
            made.writestr(name, data)
    return file.getvalue()


def message(subject: str = "Keys of the pond house", text: str = HOURS) -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Morwenna Tregear <morwenna@aldermoor.example>"
    made["To"] = "Petroc Hale <petroc@aldermoor.example>"
    made["Date"] = "Mon, 06 May 2024 09:15:00 +0100"
    made["Subject"] = subject
    made.set_content(text)
    return made


def inside(tmp_path: Path, name: str, data: bytes) -> list[Document | Failure]:
    (tmp_path / name).write_bytes(data)
    return list(read(tmp_path / name, name))


def names(found: Iterable[Document | Failure]) -> list[str]:
    return [one.name for one in found]


@pytest.fixture
def library(tmp_path):
    with Library.open(tmp_path / "library", encoder=LetterEncoder()) as opened:
        yield opened


# Archives


def test_each_file_of_an_archive_is_a_document(tmp_path):
    data = zipped([("notes/hours.txt", HOURS.encode()), ("beds.md", f"# Beds\n\n{BEDS}".encode())])
    hours, beds = inside(tmp_path, "garden.zip", data)
    assert (hours.name, hours.part, hours.text) == (
        "garden.zip/notes/hours.txt", "notes/hours.txt", HOURS,
    )  # fmt: skip
    assert (beds.name, beds.places[0].heading) == ("garden.zip/beds.md", "Beds")


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_archive_is_read_too(tmp_path, mode):
    file = BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as made:
        entry = tarfile.TarInfo("hours.txt")
        entry.size = len(HOURS)
        made.addfile(entry, BytesIO(HOURS.encode()))
        link = tarfile.TarInfo("passwords.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)
    found = inside(tmp_path, "a.tgz" if ":" in mode else "a.tar", file.getvalue())
    assert [one.text for one in found] == [HOURS]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Windows\\a.txt", "Windows/a.txt"),
        ("a/./b//c.txt", "a/b/c.txt"),
        ("a\x00\x07b.txt", "ab.txt"),
        ("..", "unnamed"),
        ("", "unnamed"),
    ],
)
def test_a_name_cannot_lead_out_of_its_archive(name, kept):
    assert _inner_name(name) == kept


@given(st.text())
def test_no_name_leads_out(name):
    steps = _inner_name(name).split("/")
    assert all(step.strip() not in ("", ".", "..") for step in steps)


def test_two_files_of_one_name_are_two_documents(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped([("a.txt", HOURS.encode()), ("a.txt", BEDS.encode())])
    found = inside(tmp_path, "a.zip", data)
    assert names(found) == ["a.zip/a.txt", "a.zip/a (2).txt"]


def test_hidden_files_folders_and_links_are_passed_over(tmp_path):
    link = ZipInfo("link.txt")
    link.external_attr = 0o120777 << 16
    data = zipped([
        (".hidden.txt", b"no"), ("__MACOSX/._a.txt", b"no"), ("a/.git/config", b"no"),
        ("folder/", b""), (link, b"/etc/passwd"), ("a.txt", HOURS.encode()),
    ])  # fmt: skip
    assert names(inside(tmp_path, "a.zip", data)) == ["a.zip/a.txt"]


def test_archives_in_archives_are_read_to_a_depth(tmp_path):
    data = zipped([("a.txt", HOURS.encode())])
    for _ in range(3):
        data = zipped([("in.zip", data)])
    assert names(inside(tmp_path, "a.zip", data)) == ["a.zip/in.zip/in.zip/in.zip/a.txt"]
    for _ in range(3):
        data = zipped([("in.zip", data)])
    with pytest.raises(UnreadableError) as caught:
        inside(tmp_path, "a.zip", data)
    assert str(caught.value) == (
        "holds one file, which cannot be read: 'in.zip/in.zip/in.zip/in.zip/in.zip' "
        "lies more than 4 files deep in others: unpack it first"
    )


def test_a_bomb_is_not_unpacked_past_its_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_PART", 1_000_000)
    data = zipped([("bomb.txt", bytes(30_000_000)), ("a.txt", HOURS.encode())])
    bomb, honest = inside(tmp_path, "a.zip", data)
    assert bomb == Failure(
        "a.zip/bomb.txt", "unpacks to more than 1,000,000 bytes: unpack it first"
    )
    assert honest.text == HOURS


def test_an_archive_of_too_many_bytes_or_files_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("index.read.MAX_UNPACKED", 100)
    found = inside(tmp_path, "a.zip", zipped([(f"{n}.txt", HOURS.encode()) for n in range(4)]))
    assert names(found) == ["a.zip/0.txt", "a.zip/1.txt", "a.zip"]
    assert found[-1].reason == (
        "holds more than 100 bytes of files, and the rest was left out: unpack it first"
    )


def test_a_broken_file_inside_costs_a_line_and_no_more(tmp_path):
    data = zipped([("a.pdf", b"%PDF"), ("b.txt", HOURS.encode()), ("c.txt", b"")])
    broken, read_, empty = inside(tmp_path, "a.zip", data)
    assert broken == Failure("a.zip/a.pdf", "is not a PDF, or a broken one; export it again")
    assert read_.text == HOURS
    assert empty == Failure("a.zip/c.txt", "is empty")


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.zip", b"hello", "is not a ZIP archive, or a broken one; pack it again"),
        ("a.zip", zipped([]), "holds no file to read"),
        ("a.tar", b"hello", "is not a TAR archive, or a broken one; pack it again"),
        ("a.eml", b"hello", "is not an e-mail: it has none of an e-mail's headers"),
        ("a.mbox", b"hello", "is not a mailbox: no line of it starts a message"),
    ],
)
def test_a_bad_file_gets_its_one_line(tmp_path, name, data, reason):
    with pytest.raises(UnreadableError, match=f"^{reason}$"):
        inside(tmp_path, name, data)


# E-mail


def test_a_message_is_read_with_its_headers():
    reading = read_eml(bytes(message()))
    assert reading.text == (
        "From: Morwenna Tregear <morwenna@aldermoor.example>\n"
        "To: Petroc Hale <petroc@aldermoor.example>\n"
        "Date: Mon, 06 May 2024 09:15:00 +0100\n"
        f"Subject: Keys of the pond house\n\n{HOURS}"
    )
    assert reading.places[0].label == "Keys of the pond house"


def test_attachments_and_forwarded_messages_are_documents(tmp_path):
    made = message()
    made.add_attachment(b"Bed,Plants\n1,12\n", "text", "csv", filename="beds.csv")
    made.add_attachment(message("The old keys", BEDS))
    own, beds, forwarded = inside(tmp_path, "mail.eml", bytes(made))
    assert (own.part, beds.name, beds.text) == (
        "",
        "mail.eml/beds.csv",
        "Bed | Plants\nBed: 1 | Plants: 12",
    )
    assert BEDS in forwarded.text
    assert forwarded.places[0].heading == "The old keys"


def test_a_message_in_html_only_is_read_as_a_page():
    made = message()
    made.set_content(f"<h1>Hours</h1><script>x()</script><p>{HOURS}</p>", subtype="html")
    assert read_eml(bytes(made)).text.endswith(f"Hours\n\n{HOURS}")


def test_of_two_versions_the_plain_text_is_read_and_a_shown_image_is_not():
    made = message()
    made.add_alternative(f"<p>{BEDS}</p><img src='cid:logo'>", subtype="html")
    made.get_payload()[1].add_related(b"\x89PNG", "image", "png", cid="<logo>")
    reading = read_eml(bytes(made))
    assert HOURS in reading.text
    assert BEDS not in reading.text
    assert list(reading.parts) == []


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "koi8-r", "no-such-charset"])
def test_any_charset_is_survived(charset):
    data = f"Subject: =?utf-8?q?Bl=C3=BCten?=\nContent-Type: text/plain; charset={charset}\n\nx"
    reading = read_eml(data.encode())
    assert reading.text == "Subject: Blüten\n\nx"


@given(st.binary())
def test_no_message_crashes(rest):
    with suppress(UnreadableError):  # its text is none
        reading = read_eml(b"Subject: a\n" + rest)
        assert all(part.name for part in reading.parts)


def test_each_message_of_a_mailbox_is_a_document(tmp_path):
    data = b"".join(
        b"From x Mon May  6 09:15:00 2024\n" + bytes(message(subject, text)) + b"\n"
        for subject, text in (("First/one", HOURS), ("Second", f"From the pond.\n{BEDS}"))
    ).replace(b"\nFrom the", b"\n>From the")
    first, second = inside(tmp_path, "box.mbox", data)
    assert (first.name, second.name) == (
        "box.mbox/0001 First one.eml", "box.mbox/0002 Second.eml",
    )  # fmt: skip
    assert "From the pond." in second.text
    assert len(list(read_mbox(data).parts)) == 2


# The library


def test_the_files_of_an_archive_are_added_kept_and_taken_out_with_it(library, tmp_path):
    file = tmp_path / "garden.zip"
    file.write_bytes(
        zipped([("hours.txt", HOURS.encode()), ("beds.txt", BEDS.encode()), ("c", b"")])
    )
    report = library.add([file])
    assert report.added == ("garden.zip/hours.txt", "garden.zip/beds.txt")
    assert report.failed == (Failure("garden.zip/c", "is empty"),)
    encoded = library.encoder.encoded
    assert library.add([file]).unchanged == report.added
    assert library.encoder.encoded == encoded
    file.write_bytes(zipped([("hours.txt", HOURS.encode()), ("new.txt", b"A new file.")]))
    report = library.add([file])
    assert (report.added, report.unchanged) == (
        ("garden.zip/new.txt",), ("garden.zip/hours.txt",),
    )  # fmt: skip
    assert [d.name for d in library.documents()] == ["garden.zip/hours.txt", "garden.zip/new.txt"]
    assert library.check() == []


def test_a_message_whose_attachments_were_not_all_added_is_read_again(
    library, tmp_path, monkeypatch
):
    made = message()
    made.add_attachment(b"Bed,Plants\n1,12\n", "text", "csv", filename="beds.csv")
    file = tmp_path / "mail.eml"
    file.write_bytes(bytes(made))
    put = changes.put

    def interrupted(catalog, document, *rest, **more):
        if document.part:
            raise KeyboardInterrupt
        return put(catalog, document, *rest, **more)

    monkeypatch.setattr(changes, "put", interrupted)
    with pytest.raises(KeyboardInterrupt):
        library.add([file])
    monkeypatch.undo()
    assert [d.name for d in library.documents()] == ["mail.eml"]
    report = library.add([file])
    assert (report.added, report.unchanged) == (("mail.eml/beds.csv",), ("mail.eml",))
    assert library.add([file]).unchanged == ("mail.eml", "mail.eml/beds.csv")


def test_a_damaged_file_of_an_archive_is_read_again(library, tmp_path):
    file = tmp_path / "garden.zip"
    file.write_bytes(zipped([("hours.txt", HOURS.encode()), ("beds.txt", BEDS.encode())]))
    library.add([file])
    library._catalog.connection.execute(
        "UPDATE contents SET text = 'x' WHERE id = "
        "(SELECT content FROM documents WHERE name = 'garden.zip/beds.txt')"
    )
    assert library.check()
    assert library.check(repair=True) == []
    assert library.text("garden.zip/beds.txt") == BEDS
