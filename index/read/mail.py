"""E-mail (.eml, .mbox) -> who wrote what to whom; attachments are documents of their own."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser

from index.errors import UnreadableError
from index.read.outline import Part, Reading, clean
from index.read.text import decode
from index.read.web import read_html
from index.records import Place

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_KNOWN = re.compile(rb"^(?:From|To|Date|Subject|Received|Message-ID|Return-Path|MIME-Version)\s*:",
                    re.IGNORECASE | re.MULTILINE)  # fmt: skip
_HEAD = 10_000  # bytes among which one of these is
_ENVELOPE = re.compile(rb"^From [^\n]*\n", re.MULTILINE)  # before each message of an mbox
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_UNSAFE = re.compile(r"[^\w .,()&+-]+")
_MAX_NAME = 60  # characters of a message's name


def read_eml(data: bytes) -> Reading:
    """Read a message: its headers, its text, its attachments.

    Raises UnreadableError where it is no message.
    """
    if not _KNOWN.search(data[:_HEAD]):
        raise UnreadableError("is not an e-mail: it has none of an e-mail's headers")
    message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(data)
    head = "\n".join(f"{name}: {value}" for name in _HEADERS if (value := _header(message, name)))
    text = f"{head}\n\n{_body(message)}".strip()
    place = Place(0, len(text), heading=_header(message, "Subject") or None)
    return Reading(text, (place,), parts=_attachments(message))


def read_mbox(data: bytes) -> Reading:
    """Read the messages of a mailbox, each a document of its own.

    Raises UnreadableError where it is no mailbox.
    """
    if not data.startswith(b"From "):
        raise UnreadableError("is not a mailbox: it does not start with a message")
    return Reading("", parts=_messages(data))


def _messages(data: bytes) -> Iterator[Part]:
    starts = [match.end() for match in _ENVELOPE.finditer(data)]
    ends = [*[match.start() for match in _ENVELOPE.finditer(data)][1:], len(data)]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1):
        message = _QUOTED.sub(rb"\1", data[start:end])
        headers = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(
            message, headersonly=True
        )
        subject = _UNSAFE.sub(" ", _header(headers, "Subject")).strip()[:_MAX_NAME].strip()
        yield Part(f"{number:04} {subject or 'without a subject'}.eml", message)


def _header(message: EmailMessage, name: str) -> str:
    """Return a header's text; as it is written, where it is broken past parsing."""
    try:
        value = message.get(name, "")
    except (ValueError, LookupError, TypeError, AttributeError):
        value = dict(message.raw_items()).get(name, "")
    return clean(" ".join(str(value).split()))


def _body(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    data = _payload(part)
    if part.get_content_type() == "text/html":
        return read_html(data).text.strip()
    return clean(decode(data, _charset(part))) if data else ""


def _charset(part: MIMEPart) -> str | None:
    """Return the charset that a part says it is in, if there is one of that name."""
    try:
        return codecs.lookup(part.get_content_charset() or "utf-8").name
    except (LookupError, ValueError):
        return None


def _payload(part: MIMEPart) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _attachments(message: EmailMessage) -> Iterator[Part]:
    """Yield what is attached; an image that the text shows is part of its looks."""
    body = message.get_body(("plain", "html"))
    for number, part in enumerate(_leaves(message), start=1):
        if part is body or (part.get("Content-ID") and part.get_content_maintype() == "image"):
            continue
        name = part.get_filename()
        if part.get_content_type() == "message/rfc822":
            inner = part.get_content()
            yield Part(name or f"message {number}.eml", bytes(inner))
        elif name:
            yield Part(name, _payload(part))


def _leaves(message: MIMEPart) -> Iterator[MIMEPart]:
    """Yield the parts that hold no others; a message within is one."""
    if message.get_content_type() == "message/rfc822" or not message.is_multipart():
        yield message
        return
    for part in message.iter_parts():
        yield from _leaves(part)
