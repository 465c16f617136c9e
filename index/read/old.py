"""Files with the names of Office before 2007 (.doc, .ppt): read where they are something else."""

from __future__ import annotations

from index.errors import UnreadableError
from index.read.office import read_docx
from index.read.outline import Reading
from index.read.rtf import read_rtf
from index.read.slides import read_pptx
from index.read.web import read_html

_PACKAGE = b"PK"
_RTF = b"{\\rtf"
_MARKUP = b"<"


def read_doc(data: bytes) -> Reading:
    """Read RTF, HTML and the Word of today, which programs also save under this name.

    Raises UnreadableError for the old format itself.
    """
    start = data[:100].lstrip()
    if start.startswith(_PACKAGE):
        return read_docx(data)
    if start.startswith(_RTF):
        return read_rtf(data)
    if start.startswith(_MARKUP):
        return read_html(data)
    raise UnreadableError("is an old .doc, which Pincite does not read; save it as .docx")


def read_ppt(data: bytes) -> Reading:
    """Read the PowerPoint of today under this name. Raises UnreadableError for the old format."""
    if data.startswith(_PACKAGE):
        return read_pptx(data)
    raise UnreadableError("is an old .ppt, which Pincite does not read; save it as .pptx")
