"""Thousands of files: memory stays flat; what opening, adding and removing cost is printed."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import pytest

from index import Library
from index.embed import Spans, Vectors

DIMENSION = 384


class HashEncoder:
    """A vector of the embedded model's length for each text, out of a few thousand."""

    name, dimension, languages = "hashed", DIMENSION, ()

    def __init__(self) -> None:
        rows = np.random.default_rng(0).standard_normal((4096, DIMENSION)).astype(np.float32)
        self._rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def encode(self, texts, *, batch_size=1) -> Vectors:
        return self._rows[[sum(text.encode()) % 4096 for text in texts]]

    def encode_question(self, question) -> Vectors:
        return self.encode([question])[0]

    def encode_passage(self, text, sentences) -> tuple[Vectors, Vectors]:
        return self.encode([text])[0], self.encode([text[a:b] for a, b in sentences])

    def encode_pieces(self, text) -> tuple[Spans, Vectors]:
        return np.empty((0, 2), np.int64), np.empty((0, DIMENSION), np.float32)


def generate(folder: Path, files: int, characters: int) -> Path:
    """Write files of sentences of made-up words, some common and most rare."""
    rng = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(rng.choices(letters, k=rng.randint(2, 10))) for _ in range(30_000)]
    weights = [1 / (rank + 10) for rank in range(len(words))]
    folder.mkdir()
    for number in range(files):
        drawn = iter(rng.choices(words, weights, k=characters // 4))
        text = ""
        while len(text) < characters:
            text += " ".join(next(drawn) for _ in range(rng.randint(6, 20))).capitalize() + ". "
        (folder / f"{number:05}.txt").write_text(f"{text}\n\nMark{number}.")
    return folder


def resident() -> float:
    """Return the megabytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def grown(tmp_path: Path, files: int, characters: int) -> dict[str, float]:
    """Index generated files and return what it costs, in megabytes and seconds."""
    folder, at = generate(tmp_path / "files", files, characters), tmp_path / "library"
    early = files // 5
    memory: dict[int, float] = {}

    def tell(now):
        if now.files_done not in memory:
            memory[now.files_done] = resident()

    with Library.open(at, encoder=HashEncoder()) as library:
        assert len(library.add([folder], progress=tell).added) == files
        library.refresh()
    costs = {"grown": max(memory.values()) - memory[early]}
    opened: list[Library] = []
    costs["open"] = timed(lambda: opened.append(Library.open(at, encoder=HashEncoder())))
    with opened[0] as library:
        costs["first search"] = timed(lambda: library.search("harbour"))
        one = tmp_path / "one.txt"
        one.write_text("The quicksilver harbour. " + (folder / "00007.txt").read_text())
        costs["add"] = timed(lambda: library.add([one]))
        costs["search after it"] = timed(lambda: library.search("quicksilver"))
        assert library.search("quicksilver")[0].document == "one.txt"
        costs["remove"] = timed(lambda: library.remove("one.txt"))
        costs["search after that"] = timed(lambda: library.search("quicksilver"))
        last = files - 1
        assert f"Mark{last}." in library.search(f"Mark{last}")[0].text
        assert library.count()[0] == files
        assert library.add([folder]).unchanged == tuple(f"{n:05}.txt" for n in range(files))
    return costs


@pytest.mark.timeout(3600)
@pytest.mark.proof
def test_ten_thousand_files_of_a_hundred_megabytes(tmp_path, capsys):
    costs = grown(tmp_path, 10_000, 10_000)
    with capsys.disabled():
        print({name: round(cost, 3) for name, cost in costs.items()})
    assert costs["grown"] < 100


def test_hundreds_of_files(tmp_path):
    costs = grown(tmp_path, 250, 3_000)
    assert costs["grown"] < 60
