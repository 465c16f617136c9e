"""E-mail (.eml, .mbox) -> who wrote what to whom; attachments are documents of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from mimetypes import MimeTypes
from pathlib import PurePosixPath
from typing import Any

from index.errors import UnreadableError
from index.read.headers import header, plain, text_of
from index.read.outline import Heading, Part, Reading, outline
from index.read.web import decoded, page

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_KNOWN = re.compile(rb"^(?:From|To|Date|Subject|Received|Message-ID|Return-Path|MIME-Version)\s*:",
                    re.IGNORECASE | re.MULTILINE)  # fmt: skip
_HEAD = 10_000  # bytes among which one of these is
# Before each message of an mbox: a line that is dated or has a blank one above it, and a header
# below. Not every program escapes a line of a text that starts so.
_ENVELOPE = re.compile(rb"^From [^\r\n]*\r?\n(?=[!-9;-~]+:)", re.MULTILINE)
_TIME, _YEAR = re.compile(rb"\d\d:\d\d"), re.compile(rb"\d{4}")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_UNSAFE = re.compile(r"[\\/:*?\"<>|\s]+")
_MAX_NAME = 60  # characters of a message's name
_LOOKS = 10_000  # bytes: a smaller image within the text is a logo, a button, a line

_LOCKED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNATURES = (
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
)
_MESSAGES = ("message/rfc822", "message/global")
_KINDS = MimeTypes()  # the standard library's own: not those of the system
_LONGEST = 10_000  # characters of a header of parameters


class _AsWritten(Compat32):
    """Headers as they are, but for the parameters of a part that were made to take hours."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST] if name.lower().startswith("content-") else value


_AS_WRITTEN = _AsWritten(mangle_from_=False)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A part of a message that holds no others."""

    part: Message
    is_body: bool  # what the message says, or what comes with it


def read_eml(data: bytes) -> Reading:
    """Read a message: its headers, its text under its subject, its attachments.

    Raises UnreadableError where it is no message, or encrypted.
    """
    if not _KNOWN.search(data[:_HEAD]):
        raise UnreadableError("is not an e-mail: it has none of an e-mail's headers")
    message = BytesParser(policy=_AS_WRITTEN).parsebytes(data)
    if message.get_content_type() in _LOCKED:
        raise UnreadableError("is encrypted, or sealed by its signature; save it decrypted")
    leaves = list(_leaves(message))
    head = "\n".join(f"{name}: {value}" for name in _HEADERS if (value := header(message, name)))
    bodies = [_body(leaf.part) for leaf in leaves if leaf.is_body]
    attached = (_attached(leaf.part) for leaf in leaves if not leaf.is_body)
    text, headings = _joined([(head, []), *bodies], header(message, "Subject"))
    return Reading(text, outline(headings, len(text)), parts=filter(None, attached))


def read_mbox(data: bytes) -> Reading:
    """Read the messages of a mailbox, each a document of its own.

    Raises UnreadableError where it is no mailbox.
    """
    if next(_envelopes(data), None) is None:
        raise UnreadableError("is not a mailbox: no line of it starts a message")
    return Reading("", parts=_messages(data))


def read_msg(data: bytes) -> Reading:
    """Refuse what only Outlook writes. Raises UnreadableError."""
    raise UnreadableError("is a message of Outlook's own format; save it as .eml from there")


def _messages(data: bytes) -> Iterator[Part]:
    envelopes = _envelopes(data)
    envelope, number = next(envelopes, None), 0
    while envelope:
        following, number = next(envelopes, None), number + 1
        end = following.start() if following else len(data)
        message = _QUOTED.sub(rb"\1", data[envelope.end() : end])
        head = _BLANK_LINE.split(message, maxsplit=1)[0]
        named = _message_name(BytesParser(policy=_AS_WRITTEN).parsebytes(head, headersonly=True))
        yield Part(f"{number:04} {named}", message)
        envelope = following


def _envelopes(data: bytes) -> Iterator[re.Match[bytes]]:
    for line in _ENVELOPE.finditer(data):
        above = data[max(0, line.start() - 3) : line.start()]
        time = _TIME.search(line[0])
        is_dated = time is not None and _YEAR.search(line[0], time.end()) is not None
        if is_dated or not above or above.endswith((b"\n\n", b"\n\r\n")):
            yield line


def _message_name(message: Message) -> str:
    subject = _UNSAFE.sub(" ", header(message, "Subject"))[:_MAX_NAME].strip()
    return f"{subject or 'without a subject'}.eml"


def _leaves(part: Message) -> Iterator[_Leaf]:
    """Yield the parts that hold no others, in order; a message within is one."""
    kind = part.get_content_type()
    if not part.is_multipart() or part.get_content_maintype() == "message":
        if kind not in _SIGNATURES:
            yield _Leaf(part, _is_body(part))
        return
    within = [list(_leaves(child)) for child in _payloads(part)]
    if kind == "multipart/alternative":
        chosen = _best(within)
        within = [
            [leaf for leaf in leaves if leaves is chosen or not leaf.is_body] for leaves in within
        ]
    for leaves in within:
        yield from leaves


def _best(alternatives: list[list[_Leaf]]) -> list[_Leaf]:
    """Return the one of several versions of a text that is read: plain, unless it is empty."""

    def says(leaves: list[_Leaf], kind: str) -> bool:
        bodies = [leaf.part for leaf in leaves if leaf.is_body]
        return any(part.get_content_type() == kind and _body(part)[0] for part in bodies)

    for kind in ("text/plain", "text/html"):
        for leaves in alternatives:
            if says(leaves, kind):
                return leaves
    return alternatives[-1] if alternatives else []


def _is_body(part: Message) -> bool:
    """Whether a part is text of the message: no file, and of no other kind."""
    is_text = part.get_content_type() in ("text/plain", "text/html", "text/enriched")
    is_broken = part.get_content_maintype() == "multipart"  # its boundary stands nowhere
    return (is_text or is_broken) and not _is_file(part)


def _is_file(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _body(part: Message) -> tuple[str, list[Heading]]:
    """Return the text of a body, without blank lines around it, and its headings."""
    data, charset = _data(part), part.get_param("charset")
    charset = charset if isinstance(charset, str) else None
    if part.get_content_type() == "text/html":
        try:
            text, headings, _ = page(decoded(data, charset))
        except UnreadableError:  # its bytes are no text, or it is nested past reading
            return "", []
        margin = len(text) - len(text.lstrip())
        return text.strip(), [Heading(h.start - margin, h.level, h.title) for h in headings]
    text = text_of(data, charset)
    if _said(part, "format") == "flowed":
        text = _unflowed(text, is_space_part=_said(part, "delsp") != "yes")
    return text.strip("\n").rstrip(), []


def _joined(pieces: list[tuple[str, list[Heading]]], subject: str) -> tuple[str, list[Heading]]:
    """Join the pieces by blank lines, each under the subject."""
    text = ""
    found: list[Heading] = []
    for piece, headings in pieces:
        if not piece.strip():
            continue
        text += "\n\n" if text else ""
        if not found or found[-1].level:
            found.append(Heading(len(text), 0, subject))
        found += (Heading(len(text) + h.start, h.level, h.title) for h in headings)
        text += piece
    return text, found


def _unflowed(text: str, *, is_space_part: bool) -> str:
    """Join the lines of a text that its writer's program broke (RFC 3676)."""
    lines: list[str] = []
    open_depth = -1  # of the line that goes on in the next
    for line in text.split("\n"):
        words = line.lstrip(">")
        depth = len(line) - len(words)
        words = words.removeprefix(" ")  # put before what would else be taken for a mark
        if depth == open_depth and words != "-- ":
            lines[-1] += words
        else:
            lines.append(f"{'>' * depth} {words}" if depth else words)
        goes_on = words.endswith(" ") and words != "-- "
        open_depth = depth if goes_on else -1
        if goes_on and not is_space_part:
            lines[-1] = lines[-1][:-1]
    return "\n".join(lines)


