"""A pulse while nothing comes, so that who reads a stream can stop it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import Future, wait
from contextlib import closing
from contextvars import copy_context
from typing import Any

_PULSE = 0.2  # seconds
_DONE = object()


def coming(said: queue.SimpleQueue[Any]) -> Iterator[Any]:
    """Yield what is put on the queue, and "" while nothing is."""
    while True:
        try:
            yield said.get(timeout=_PULSE)
        except queue.Empty:
            yield ""


def until(done: Future[Any]) -> Iterator[str]:
    """Yield "" until the work is done; raises what it raises."""
    while not done.done():
        wait([done], timeout=_PULSE)
        yield ""
    done.result()


def pulsed(source: Generator[Any]) -> Iterator[Any]:
    """Yield what the source yields, and "" while nothing comes; raises what it raises.

    The source runs on a thread of its own. Closing this closes it at the next thing that it yields.
    """
    said: queue.SimpleQueue[Any] = queue.SimpleQueue()
    closed = threading.Event()

    def run() -> None:
        try:
            with closing(source):
                for thing in source:
                    said.put(thing)
                    if closed.is_set():
                        return
        except Exception as error:  # told to the thread that reads
            said.put(error)
        finally:
            said.put(_DONE)

    threading.Thread(target=copy_context().run, args=(run,), daemon=True).start()
    try:
        for thing in coming(said):
            if thing is _DONE:
                return
            if isinstance(thing, Exception):
                raise thing
            yield thing
    finally:
        closed.set()
