"""Work that goes on while the caller does something else."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from queue import Full, Queue
from threading import Event, Thread
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


def ahead(
    items: Iterable[T], most: int, *, name: str, waiting: Event, every: float = 0.2
) -> Generator[T]:
    """Yield the items, which a thread of that name makes ahead: at most so many.

    `waiting` is set while there is none. The thread ends within so many seconds when this is
    closed, once it has the item at hand.
    """
    made: Queue[tuple[T] | BaseException | None] = Queue(most)
    ended = Event()

    def hand_over(item: tuple[T] | BaseException | None) -> bool:
        while not ended.is_set():
            try:
                made.put(item, timeout=every)
            except Full:
                continue
            return True
        return False

    def run() -> None:
        try:
            for item in items:
                if not hand_over((item,)):
                    return
            hand_over(None)
        except BaseException as error:  # raised where the items are taken
            hand_over(error)

    Thread(target=run, name=name, daemon=True).start()
    try:
        while True:
            waiting.set()
            item = made.get()
            waiting.clear()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item[0]
    finally:
        ended.set()
