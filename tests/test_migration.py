"""Libraries of earlier versions open in this one, with nothing lost and nothing embedded again."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import pytest

from index import Library, titles
from index.language import language
from index.records import Document
from index.rows import passage_row, places_row, vector_row
from index.split import split
from tests.fakes import LetterEncoder
from tests.test_library import BAKERY, HARBOUR, names, write

VERSION_2 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE documents (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, source BLOB UNIQUE,
    sha256 TEXT NOT NULL, text TEXT NOT NULL, text_sha256 TEXT NOT NULL, places TEXT NOT NULL);
CREATE TABLE passages (id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, sentences TEXT NOT NULL, language TEXT NOT NULL,
    above TEXT NOT NULL, terms BLOB NOT NULL, same INTEGER NOT NULL, vector BLOB NOT NULL,
    sentence_vectors BLOB NOT NULL);
CREATE INDEX passages_of_document ON passages (document, start);
CREATE TABLE titles (document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start TEXT NOT NULL, terms TEXT NOT NULL);
CREATE INDEX titles_by_start ON titles (start);
CREATE INDEX titles_by_document ON titles (document);
"""


def version_2(folder: Path, documents: list[tuple[str, bytes | None, str]]) -> None:
    """Write a library of version 2 with documents (name, source, text)."""
    folder.mkdir()
    encoder = LetterEncoder()
    db = sqlite3.connect(folder / "catalog.sqlite")
    db.executescript(VERSION_2)
    meta = {"schema": "2", "encoder": encoder.name, "generation": "7"}
    db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    for number, (name, source, text) in enumerate(documents):
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        document = Document(name, sha256, text)
        db.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, name, source, sha256, text, sha256, places_row(())),
        )
        for passage in split(document):
            start, end, sentences, _, *rest = passage_row(passage)
            vectors = encoder.encode_passage(passage.text, passage.sentences)
            row = (start, end, sentences, *rest, *vector_row(passage, *vectors))
            marks = ", ".join("?" * 10)
            db.execute(f"INSERT INTO passages VALUES (NULL, {marks})", (number, *row))  # noqa: S608
        for key in titles.keys(document, language(text)):
            db.execute("INSERT INTO titles VALUES (?, ?, ?)", (number, titles.start_of(key), key))
    db.commit()
    db.close()


@pytest.fixture
def papers(tmp_path) -> Path:
    return write(tmp_path / "papers", a__txt=HARBOUR, b__txt=BAKERY, c__txt=HARBOUR)


@pytest.fixture
def old(tmp_path, papers) -> Path:
    """A library of version 2: three files, two alike, one inside of an archive, and a text."""
    at = os.fsencode(papers)
    version_2(
        tmp_path / "library",
        [
            ("c.txt", at + b"/c.txt", HARBOUR),
            ("b.txt", at + b"/b.txt", BAKERY),
            ("a.txt", at + b"/a.txt", HARBOUR),
            ("d.zip/e.txt", at + b"/d.zip\0e.txt", "Inside of an archive."),
            ("text", None, "A text that was given."),
        ],
    )
    return tmp_path / "library"


def test_a_library_of_version_2_opens(old):
    encoder = LetterEncoder()
    with Library.open(old, encoder=encoder) as library:
        assert names(library) == ["a.txt", "b.txt", "c.txt", "d.zip/e.txt", "text"]
        assert library.count() == (5, 4)  # two are alike
        assert library.text("c.txt") == HARBOUR
        assert library.search("deep harbour")[0].copies == ("c.txt",)
        assert library.check() == []
    with Library.open(old, encoder=encoder) as library:  # and does once more
        assert library.check() == []
    assert encoder.encoded == 1  # the question


def test_its_files_are_read_anew_and_nothing_is_embedded_again(old, papers):
    encoder = LetterEncoder()
    with Library.open(old, encoder=encoder) as library:
        report = library.add([papers])
        assert report.unchanged == ("a.txt", "b.txt", "c.txt")
        assert library.add_texts([("text", "A text that was given.")]).unchanged == ("text",)
        library.remove("d.zip/e.txt", purge=True)
        assert library.check() == []
    assert encoder.encoded == 0


def test_a_migration_that_is_stopped_changes_nothing(old, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("index.naming.go_by", stop)
        with pytest.raises(KeyboardInterrupt):
            Library.open(old, encoder=LetterEncoder())
    after = sqlite3.connect(old / "catalog.sqlite")
    assert after.execute("SELECT count(*) FROM documents WHERE source IS NULL").fetchone() == (1,)
    after.close()
    with Library.open(old, encoder=LetterEncoder()) as library:
        assert library.count() == (5, 4)
