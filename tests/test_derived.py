"""The indexes beside the catalog: made again whenever they are not what they should be."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from index import Library, dense, derived
from index.embed import Encoder
from index.errors import LibraryError
from tests.fakes import LetterEncoder
from tests.test_library import BAKERY, HARBOUR, found

TEXTS = [(f"{n:02}", f"{(HARBOUR, BAKERY)[n % 2]} Number {n}.") for n in range(40)]


@pytest.fixture
def filled(library) -> Library:
    library.add_texts(TEXTS)
    return library


def reopened(library: Library, encoder: Encoder | None = None) -> Library:
    return Library.open(library.path, encoder=encoder or LetterEncoder())


def files(library: Library) -> dict[str, bytes]:
    folder = library.path / "derived" / "search"
    return {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def kind(name: str) -> str:
    """Return the name of a file without what is random in it."""
    return name if len(name) < 32 else name[32:]


def test_a_second_process_reads_what_the_first_wrote(filled, monkeypatch):
    before = found(filled, "deep harbour")

    def never(*_):
        raise AssertionError("built again")

    monkeypatch.setattr(derived, "_built", never)
    monkeypatch.setattr(derived.WordIndex, "update", never)
    with reopened(filled) as library:
        assert found(library, "deep harbour") == before
        assert library.encoder.encoded == 1  # the question


@pytest.mark.parametrize("name", ["words", "words.json", "vectors.faiss", "vectors.json", ""])
def test_what_is_missing_is_made_again(filled, name):
    before = found(filled, "deep harbour")
    gone = filled.path / "derived" / "search" / name
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    with reopened(filled) as library:
        assert found(library, "deep harbour") == before
        assert library.encoder.encoded == 1


def test_what_is_damaged_is_made_again(filled):
    before = found(filled, "deep harbour")
    damages = [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: bytes(len(data)),
        lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
    ]
    for damage in damages:
        for name in sorted({*map(kind, files(filled))}):
            (file,) = [
                file for file in (filled.path / "derived" / "search").rglob("*")
                if kind(file.name) == name
            ]  # fmt: skip
            if "lock" in name:
                continue
            file.write_bytes(damage(file.read_bytes()))
            with reopened(filled) as library:
                assert found(library, "deep harbour") == before, name
                assert library.check() == []


def test_a_catalog_that_was_put_back_is_searched_as_it_is(filled, tmp_path):
    filled.search("deep harbour")
    filled.close()
    shutil.copy(filled.path / "catalog.sqlite", tmp_path / "kept")
    with reopened(filled) as library:
        library.add_texts([(f"later {n}", f"Quick zebras, {n}.") for n in range(5)])
        assert library.search("zebras")[0].document.startswith("later")
    shutil.copy(tmp_path / "kept", filled.path / "catalog.sqlite")
    with reopened(filled) as library:
        library.add_texts([(f"other {n}", f"Lazy yaks, {n}.") for n in range(7)])
        assert library.search("yaks")[0].document.startswith("other")
        assert not [hit for hit in library.search("zebras", 99) if "zebra" in hit.text]


def test_step_by_step_or_at_once_the_search_is_the_same(tmp_path):
    rng = np.random.default_rng(3)
    with (
        Library.open(tmp_path / "a", encoder=LetterEncoder()) as stepwise,
        Library.open(tmp_path / "b", encoder=LetterEncoder()) as other,
        Library.open(tmp_path / "c", encoder=LetterEncoder()) as once,
    ):
        held: dict[str, str] = {}
        for step in range(60):
            name, text = TEXTS[rng.integers(len(TEXTS))]
            if name in held and rng.random() < 0.4:
                del held[name]
                stepwise.remove(name)
            else:
                held[name] = f"{text} Step {step}."
                stepwise.add_texts([(name, held[name])])
            if step % 3 == 0:
                stepwise.search("deep harbour")
            if step % 20 == 0:  # another process looks on
                with reopened(stepwise) as second:
                    assert found(second, "rye bread") == found(stepwise, "rye bread")
        once.add_texts(held.items())
        other.add_texts(reversed(held.items()))
        for question in ("deep harbour", "rye bread", "number 7", "step 31", "zebra"):
            assert found(stepwise, question) == found(once, question) == found(other, question)


def test_many_passages_are_found_in_cells(tmp_path, monkeypatch):
    with Library.open(tmp_path / "exact", encoder=LetterEncoder()) as library:
        library.add_texts(TEXTS)
        exact = found(library, "deep harbour")
    monkeypatch.setattr(dense, "EXACT_MOST", 10)
    monkeypatch.setattr(dense, "_PER_CELL", 1)
    with Library.open(tmp_path / "cells", encoder=LetterEncoder()) as library:
        library.add_texts(TEXTS)
        assert found(library, "deep harbour") == exact
        library.remove(exact[0][0])
        assert found(library, "deep harbour", 3) == exact[1:4]
    with reopened(library) as library:
        assert found(library, "deep harbour", 3) == exact[1:4]


def test_a_library_that_grows_changes_its_index(tmp_path, monkeypatch):
    monkeypatch.setattr(dense, "EXACT_MOST", 30)
    monkeypatch.setattr(dense, "_PER_CELL", 1)
    built = []
    build = dense.DenseIndex.build
    monkeypatch.setattr(
        dense.DenseIndex, "build", lambda *args: built.append(args[0]) or build(*args)
    )
    with Library.open(tmp_path, encoder=LetterEncoder()) as library:
        for start in range(0, 40, 4):
            library.add_texts(TEXTS[start : start + 4])
            assert len(library.search("number", 50)) == start + 4
    assert built[0] == 4
    assert len(built) == 2


def test_what_is_derived_says_of_what(filled):
    filled.search("deep harbour")
    states = {
        name: json.loads(data) for name, data in files(filled).items() if name.endswith(".json")
    }
    assert states["words.json"]["point"] == states["vectors.json"]["point"]
    assert states["vectors.json"]["encoder"] == "letters"


def test_refreshed_a_search_has_nothing_to_do(filled, monkeypatch):
    told = []
    filled.refresh(told.append)
    assert told[-1].passages_done == told[-1].passages == 40

    def never(*_):
        raise AssertionError("built again")

    monkeypatch.setattr(derived, "_built", never)
    monkeypatch.setattr(derived.WordIndex, "update", never)
    assert filled.search("deep harbour")


def test_a_folder_that_cannot_be_written_is_an_error_in_one_line(filled):
    (filled.path / "derived").mkdir(exist_ok=True)
    (filled.path / "derived" / "search").write_text("in the way")
    with pytest.raises(LibraryError, match=r"cannot write .*search"):
        filled.search("deep harbour")
