"""Work that goes on while the caller does something else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def begun(work: Callable[[], T], name: str) -> Future[T]:
    """Do the work on a thread of that name, for which the end of the program does not wait."""
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # told to the one who waits for it
            done.set_exception(error)

    Thread(target=run, name=name, daemon=True).start()
    return done
