"""Plain text and Markdown: decoded, and otherwise left exactly as it is."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress

from index.errors import UnreadableError
from index.read.encodings import legacy_encodings, unmarked_utf16
from index.read.outline import Heading, Reading, outline

# The longer marks first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What text does not hold, but for a stray one: control characters other than white space and
# the escape of coloured terminal output.
_CONTROLS = bytes(sorted({*range(0x20), 0x7F} - set(b"\t\n\v\f\r\x1b")))
_MAX_CONTROL_SHARE = 0.02
_READS = (
    "Pincite reads text, office documents, sheets, slides, PDF, web pages, e-mail, e-books, "
    "archives and images"
)

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_CLOSING = re.compile(r"(?:^|[ \t])#+$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")


def read_text(data: bytes) -> Reading:
    """Read plain text. Raises UnreadableError where the bytes are not text."""
    return Reading(decode(data))


def read_markdown(data: bytes) -> Reading:
    """Read Markdown, verbatim, with its sections. Raises UnreadableError as `read_text` does."""
    text = decode(data)
    return Reading(text, outline(headings(text), len(text)))


def decode(data: bytes, declared: str | None = None) -> str:
    """Return the bytes as text with LF line ends: by byte-order mark, UTF-8, or a legacy encoding.

    `declared` is the encoding that the bytes say they have, if any, to be tried first. Raises
    UnreadableError where the bytes are not text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _decode_marked(data[len(mark) :], encoding)
            break
    else:
        utf16 = unmarked_utf16(data) if b"\0" in data else None
        if not utf16:
            _refuse_binary(data)
        text = _decode_unmarked(data, utf16 or declared)
    if "\0" in text:
        raise UnreadableError(f"is not text: it holds NUL characters; {_READS}")
    return text.replace("\r\n", "\n")


def _decode_marked(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise UnreadableError(
            f"starts with a byte-order mark of {encoding.upper()} but is not; save it as UTF-8"
        ) from None


def _decode_unmarked(data: bytes, declared: str | None) -> str:
    for encoding in filter(None, (declared, "utf-8")):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding)
    for encoding in legacy_encodings(data):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding)
    return data.decode("latin-1")  # has a character for every byte


def _refuse_binary(data: bytes) -> None:
    if b"\0" in data:
        raise UnreadableError(f"is not text: it holds NUL bytes; {_READS}")
    controls = _controls(data)
    if controls > _MAX_CONTROL_SHARE * len(data):
        share = controls / len(data)
        raise UnreadableError(f"is not text: {share:.0%} are control characters; {_READS}")


def _controls(data: bytes) -> int:
    return len(data) - len(data.translate(None, delete=_CONTROLS))


def headings(text: str) -> Iterator[Heading]:
    """Yield the ATX headings of a Markdown text, passing over fenced code."""
    start = 0
    fence = ""  # what opened the code block that we are in
    for line in text.split("\n"):
        if mark := _FENCE.match(line):
            run, rest = mark.groups()
            if not fence:
                fence = "" if run[0] == "`" and "`" in rest else run
            elif run.startswith(fence) and not rest.strip():
                fence = ""
        elif not fence and (heading := _HEADING.match(line)):
            title = _CLOSING.sub("", (heading[2] or "").strip()).strip()
            yield Heading(start, len(heading[1]), title)
        start += len(line) + 1
