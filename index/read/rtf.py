"""Rich Text Format (.rtf) -> its text. striprtf knows no styles, so there are no headings."""

from __future__ import annotations

import re

from striprtf.striprtf import rtf_to_text

from index.errors import UnreadableError
from index.read.outline import Block, Reading, clean, flowed

_STARTS = b"{\\rtf"
_HIDDEN = re.compile(r"\{[^{}]*\\v(?![a-z0-9])[^{}]*\}")  # a group that people do not see


def read_rtf(data: bytes) -> Reading:
    """Read the paragraphs of an RTF document; a row of a table is a line.

    Raises UnreadableError where it is no RTF.
    """
    if not data.lstrip().startswith(_STARTS):
        raise UnreadableError("is not RTF, or a broken one; save it again")
    source = _HIDDEN.sub("", data.decode("latin-1"))  # RTF is ASCII: what is not is escaped
    text: str = rtf_to_text(source, errors="replace")  # type: ignore[no-untyped-call]
    lines = (clean(line).strip() for line in text.split("\n"))
    return flowed(_block(line) for line in lines)


def _block(line: str) -> Block:
    """Return a paragraph; a row, whose cells end with a bar, stands with those around it."""
    if line.endswith("|"):
        cells = [cell.strip() for cell in line[:-1].split("|")]
        return Block(" | ".join(cells), item=True)
    return Block(line)
