"""Plain text and Markdown: decoded, and otherwise left exactly as it is."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from charset_normalizer import from_bytes

from index.errors import UnreadableError
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
_SAMPLE = 65_536  # bytes from which an encoding is told
_HIGH = bytes(range(0x80, 0x100))
_LEAST_HIGH = 8  # bytes beyond ASCII that tell an encoding
_MOSTLY = 0.7  # share of every second byte that is NUL in UTF-16 of a Latin text
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
        wide = _utf16(data)
        if not wide:
            _refuse_binary(data)
        text = _decode_unmarked(data, wide or declared)
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
    for encoding in filter(None, (declared, "utf-8", _guessed(data), "cp1252")):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")  # has a character for every byte


def _guessed(data: bytes) -> str | None:
    """Return the legacy encoding that the bytes look like; None where there is too little to see.

    A few accents are Western, as most are: so little tells no encoding from another.
    """
    sample = data[:_SAMPLE]
    if len(sample) - len(sample.translate(None, delete=_HIGH)) < _LEAST_HIGH:
        return None
    found = from_bytes(sample).best()
    return found.encoding if found else None


def _utf16(data: bytes) -> str | None:
    """Return the byte order of UTF-16 without a mark, by its NUL bytes; None for other text."""
    sample = data[:_SAMPLE]
    high, low = sample[1::2], sample[::2]  # of little-endian units
    for nul, letters, encoding in ((high, low, "utf-16-le"), (low, high, "utf-16-be")):
        is_latin = nul.count(0) > _MOSTLY * len(nul) and not letters.count(0)
        if len(data) % 2 == 0 and is_latin and _controls(letters) == 0:
            return encoding
    return None


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
