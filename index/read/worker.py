"""The process in which files are read: `python -m index.read.worker`. See `index.read.sandbox`.

A line of JSON on standard input asks for a file; lines of JSON on standard output answer: "page"
while it is being read, then a "document" or "failure" for each that is in it, then "end", or
"error" where the file cannot be taken in. Or it asks for a page to be drawn, and "drawn" answers.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import IO, Any

from index.errors import UnreadableError
from index.read import data_of, read
from index.read.progress import listening
from index.read.render import Mark, render
from index.records import Document, Failure

_LOOK_EVERY = 0.5  # seconds between two looks at the parent

Say = Callable[[dict[str, Any]], None]


def main() -> None:
    """Answer until standard input ends."""
    limit(int(sys.argv[1]))
    Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
        for line in sys.stdin:
            asked = json.loads(line)
            answer(asked, lambda what: write(answers, what))


def limit(memory: int) -> None:
    """Let this process have no more bytes of memory than that, write no file and dump no core.

    Where the system knows no such limits, the parent's own remain.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, most in (
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def end_with(parent: int) -> None:
    """End this process when its parent is gone, whatever it is at."""
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
    os._exit(1)


def answer(asked: dict[str, Any], say: Say) -> None:
    """Read a file and say what is in it."""
    path = Path(os.fsdecode(base64.b64decode(asked["path"])))
    try:
        if "draw" in asked:
            say(_drawn(path, **asked["draw"]))
            return
        with listening(lambda done, total: say({"page": [done, total]})):
            for found in read(path, asked["name"], **asked["limits"]):
                say(_failure(found) if isinstance(found, Failure) else _document(found))
    except UnreadableError as error:
        say({"error": str(error)})
    except MemoryError:
        say({"error": "needs more memory to be read than it may have: split it"})
    else:
        say({"end": True})


def _drawn(path: Path, part: str, page: int, width: int, marks: list[Mark]) -> dict[str, Any]:
    data, suffix = data_of(path, part)
    png = render(data, suffix, page, width, marks)
    return {
        "drawn": base64.b64encode(png).decode(),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def write(file: IO[bytes], what: dict[str, Any]) -> None:
    """Write a line of JSON."""
    file.write(json.dumps(what, ensure_ascii=False).encode() + b"\n")
    file.flush()


def _failure(failure: Failure) -> dict[str, Any]:
    return {"failure": [failure.name, failure.reason]}


def _document(document: Document) -> dict[str, Any]:
    return {
        "document": [document.name, document.sha256, document.text, document.part],
        "places": [[p.start, p.end, p.page, p.heading, p.unit, p.ocr] for p in document.places],
        "boxes": base64.b64encode(zlib.compress(document.boxes.tobytes(), 1)).decode(),
    }


if __name__ == "__main__":
    main()
