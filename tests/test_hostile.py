"""Hostile and broken files cost one clear line each, and never the process."""

from __future__ import annotations

import os
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from index import Library
from index.errors import LibraryError
from tests import hostile
from tests.fakes import LetterEncoder

GOOD = "The harbour is deep."
NOBODY = nullcontext()
MOST_MEMORY = 1_500  # megabytes
QUICK = [
    "empty.txt", "zeros.txt", "pipe.txt", "loop.txt", "text.pdf", "million.pdf", "loop.pdf",
    "laughs.docx", "laughs.odt", "deep.fodt", "flipped.xlsx", "deep.json", "nested.zip",
    "locked.zip", "links.tar", "bomb.png",
]  # fmt: skip
_JARGON = ("Traceback", "Error:", "Exception", "0x", "object at")


class Memory:
    """The most memory that this process has had more, within, with the one that reads."""

    def __init__(self) -> None:
        self.most = 0.0

    def __enter__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(resident(os.getpid()),))
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self, before: float) -> None:
        while not self._ended.wait(0.02):
            readers = [int(p.name) for p in Path("/proc").glob("[0-9]*") if is_reader(p)]
            own = resident(os.getpid()) - before
            self.most = max(self.most, own + sum(map(resident, readers)))


def is_reader(process: Path) -> bool:
    try:
        parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        return parent == os.getpid() and b"index.read.worker" in (process / "cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return False


def resident(pid: int) -> float:
    """Return the megabytes that a process has, 0 if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6
    except (OSError, IndexError):
        return 0.0


def judge(
    folder: Path, library: Library, name: str, watched: AbstractContextManager[object] = NOBODY
) -> str:
    """Add a hostile file beside a good one; return the line that is said of it."""
    make, said = hostile.FILES[name]
    folder.mkdir()
    good = f"good-{name}.txt"
    (folder / good).write_text(f"{GOOD} {name}")
    make(folder / name)
    before = {file.name for file in folder.parent.iterdir()}
    with watched:
        report = library.add([folder / name, folder / good])
    assert [failure.name for failure in report.failed] in ([name], [str(folder / name)])
    (failure,) = report.failed
    assert said in failure.reason
    assert "\n" not in failure.reason
    assert 5 < len(failure.reason) < 300
    assert not any(word in failure.reason for word in _JARGON)
    assert report.added == (good,)
    assert {file.name for file in folder.parent.iterdir()} == before
    return failure.reason


@pytest.mark.parametrize("name", QUICK)
def test_the_worst_costs_a_line(library, tmp_path, name):
    judge(tmp_path / "files", library, name)
    assert library.check() == []


@pytest.mark.timeout(3600)
@pytest.mark.proof
def test_every_hostile_file_costs_a_line(tmp_path, capsys):
    assert len(hostile.FILES) >= 60
    wrong = []
    memory = Memory()
    with Library.open(tmp_path / "library", encoder=LetterEncoder()) as library:
        for number, name in enumerate(hostile.FILES):
            start = time.monotonic()
            try:
                said = judge(tmp_path / str(number), library, name, memory)
            except (AssertionError, LibraryError) as error:
                wrong.append(name)
                said = f"WRONG: {str(error)[:300]}"
            with capsys.disabled():
                took = time.monotonic() - start
                print(f"{name:14} {took:5.1f} s {memory.most:6.0f} MB  {said}")
        assert library.check() == []
        (reader, *others) = [*filter(is_reader, Path("/proc").glob("[0-9]*")), None]
        assert (reader, others) == (None, [])
    assert wrong == []
    assert memory.most < MOST_MEMORY


def test_paths_that_climb_out_of_an_archive_lead_nowhere(library, tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    at = tmp_path / "deep" / "er" / "climb.zip"
    members = {"../../up.txt": b"One.", "/etc/root.txt": b"Two.", "C:\\win.txt": b"Three."}
    at.write_bytes(hostile.zipped(members))
    before = sorted(tmp_path.rglob("*"))
    report = library.add([at])
    assert report.added == ("climb.zip/up.txt", "climb.zip/etc/root.txt", "climb.zip/win.txt")
    assert sorted(tmp_path.rglob("*")) == before
