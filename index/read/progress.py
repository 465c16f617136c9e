"""How far the reading of a file has come, for those who wait for it: "page 12 of 300"."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

Tell = Callable[[int, int], None]  # told how many pages are done, of how many


def _nobody(done: int, total: int) -> None:
    """Tell nobody."""


LISTENER: ContextVar[Tell] = ContextVar("listener", default=_nobody)


def report(done: int, total: int) -> None:
    """Say how many pages of the file at hand are done, of how many."""
    LISTENER.get()(done, total)
