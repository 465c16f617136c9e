"""Killed at any moment, on a full disk: a document is wholly in or wholly out, and none is lost."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from index import Library
from index.errors import LibraryError
from index.read import read
from index.records import Document
from tests import crash
from tests.fakes import LetterEncoder
from tests.test_library import ROOT

_MARK = "PINCITE_CRASH_TEST"


@pytest.fixture(scope="module")
def texts() -> dict[str, set[str]]:
    """The texts that the bytes of each hash are read as, one file at a time and never stopped."""
    known: dict[str, set[str]] = {}
    folder = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108
    import tempfile

    with tempfile.TemporaryDirectory(dir=folder) as at:
        for suffix, kinds in crash.pool().items():
            for data in kinds:
                file = Path(at, f"x{suffix}")
                file.write_bytes(data)
                for found in read(file, "x"):
                    assert isinstance(found, Document)
                    known.setdefault(found.sha256, set()).add(found.text)
    return known


def started(library: Path, folder: Path, seed: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.crash", str(library), str(folder), str(seed)],
        cwd=ROOT,
        env={**os.environ, _MARK: f"{library} {seed}"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def left_behind(mark: str) -> list[str]:
    """Return the processes that still have the mark of a run."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{_MARK}={mark}\0".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


def killed(library: Path, folder: Path, seed: int) -> list[dict]:
    """Let a process work, kill it at a random moment, and return what it told."""
    rng = random.Random(seed)
    process = started(library, folder, seed)
    told: list[dict] = []

    def listen() -> None:
        assert process.stdout
        for line in process.stdout:
            with contextlib.suppress(ValueError):  # the last line may be cut
                told.append(json.loads(line))

    listener = Thread(target=listen)
    listener.start()
    begun = rng.randint(1, 3)  # which step it is killed in
    deadline = time.monotonic() + 120
    while sum("begin" in line for line in told) < begun and time.monotonic() < deadline:
        assert process.poll() is None, f"it ended by itself: {told}"
        time.sleep(0.002)
    time.sleep(rng.choice([0.02, 0.1, 0.5, 2.0]) * rng.random())
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    listener.join()
    return told


def judged(library: Library, texts: dict[str, set[str]], told: list[dict]) -> None:
    """Say what is wrong after a kill; nothing where all is well."""
    assert library.check() == []
    assert not [line for line in told if "error" in line]
    now = crash.state(library)
    for name, sha256 in now.items():
        if name != "given":
            assert library.text(name) in texts[sha256], f"{name} is half in"
    done = [line["done"] for line in told if "done" in line]
    if done and "begin" in told[-1]:
        touched = told[-1]["touched"]
        for name, sha256 in done[-1].items():
            outer = name.partition("/")[0]
            if not any(outer == file.partition("/")[0] for file in touched):
                assert now.get(name) == sha256, f"{name} was lost in {told[-1]}"
    elif done:
        assert now == done[-1]


