"""Reads files in a process of its own: a hostile one costs a line, and never this process.

That process (`index.read.worker`) has limits on memory and on the time without a sign of life; it
is ended where it passes them, and another one is started for the next file. What it says is JSON,
never a pickle.
"""

from __future__ import annotations

import base64
import json
import os
import selectors
import subprocess
import sys
import time
import weakref
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import UnreadableError
from index.read import MAX_BYTES, is_plain, read
from index.read.outline import MAX_CHARS
from index.read.progress import report
from index.read.render import Mark
from index.records import Document, Failure, Place

MEMORY = 1_300_000_000  # bytes that reading a file may take: OCR takes one billion
SECONDS = 120.0  # without a page that is done, or a document

_WORKER = ("-m", "index.read.worker")
_LOOK_EVERY = 0.05  # seconds between two looks at its memory
_CHUNK = 1 << 20  # bytes
_MAX_LINE = 800_000_000  # bytes of one document as JSON
_BACKSTOP = 2  # times the memory: what the system itself ends it at


class Sandbox:
    """Reads files one after the other, those of binary formats in a process of its own."""

    def __init__(self, *, memory: int = MEMORY, seconds: float = SECONDS) -> None:
        self._memory, self._seconds = memory, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._left = b""  # what came after the last line

    def read(
        self, path: Path, name: str, *, max_bytes: int = MAX_BYTES, max_chars: int = MAX_CHARS
    ) -> Iterator[Document | Failure]:
        """Yield what `index.read.read` does; raises UnreadableError as it does."""
        limits = {"max_bytes": max_bytes, "max_chars": max_chars}
        if is_plain(path):  # needs no library that could be broken
            yield from read(path, name, **limits)
            return
        self._ask({"path": _text(os.fsencode(path)), "name": name, "limits": limits})
        done = False
        try:
            while True:
                said = self._next()
                if "page" in said:
                    report(*said["page"])
                elif "document" in said:
                    yield _document(said)
                elif "failure" in said:
                    yield Failure(*said["failure"])
                elif "error" in said:
                    done = True
                    raise UnreadableError(said["error"])
                else:
                    done = True
                    return
        finally:
            if not done:
                self.close()  # it is at work on what nobody waits for

    def draw(
        self, path: Path, part: str, page: int, width: int, marks: Sequence[Mark]
    ) -> tuple[bytes, str]:
        """Return what `index.read.render` draws of a file, or of one inside, and its SHA-256."""
        drawing = {"part": part, "page": page, "width": width, "marks": list(marks)}
        self._ask({"path": _text(os.fsencode(path)), "draw": drawing})
        while "drawn" not in (said := self._next()):
            if "error" in said:
                raise UnreadableError(said["error"])
        return base64.b64decode(said["drawn"]), said["sha256"]

    def close(self) -> None:
        """End the process, if there is one; the next file starts another."""
        if self._process:
            _end(self._process)
        self._process, self._left = None, b""

    def _ask(self, what: dict[str, Any]) -> None:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = _started(_BACKSTOP * self._memory)
            weakref.finalize(self, _end, self._process)
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with suppress(BrokenPipeError):  # it ended, which its answer tells
            self._process.stdin.write(json.dumps(what).encode() + b"\n")
            self._process.stdin.flush()

    def _next(self) -> dict[str, Any]:
        """Return the next line that the process says; raises UnreadableError where none comes."""
        process = self._process
        assert process is not None  # noqa: S101 - it was asked
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        lines = [self._left]
        deadline = time.monotonic() + self._seconds
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in lines[-1]:
                if _resident(process.pid) > self._memory:
                    raise UnreadableError(
                        f"needs more than {self._memory / 1e6:,.0f} MB of memory to be read: "
                        "split it"
                    )
                if time.monotonic() > deadline:
                    raise UnreadableError(
                        f"was not read within {self._seconds:g} s, not even a page of it: it may "
                        "be damaged; save it again, or split it"
                    )
                if selector.select(_LOOK_EVERY):
                    chunk = os.read(process.stdout.fileno(), _CHUNK)
                    if not chunk or sum(map(len, lines)) > _MAX_LINE:
                        raise UnreadableError(_ended(process))
                    lines.append(chunk)
        line, _, self._left = b"".join(lines).partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found


def _started(memory: int) -> subprocess.Popen[bytes]:
    path_to_us = os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)
    return subprocess.Popen(  # noqa: S603 - no shell
        # -P: not the folder that the user is in, where a json.py may lie.
        [sys.executable, "-P", *_WORKER, str(memory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path_to_us},
        start_new_session=True,  # Ctrl-C is for us, who end it
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None  # noqa: S101 - it is a pipe
        with suppress(OSError):
            pipe.close()
    process.wait()


def _ended(process: subprocess.Popen[bytes]) -> str:
    process.kill()
    code = process.wait()
    how = f"signal {-code}" if code < 0 else f"code {code}"
    return f"ended its reader ({how}): it may be damaged; save it again, or as another format"


def _resident(pid: int) -> int:
    """Return the bytes of memory that a process has; 0 where the system does not tell."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _document(said: dict[str, Any]) -> Document:
    name, sha256, text, part = said["document"]
    boxes = np.frombuffer(zlib.decompress(base64.b64decode(said["boxes"])), np.int32)
    places = tuple(Place(*row) for row in said["places"])
    return Document(name, sha256, text, places, boxes.reshape(-1, 7), part)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
