"""Files that are broken, or made to break who reads them: name -> (how it is made, what is said).

Each is made when it is needed, the same every time. What is said is a part of the one line.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import socket
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

SAMPLES = Path(__file__).parent / "documents"
_MEGA = 1_000_000

Make = Callable[[Path], object]


def sample(name: str) -> bytes:
    return next(SAMPLES.glob(f"*/{name}")).read_bytes()


def write(data: bytes) -> Make:
    return lambda path: path.write_bytes(data)


def cut(name: str, share: float = 0.5) -> Make:
    """The first part of a sample."""
    data = sample(name)
    return write(data[: int(share * len(data))])


def flipped(name: str) -> Make:
    """A sample with every hundredth byte changed."""
    data, rng = bytearray(sample(name)), random.Random(5)
    for at in range(20, len(data), 100):
        data[at] = rng.randrange(256)
    return write(bytes(data))


def zipped(members: dict[str, bytes], *, stored: bool = False) -> bytes:
    made = io.BytesIO()
    kind = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(made, "w", kind) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def within(name: str, **changed: bytes) -> bytes:
    """A package of a sample with some of its members changed."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(sample(name))) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.namelist():
            new.writestr(member, changed.get(Path(member).name, old.read(member)))
    return made.getvalue()


def locked(data: bytes) -> bytes:
    """A ZIP whose members say that they are encrypted."""
    found = bytearray(data)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = found.find(mark)
        while start >= 0:
            found[start + at] |= 1
            start = found.find(mark, start + 4)
    return bytes(found)


LAUGHS = b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY l0 'ha'>" + b"".join(
    f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>".encode() for n in range(1, 12)
)


def laughing(document: bytes, root: bytes) -> bytes:
    """XML whose text is ten to the power of eleven laughs."""
    _, _, tail = document.partition(b"<" + root)
    return LAUGHS + b"]><" + root + tail.replace(b"</" + root, b"&l11;</" + root)


def member(name: str, inside: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(sample(name))) as package:
        return package.read(inside)


