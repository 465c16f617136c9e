# ruff: noqa: S608 - the statements are written here
"""What `check` finds when the catalog is damaged, and what `check --repair` mends."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from index import Library
from index.errors import LibraryError
from index.records import Passage
from index.rows import vector_row
from tests.fakes import LetterEncoder

FIRST = "The harbour is deep. Ships lie there in winter."
SECOND = "The bakery sells rye bread. It opens at six."


@pytest.fixture
def filled(library, tmp_path) -> Library:
    """A library with a file "file.txt" and a text "text"."""
    (tmp_path / "file.txt").write_text(FIRST)
    library.add([tmp_path / "file.txt"])
    library.add_texts([("text", SECOND)])
    return library


def damage(library: Library, statement: str, *values: object) -> None:
    """Change the catalog behind the library's back."""
    db = sqlite3.connect(library.path / "catalog.sqlite", isolation_level=None)
    db.execute(statement, values)
    db.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
    db.close()


def faults(library: Library, *, repair: bool = False) -> list[str]:
    return [str(fault) for fault in library.check(repair=repair)]


CONTENT_OF = "(SELECT content FROM documents WHERE name = '{}')"
OF_FILE, OF_TEXT = (f"content = {CONTENT_OF.format(name)}" for name in ("file.txt", "text"))
VECTOR_OF_FILE, VECTOR_OF_TEXT = (
    f"passage IN (SELECT id FROM passages WHERE {where})" for where in (OF_FILE, OF_TEXT)
)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (f"UPDATE passages SET terms = x'' WHERE {OF_FILE}", "'file.txt': passage 0-47 has o"),
        (
            f"UPDATE passages SET terms = x'00' WHERE {OF_FILE}",
            "'file.txt': passage 0-47 has o",
        ),
        (
            f"UPDATE passages SET above = 'x' WHERE {OF_TEXT}",
            "'text': passage 0-44 has o",
        ),
        (
            f"UPDATE vectors SET sentence_vectors = zeroblob(26) WHERE {VECTOR_OF_TEXT}",
            "'text': passage 0-44 has not one vector for each sentence",
        ),
        (f"UPDATE passages SET language = 'xx' WHERE {OF_FILE}", "'file.txt': passage 0-47 has o"),
        (f"UPDATE passages SET same = 1 WHERE {OF_FILE}", "'file.txt': passage 0-47 has other w"),
        (
            f"UPDATE vectors SET vector = 5 WHERE {VECTOR_OF_FILE}",
            "'file.txt': passage 0-47 has no",
        ),
        ("DELETE FROM titles", "'file.txt': it goes by other titles than it has"),
        ("UPDATE titles SET start = 'x'", "'file.txt': it goes by other titles than it has"),
        (
            f"UPDATE vectors SET vector = x'00' WHERE {VECTOR_OF_FILE}",
            "'file.txt': passage 0-47 has no",
        ),
        (
            f"UPDATE vectors SET vector = zeroblob(104) WHERE {VECTOR_OF_TEXT}",
            "'text': passage 0-44 has",
        ),
        (f"UPDATE passages SET start = 40, end = 99 WHERE {OF_TEXT}", "'text': passage 40-99 does"),
        (f"UPDATE passages SET sentences = '[[0, 60]]' WHERE {OF_TEXT}", "'text': passage 0-44"),
        (
            f"UPDATE passages SET sentences = '[' WHERE {OF_TEXT}",
            "'text': passage 0-44 has damaged",
        ),
        (f"DELETE FROM passages WHERE {OF_TEXT}", "'text': it has no passage"),
        (
            "UPDATE contents SET text = 'x' WHERE id = " + CONTENT_OF.format("file.txt"),
            "'file.txt': the text is not",
        ),
        (
            "UPDATE contents SET text = CAST(x'ff41' AS TEXT) WHERE id = "
            + CONTENT_OF.format("file.txt"),
            "'file.txt': the text is not",
        ),
        (
            "UPDATE contents SET places = '[[0,' WHERE id = " + CONTENT_OF.format("file.txt"),
            "'file.txt': its places",
        ),
        (
            "UPDATE contents SET places = '[[0, 999]]' WHERE id = " + CONTENT_OF.format("text"),
            "'text': its places",
        ),
    ],
)
def test_a_fault_is_found_and_mended(filled, statement, fault):
    assert faults(filled) == []
    damage(filled, statement)
    assert any(line.startswith(fault) for line in faults(filled)), faults(filled)
    assert faults(filled, repair=True) == []
    assert faults(filled) == []
    assert (filled.text("file.txt"), filled.text("text")) == (FIRST, SECOND)
    assert filled.search("deep harbour")[0].document == "file.txt"
    assert filled.search("rye bread")[0].document == "text"


