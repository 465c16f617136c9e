"""Hostile text -> HTML: every page that Pincite makes escapes here and nowhere else."""

from __future__ import annotations

import html
import re

# Browsers drop or replace these anyway, and lone surrogates do not survive the way to one.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def shown(raw: str) -> str:
    """Return the characters of a text that a page can show."""
    return _UNSHOWABLE.sub("", raw.replace("\r\n", "\n").replace("\r", "\n"))


def text(raw: object) -> str:
    """Return a text as HTML that shows it, in content and in quoted attributes alike."""
    return html.escape(shown(str(raw)), quote=True)


def name(raw: object) -> str:
    """Return a name in a line of ours, its writing direction kept to itself."""
    return f"<bdi>{text(raw)}</bdi>"