def objects(*bodies: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of these objects; the first is its catalog."""
    made = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(bodies, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    made += b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (
        len(bodies) + 1, trailer, start,
    )  # fmt: skip


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>"


def stream(data: bytes, more: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (more, len(data), data)


def flate_bomb() -> bytes:
    """A page whose content unpacks to a gigabyte of nothing."""
    once = zlib.compress(zlib.compress(bytes(1_000 * _MEGA), 1), 9)
    packed = stream(once, b"/Filter[/FlateDecode/FlateDecode]")
    return objects(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", PAGE, packed)


def png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def matryoshka(depth: int) -> bytes:
    data = b"A text."
    for n in range(depth):
        data = zipped({f"{n}.zip" if n else "a.txt": data})
    return data


def tarred(*members: tarfile.TarInfo) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for info in members:
            archive.addfile(info, io.BytesIO(b"A text."[: info.size]))
    return made.getvalue()


def link(kind: bytes, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo("passwd.txt")
    info.type, info.linkname = kind, target
    return info


def lying_zip() -> bytes:
    """A member that says it unpacks to ten bytes, and unpacks to a hundred million."""
    data = bytearray(zipped({"a.txt": bytes(100 * _MEGA)}))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = data.find(mark)
        data[start + at : start + at + 4] = struct.pack("<I", 10)
    return bytes(data)


def nested_mail(depth: int) -> bytes:
    return b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth)
    )


def workbook(rows: bytes) -> bytes:
    """The sample workbook with other rows in its sheets."""
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    sheet = head + b"<sheetData>" + rows + b"</sheetData></worksheet>"
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(sample("accounts.xlsx"))) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, sheet if "worksheets/sheet" in name else old.read(name))
    return made.getvalue()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        here = os.open(path.parent, os.O_RDONLY)
        try:
            opened.bind(f"/proc/self/fd/{here}/{path.name}")  # a path may be 108 bytes long
        finally:
            os.close(here)


DOCX = member("plan.docx", "word/document.xml")
ODT = member("bylaws.odt", "content.xml")
PPTX = member("seed-bank.pptx", "ppt/slides/slide1.xml")
DEEP = b"[" * 100_000 + b"]" * 100_000
LOOP = b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2/Parent 2 0 R>>"
MANY = b"<</Type/Pages/Kids[3 0 R]/Count 1000000>>"

# name: (how it is made, a part of the line that is said)
FILES: dict[str, tuple[Make, str]] = {
    # no file of its kind
    "empty.txt": (write(b""), "is empty"),
    "white.txt": (write(b" \n\t\r\n" * 1000), "holds no text, only white space"),
    "zeros.txt": (write(bytes(1000)), "is not text"),
    "binary.txt": (write(random.Random(1).randbytes(5000)), "is not text"),
    "program.md": (write(b"\x7fELF\x02\x01\x01" + bytes(9000)), "is not text"),
    "huge.txt": (write(b"harbour " * 26 * _MEGA), "the limit is"),
    "words.txt": (write(b"harbour " * 3 * _MEGA), "the limit is"),
    "folder.pdf": (lambda path: path.mkdir(), "the folder holds no files"),
    "pipe.txt": (pipe, "is a named pipe, not a file"),
    "socket.txt": (listening, "is a socket, not a file"),
    "null.txt": (lambda path: path.symlink_to("/dev/zero"), "is a device, not a file"),
    "gone.txt": (lambda path: path.symlink_to("nowhere.txt"), "does not exist"),
    "loop.txt": (lambda path: path.symlink_to("loop.txt"), "symbolic links"),
    # PDF
    "text.pdf": (write(b"This is no PDF."), "is not a PDF, or a broken one"),
    "cut.pdf": (cut("safety-report.pdf", 0.3), "is not a PDF, or a broken one"),
    "zeros.pdf": (write(b"%PDF-1.7\n" + bytes(5000)), "is not a PDF, or a broken one"),
    "loop.pdf": (write(objects(CATALOG, LOOP)), "page 1 cannot be read"),
    "million.pdf": (write(objects(CATALOG, MANY, PAGE, stream(b""))), "the limit is 20,000"),
    "nothing.pdf": (
        write(objects(CATALOG, b"<</Type/Pages/Kids[]/Count 0>>")),
        "is not a PDF, or a broken one",
    ),
    "bomb.pdf": (lambda path: path.write_bytes(flate_bomb()), "of memory to be read"),
    "locked.pdf": (
        write(
            objects(
                CATALOG,
                LOOP,
                trailer=b"/Encrypt<</Filter/Standard/V 1/R 2/O("
                + b"o" * 32
                + b")/U("
                + b"u" * 32
                + b")/P -4>>/ID[<00><00>]",
            )
        ),
        "password",
    ),
    # Word, OpenDocument, RTF, PowerPoint
    "text.docx": (write(b"This is no document."), "is not a Word document"),
    "cut.docx": (cut("plan.docx"), "is not a Word document"),
    "laughs.docx": (
        write(within("plan.docx", **{"document.xml": laughing(DOCX, b"w:document")})),
        "is not a Word document",
    ),
    "bomb.docx": (write(zipped({"word/document.xml": bytes(600 * _MEGA)})), "the limit is"),
    "locked.docx": (write(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000)), "password"),
    "old.doc": (write(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000)), "save it as"),
    "text.odt": (write(b"This is no document."), "is not an OpenDocument file"),
    "flipped.odt": (flipped("bylaws.odt"), "is not an OpenDocument file"),
    "laughs.odt": (
        write(within("bylaws.odt", **{"content.xml": laughing(ODT, b"office:document-content")})),
        "is not an OpenDocument file",
    ),
    "empty.fodt": (write(b"<?xml version='1.0'?><a/>"), "is not an OpenDocument file"),
    "deep.fodt": (write(b"<a>" * 200_000), "is not an OpenDocument file"),
    "cut.odp": (cut("volunteers.odp"), "is not an OpenDocument file"),
    "text.rtf": (write(b"This is no RTF."), "is not RTF"),
    "text.pptx": (write(b"These are no slides."), "is not a presentation"),
    "cut.pptx": (cut("seed-bank.pptx"), "is not a presentation"),
    "laughs.pptx": (
        write(
            within(
                "seed-bank.pptx",
                **{"slide1.xml": laughing(PPTX, b"p:sld"), "slide2.xml": b"<", "slide3.xml": b"<"},
            )
        ),
        "is not a presentation",
    ),
    # sheets
    "text.xlsx": (write(b"This is no workbook."), "is not a workbook"),
    "flipped.xlsx": (flipped("accounts.xlsx"), "is not a workbook"),
    "bomb.xlsx": (write(workbook(bytes(900 * _MEGA))), "the limit is"),
    "rows.xlsx": (
        lambda path: path.write_bytes(
            workbook(
                b"".join(
                    b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>%s</t></is></c></row>'
                    % (n, n, b"harbour" * 6)
                    for n in range(1, 1_048_577)
                )
            )
        ),
        "which is the limit",
    ),
    "text.xls": (write(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000)), "is not a workbook"),
    "cut.ods": (cut("wages.ods"), "is not a workbook"),
    "zeros.csv": (write(b"a,b\0\0\0\n" * 100), "NUL"),
    "field.csv": (
        lambda path: path.write_bytes(b'a,b\n1,"' + b"x" * 120 * _MEGA),
        "is a quotation mark missing?",
    ),
    # data, web, books
    "cut.json": (write(b'{"a": [1, 2'), "is not JSON"),
    "deep.json": (write(DEEP), "deep"),
    "cut.jsonl": (write(b'{"a": 1}\n{"a"'), "is not JSON: line 2"),
    "list.ipynb": (write(b"[]"), "is not a Jupyter notebook"),
    "cells.ipynb": (write(json.dumps({"cells": 5}).encode()), "is not a Jupyter notebook"),
    "scripts.html": (write(b"<script>var a = 'harbour';</script>"), "no text"),
    "text.epub": (write(b"This is no book."), "is not an e-book"),
    "bomb.epub": (
        write(
            within(
                "guide.epub",
                **{"one.xhtml": bytes(900 * _MEGA), "container.xml": bytes(900 * _MEGA)},
            )
        ),
        "the limit is",
    ),
    # e-mail and archives
    "empty.mbox": (write(b"No message at all."), "is not a mailbox"),
    "text.zip": (write(b"This is no archive."), "is not a ZIP archive"),
    "cut.zip": (cut("papers.zip"), "is not a ZIP archive"),
    "nothing.zip": (write(zipped({})), "holds no file"),
    "locked.zip": (write(locked(zipped({"a.txt": b"A text."}))), "password"),
    "bomb.zip": (
        write(zipped({f"{n}.txt": bytes(150 * _MEGA) for n in range(8)})),
        "unpacks to more than",
    ),
    "nested.zip": (write(matryoshka(9)), "files deep in others"),
    "lying.zip": (write(lying_zip()), "is broken in its archive"),
    "folders.zip": (write(zipped({f"{'a/' * 300}{n}/": b"" for n in range(50)})), "holds no file"),
    "links.tar": (
        write(tarred(link(tarfile.SYMTYPE, "/etc/passwd"), link(tarfile.LNKTYPE, "../x"))),
        "holds no file to read",
    ),
    "text.tar": (write(b"This is no archive."), "is not a TAR archive"),
    "bomb.tgz": (write(gzip.compress(bytes(1_500 * _MEGA), 1)), "unpacks to more than"),
    "cut.gz": (write(gzip.compress(b"harbour " * 900)[:-9]), "is not a gzip file"),
    # images
    "text.png": (write(b"This is no picture."), "is not an image that can be read"),
    "cut.png": (cut("sign.png"), "is not an image that can be read"),
    "bomb.png": (write(png(50_000, 50_000, zlib.compress(bytes(_MEGA)))), "DecompressionBombError"),
    "blank.png": (write(png(9, 9, zlib.compress(bytes(9 * 28)))), "OCR finds no words"),
    "zeros.jpg": (write(b"\xff\xd8\xff\xe0" + bytes(2000)), "is not an image that can be read"),
    "cut.tiff": (write(b"II*\0\x08\0\0\0\x01\0"), "is not an image that can be read"),
}
