"""What stands in the headers of an e-mail, whoever wrote them: never an error.

The standard library's own parser of them (`email.policy.default`) fails on broken ones, and takes
minutes over long ones that were made for it.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, a2b_qp
from email.message import Message
from itertools import groupby

from index.errors import UnreadableError
from index.read.outline import clean
from index.read.text import decode
from index.read.web import known_encoding

_LONGEST = 100_000  # characters of a header that are read
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\t\n\r\x1b"})  # 1B is a part of Japanese charsets
_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # surrogates that stand for none
_WORD = r"=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?="
_ENCODED = re.compile(_WORD)
_ENCODED_RUN = re.compile(rf"{_WORD}(?:\s*{_WORD})*")  # the space between is none of the text


def header(message: Message, name: str) -> str:
    """Return a header's text in one line; "" where there is none."""
    for key, value in message.raw_items():
        if key.lower() == name.lower():
            return plain(str(value))
    return ""


def plain(raw: str) -> str:
    """Return what a header says: its encoded words decoded, in one line."""
    shown = _ENCODED_RUN.sub(lambda run: _words(run[0]), text_of(_bytes(raw[:_LONGEST])))
    return clean(" ".join(shown.split()))


def text_of(data: bytes, charset: str | None = None) -> str:
    """Return the bytes as text, in the charset that they say they are in if they are.

    A stray NUL is passed over. "" where they are no text.
    """
    for tried in (data, data.replace(b"\0", b"")):
        try:
            return clean(decode(tried, known_encoding(charset or "")))
        except UnreadableError:
            continue
    return ""


def _bytes(raw: str) -> bytes:
    """Return the bytes of a header: the parser keeps those beyond ASCII as surrogates."""
    data = _NO_BYTE.sub("", raw).encode("utf-8", "surrogateescape")
    return data.translate(None, delete=_CONTROLS)


def _words(run: str) -> str:
    """Return encoded words as text; those of one charset together, as some part a character."""
    found = ((charset.partition("*")[0].lower(), how, words)
             for charset, how, words in _ENCODED.findall(run))  # fmt: skip
    return "".join(
        text_of(b"".join(_unpacked(how, words) for _, how, words in group), charset)
        for charset, group in groupby(found, key=lambda word: word[0])
    )


def _unpacked(how: str, words: str) -> bytes:
    data = words.encode()
    if how in "qQ":
        return a2b_qp(data, header=True)
    try:
        return a2b_base64(data + b"==")
    except Error:
        return data