def whole_again(library: Library, folder: Path, texts: dict[str, set[str]]) -> None:
    """Index what there is, and expect just that in the library."""
    report = library.add([folder], prune=True)
    assert report.failed == ()
    now = crash.state(library)
    inside = {name.partition("/")[0] for name in now} - {"given"}
    assert inside == {file.name for file in folder.iterdir()}
    assert {sha256 for name, sha256 in now.items() if name != "given"} <= {*texts}
    assert library.check() == []
    name = sorted(now)[len(now) // 2]
    word = max(library.text(name).split(), key=len)
    assert library.search(word)


def survives(tmp_path: Path, texts: dict[str, set[str]], kills: int) -> dict[str, int]:
    """Kill so often, and return in which steps."""
    at, folder = tmp_path / "library", tmp_path / "files"
    folder.mkdir()
    for file in crash.originals():
        shutil.copy(file, folder)
    in_steps: dict[str, int] = {}
    for seed in range(kills):
        told = killed(at, folder, seed)
        last = told[-1].get("begin", "between") if told else "opening"
        in_steps[last] = in_steps.get(last, 0) + 1
        with Library.open(at, encoder=LetterEncoder()) as library:
            judged(library, texts, told)
            if seed % 10 == 9 or seed == kills - 1:
                whole_again(library, folder, texts)
        deadline = time.monotonic() + 10
        while (left := left_behind(f"{at} {seed}")) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left == []
    return in_steps


needs_proc = pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs Linux's /proc")


@needs_proc
@pytest.mark.timeout(7200)
@pytest.mark.proof
def test_two_hundred_kills(tmp_path, texts, capsys):
    in_steps = survives(tmp_path, texts, 200)
    with capsys.disabled():
        print(in_steps)
    assert sum(in_steps.values()) == 200


@needs_proc
def test_a_few_kills(tmp_path, texts):
    assert sum(survives(tmp_path, texts, 4).values()) == 4


# Damage


def damaged(data: bytes, rng: random.Random) -> bytes:
    """A file with some bytes changed, cut off, or a page of it lost."""
    found = bytearray(data)
    match rng.randrange(3):
        case 0:
            for _ in range(rng.randint(1, 40)):
                found[rng.randrange(len(found))] = rng.randrange(256)
        case 1:
            del found[rng.randrange(len(found)) :]
        case _:
            page = 4096 * rng.randrange(len(found) // 4096)
            found[page : page + 4096] = bytes(4096)
    return bytes(found)


def outlives_damage(tmp_path: Path, times: int) -> dict[str, int]:
    """Damage a catalog so often; return what was said."""
    at = tmp_path / "library"
    with Library.open(at, encoder=LetterEncoder()) as library:
        fill(library, 30)
        known = {name: library.text(name) for name in crash.state(library)}
    file = at / "catalog.sqlite"
    whole = file.read_bytes()
    said: dict[str, int] = {}
    for seed in range(times):
        shutil.rmtree(at)
        at.mkdir()
        file.write_bytes(damaged(whole, random.Random(seed)))
        try:
            with Library.open(at, encoder=LetterEncoder()) as library:
                faults = library.check()
                assert all("\n" not in str(fault) for fault in faults)
                if not faults:
                    what = "harmless"
                    assert {name: library.text(name) for name in crash.state(library)} == known
                    assert library.search("harbour")
                else:
                    lost = library.check(repair=True)
                    what = "mended but for what was lost" if lost else "mended"
                    assert library.check() == []
                    for name in crash.state(library):
                        assert library.text(name) == known[name]
        except LibraryError as error:
            what = "refused"
            assert "\n" not in str(error)  # noqa: PT017
        said[what] = said.get(what, 0) + 1
    return said


@pytest.mark.timeout(3600)
@pytest.mark.proof
def test_damage_is_told_or_mended_never_believed(tmp_path, capsys):
    said = outlives_damage(tmp_path, 200)
    with capsys.disabled():
        print(said)
    assert sum(said.values()) == 200


def test_some_damage_is_told_or_mended(tmp_path):
    assert sum(outlives_damage(tmp_path, 12).values()) == 12


# A full disk


@contextlib.contextmanager
def small_disk(at: Path, size: int) -> Iterator[Path]:
    """Mount a disk of so many bytes; skips where that is not allowed."""
    at.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(at)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def fill(library: Library, number: int) -> LibraryError | None:
    """Add texts until there is no more room; return what was said then."""
    for n in range(number):
        try:
            library.add_texts([(f"{n:04}", f"Text number {n} of the harbour. " * 300)])
        except LibraryError as error:
            return error
    return None


def test_on_a_full_disk_what_is_in_stays_whole(tmp_path):
    with small_disk(tmp_path / "disk", 6_000_000) as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(1_500_000))
        with Library.open(disk / "library", encoder=LetterEncoder()) as library:
            said = fill(library, 2000)
            assert "full" in str(said)
            assert "\n" not in str(said)
            held = crash.state(library)
            assert len(held) > 20
            assert library.check() == []
            for name in held:
                assert library.text(name) == f"Text number {int(name)} of the harbour. " * 300
            with pytest.raises(LibraryError, match=r"cannot write .*search"):
                library.search("harbour")
            ballast.unlink()
            assert library.search("harbour")
            assert library.add_texts([("late", "There is room again.")]).added == ("late",)
            assert library.check() == []
        with Library.open(disk / "library", encoder=LetterEncoder()) as library:
            assert crash.state(library).keys() == {*held, "late"}
            assert library.check() == []


def test_where_a_file_may_not_grow_what_is_in_stays_whole(tmp_path):
    script = (
        "import resource, signal, sys\n"
        "from index import Library\n"
        "from tests.fakes import LetterEncoder\n"
        "from tests.test_crash import fill\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "with Library.open(sys.argv[1], encoder=LetterEncoder()) as library:\n"
        "    fill(library, 1)\n"  # what is loaded once is loaded now
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))\n"
        "    print(fill(library, 2000))\n"
        "    print(library.check())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "library"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said, faults = done.stdout.splitlines()
    assert "the library at" in said
    assert faults == "[]"
    with Library.open(tmp_path / "library", encoder=LetterEncoder()) as library:
        held = crash.state(library)
        assert len(held) > 5
        assert library.check() == []
        assert library.search("harbour")
        assert fill(library, len(held) + 30) is None
        assert crash.state(library).keys() >= held.keys()
