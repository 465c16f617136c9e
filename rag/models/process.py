"""The process of `rag.models.engine`, as those who ask see it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO, Any

from rag.models.pulse import coming

Message = dict[str, str]  # "role" and "content", as chat templates take them
Said = dict[str, Any]  # of the engine: see its docstring

_KILLED = -9  # how a process ends for which there is no memory, on POSIX
_ENDS_S = 1.0  # seconds that it may take to end, once its output did
_TUNABLES, _LARGE_PAGES = "GLIBC_TUNABLES", "glibc.malloc.hugetlb"


class EngineError(Exception):
    """What the engine says went wrong, in one line."""


class EngineProcess:
    """A process of `rag.models.engine`. It ends when this one does."""

    def __init__(self, path: str) -> None:
        """Start it; it loads the model at that path meanwhile."""
        # What libraries say there: their last line tells why it ended.
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process's output
        path_to_us = os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)
        self._process = subprocess.Popen(  # noqa: S603 - no shell; the path is the user's own
            # -P: not the folder that the user is in, where a json.py may lie.
            [sys.executable, "-P", "-m", "rag.models.engine", path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": path_to_us, _TUNABLES: _tuned()},
            text=True,
            encoding="utf-8",
        )
        self._writing = threading.Lock()
        self._numbers = count(1)
        self._answers = _Answers(self._process, errors)
        self.close = weakref.finalize(self, _end, self._process)

    def wait_until_loaded(self) -> None:
        """Return when it can be asked; raises EngineError."""
        first = self._answers.next()
        if "error" in first:
            self.close()
            self._answers.close()
            raise EngineError(first["error"])
        threading.Thread(target=self._answers.hand_out, daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process.poll() is None

    def generate(
        self, messages: list[Message], max_new_tokens: int, stop: Sequence[str]
    ) -> Iterator[str]:
        """Yield the text of an answer; raises EngineError. Closing it ends the work on it."""
        number = next(self._numbers)
        asked = {"id": number, "messages": messages, "max_new_tokens": max_new_tokens}
        done = False
        try:
            said = self._answers.to(number)
            self._send(asked | {"stop": list(stop)})
            for what in coming(said):
                if what and "text" not in what:
                    done = True
                    if "error" in what:
                        raise EngineError(what["error"])
                    return
                yield what["text"] if what else ""
        finally:
            if not done:
                self._send({"cancel": number})
            self._answers.forget(number)

    def _send(self, what: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        # It may have ended, which the reader of its answers tells.
        with self._writing, suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()


class _Answers:
    """What a process says, handed to those who wait for it."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors
        self._lock = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[Said]] = {}
        self._end: Said | None = None

    def to(self, number: int) -> queue.SimpleQueue[Said]:
        """Return where the answers to a question will come."""
        with self._lock:
            said = self._waiting[number] = queue.SimpleQueue()
            if self._end:
                said.put(self._end)
        return said

    def forget(self, number: int) -> None:
        """Take no more answers to a question."""
        with self._lock:
            self._waiting.pop(number, None)

    def hand_out(self) -> None:
        """Hand on what comes until the process ends, which all who wait are told."""
        while "id" in (what := self.next()):
            with self._lock:
                if what["id"] in self._waiting:
                    self._waiting[what["id"]].put(what)
        with self._lock:
            self._end = what
            for said in self._waiting.values():
                said.put(what)
        self.close()

    def close(self) -> None:
        """Let go of what was read from the process, which has ended."""
        for file in (self._process.stdout, self._errors):
            assert file is not None  # noqa: S101 - it is a pipe
            file.close()

    def next(self) -> Said:
        """Return the next thing that the process says, its end as an error."""
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        with suppress(json.JSONDecodeError):  # at its end, or of half a line
            said: Said = json.loads(self._process.stdout.readline())
            return said
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDS_S)  # of itself: how, tells why
        self._process.kill()
        code = self._process.wait()
        if code == _KILLED:
            return {"error": "its process was killed: the memory may have been too small"}
        self._errors.seek(0)
        last = self._errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        return {"error": f"its process ended unasked{f' ({last[0].strip()})' if last else ''}"}


def _tuned() -> str:
    """Return glibc's settings with large pages for what is large: a tenth faster, cold a quarter.

    Anything else than glibc ignores them.
    """
    known = os.environ.get(_TUNABLES, "")
    return known if _LARGE_PAGES in known else ":".join(filter(None, [known, f"{_LARGE_PAGES}=1"]))


def _end(process: subprocess.Popen[str]) -> None:
    """End a process, whatever it is at: it keeps nothing that could be lost."""
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    process.kill()
    with suppress(OSError):
        process.stdin.close()
    process.wait()
