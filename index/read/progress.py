"""How far the reading of a file has come, for those who wait for it: "page 12 of 300"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Tell = Callable[[int, int], None]  # told how many pages are done, of how many


def _nobody(done: int, total: int) -> None:
    """Tell nobody."""


_LISTENER: ContextVar[Tell] = ContextVar("listener", default=_nobody)


def report(done: int, total: int) -> None:
    """Say how many pages of the file at hand are done, of how many."""
    _LISTENER.get()(done, total)


@contextmanager
def listening(tell: Tell) -> Iterator[None]:
    """Let `tell` be told, within."""
    token = _LISTENER.set(tell)
    try:
        yield
    finally:
        _LISTENER.reset(token)