def _attached(part: Message) -> Part | None:
    """Return what comes with a message as a file; None for what is there for the looks."""
    if part.get_content_maintype() == "message":
        return _inner_message(part)
    is_shown = bool(header(part, "Content-ID")) or part.get_content_disposition() == "inline"
    is_looks = is_shown and part.get_content_maintype() == "image"
    data = _data(part)
    if is_looks and len(data) < _LOOKS:
        return None
    return Part(_name(part), data, incidental=is_looks)


def _inner_message(part: Message) -> Part:
    inner = _payloads(part)
    if part.get_content_type() not in _MESSAGES or len(inner) != 1:
        name = plain(part.get_filename() or "") or f"{part.get_content_subtype()}.txt"
    else:
        name = plain(part.get_filename() or "") or _message_name(inner[0])
        name = name if name.lower().endswith(".eml") else f"{name}.eml"
    try:
        return Part(name, b"\n".join(message.as_bytes(policy=_AS_WRITTEN) for message in inner))
    except (LookupError, RecursionError, TypeError, ValueError):
        return Part(name, b"", "is broken in its message; save it by itself")


def _name(part: Message) -> str:
    """Return a file's name, with the suffix of its kind where it has none."""
    name = plain(part.get_filename() or "") or "unnamed"
    suffix = _KINDS.guess_extension(part.get_content_type()) or ""
    return name if PurePosixPath(name).suffix else name + suffix


def _data(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    if isinstance(found, bytes):
        return found
    return b""


def _payloads(part: Message) -> list[Message]:
    found: Any = part.get_payload()
    return found if isinstance(found, list) else []


def _said(part: Message, name: str) -> str:
    found = part.get_param(name)
    return found.lower() if isinstance(found, str) else ""
