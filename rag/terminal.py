"""Text for a terminal: what a document holds must not steer it."""

from __future__ import annotations


def line(text: str) -> str:
    """Return the text in one line that a terminal shows as it is: control characters escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