def test_changed_text_without_its_file_is_taken_out(filled, tmp_path):
    damage(filled, "UPDATE contents SET text = 'something else'")
    (tmp_path / "file.txt").unlink()
    assert faults(filled, repair=True) == [
        "'file.txt': its text was damaged and it was taken out: "
        "does not exist (any more); check the path",
        "'text': its text was damaged and it was taken out: there is no file to read it from",
    ]
    assert faults(filled) == []
    assert filled.count() == (0, 0)


@pytest.mark.parametrize(
    "column",
    [
        "vectors SET vector = x'00'",
        "vectors SET vector = 5",
        f"vectors SET vector = x'{'0000c07f' * 26}'",  # no number
        "passages SET terms = 'abc'",
        "passages SET terms = x'00'",
        "vectors SET sentence_vectors = 5",
        "passages SET sentences = '['",
        "contents SET places = '{'",
    ],
)
def test_a_search_in_a_damaged_library_says_how_to_mend_it(filled, column):
    damage(filled, f"UPDATE {column}")
    with pytest.raises(LibraryError, match="mend the library with: pincite check --repair"):
        filled.search("harbour")
    assert faults(filled, repair=True) == []
    assert len(filled.search("harbour")) == 2


def test_a_file_with_torn_pages_is_reported_not_raised(tmp_path):
    with Library.open(tmp_path, encoder=LetterEncoder()) as library:
        library.add_texts([(f"{n}", f"{FIRST} {n}") for n in range(100)])
    file = tmp_path / "catalog.sqlite"
    data = bytearray(file.read_bytes())
    data[8192:] = bytes(len(data) - 8192)
    file.write_bytes(data)
    try:
        with Library.open(tmp_path, encoder=LetterEncoder()) as library:
            assert faults(library)
            assert faults(library, repair=True)
            with pytest.raises(LibraryError) as caught:
                library.search("harbour")
            assert "\n" not in str(caught.value)
    except LibraryError as error:  # so torn that it cannot even be opened
        assert "\n" not in str(error)  # noqa: PT017


def test_a_busy_library_is_an_error_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("index.catalog._BUSY_MS", 50)
    with Library.open(tmp_path, encoder=LetterEncoder()) as library:
        other = sqlite3.connect(tmp_path / "catalog.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryError, match="database is locked"):
            library.add_texts([("a", FIRST)])
        other.execute("ROLLBACK")
        other.close()
        assert library.add_texts([("a", FIRST)]).added == ("a",)


def test_a_failed_replacement_leaves_the_old_document(filled, monkeypatch):
    def fail(*_):
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("index.titles.start_of", fail)
        with pytest.raises(LibraryError, match="disk is full"):
            filled.add_texts([("text", "Another text.")])
    assert filled.text("text") == SECOND
    assert faults(filled) == []


def test_vectors_must_fit_their_passages():
    passage = Passage("x", 0, 1, "x", ((0, 1),))
    rows = LetterEncoder().encode("ab")
    with pytest.raises(ValueError, match=r"vectors of shape \(2, 26\) must be \(1, 26\)"):
        vector_row(passage, rows[0], rows)


def test_a_library_of_a_later_pincite_is_refused(filled):
    damage(filled, "UPDATE meta SET value = '99' WHERE key = 'schema'")
    with pytest.raises(LibraryError, match="has schema 99, this Pincite reads 3"):
        Library.open(filled.path, encoder=LetterEncoder())


def test_another_programs_database_is_refused(tmp_path: Path):
    db = sqlite3.connect(tmp_path / "catalog.sqlite")
    db.execute("CREATE TABLE meta (x)")
    db.close()
    with pytest.raises(LibraryError, match="cannot open the library"):
        Library.open(tmp_path, encoder=LetterEncoder())
