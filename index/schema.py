"""The tables of a catalog, and how those of earlier versions become them.

files ──1:n── documents ──n:1── contents ──1:n── passages ──1:1── vectors

A file holds documents: itself, and those inside of it. Documents that are alike, wherever they
come from, share one content, so that nothing is stored, embedded or found twice.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import suppress

from index import naming
from index.errors import LibraryError
from index.records import Document, no_boxes
from index.rows import digest, passage_hash, places_from, spans_from, spans_within
from index.titles import file_title

VERSION = 3

_META = "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)"
_TABLES = """
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,    -- absolute, in bytes
    sha256 TEXT,                  -- NULL while not all that it holds is in
    failed TEXT NOT NULL DEFAULT '[]'  -- JSON list of [part, reason]: what it holds and is not in
);
CREATE INDEX IF NOT EXISTS files_by_hash ON files (sha256);
CREATE TABLE IF NOT EXISTS contents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given again
    digest TEXT NOT NULL UNIQUE,  -- of text, places and boxes
    title TEXT NOT NULL,          -- what the names of its files say, as it stands above passages
    pages INTEGER,
    text_sha256 TEXT NOT NULL,
    places TEXT NOT NULL,         -- JSON list, as index.rows writes it
    text TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS boxes (
    content INTEGER PRIMARY KEY REFERENCES contents (id) ON DELETE CASCADE,
    data BLOB NOT NULL            -- as index.rows packs them
);
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    file INTEGER REFERENCES files (id),  -- NULL of a text that was given
    part TEXT NOT NULL,           -- its path inside of the file, '' where it is the file
    sha256 TEXT NOT NULL,         -- of the file, or of the one inside
    content INTEGER NOT NULL REFERENCES contents (id),
    UNIQUE (file, part)
);
CREATE INDEX IF NOT EXISTS documents_of_content ON documents (content, name);
CREATE TABLE IF NOT EXISTS passages (
    id INTEGER PRIMARY KEY,       -- of one content in its order, without gaps
    content INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    sentences TEXT NOT NULL,      -- JSON list of [start, end] in the document's text
    hash BLOB NOT NULL,           -- of what is embedded: its text and where its sentences are
    language TEXT NOT NULL,
    above TEXT NOT NULL,          -- titles and headings
    terms BLOB NOT NULL,          -- as index.lexical counts them
    same INTEGER NOT NULL         -- what copies of the passage share
);
CREATE INDEX IF NOT EXISTS passages_of_content ON passages (content, start);
CREATE INDEX IF NOT EXISTS passages_by_hash ON passages (hash);
CREATE INDEX IF NOT EXISTS passages_by_same ON passages (same);
CREATE TABLE IF NOT EXISTS lengths (
    content INTEGER NOT NULL REFERENCES contents (id) ON DELETE CASCADE,
    language TEXT NOT NULL,
    passages INTEGER NOT NULL,    -- of the content, in that language
    alone INTEGER NOT NULL,       -- terms in and above them
    around REAL NOT NULL,         -- the same with what their neighbours count
    PRIMARY KEY (content, language)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS lengths_by_language ON lengths (language, passages, alone, around);
CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    first INTEGER NOT NULL,       -- passages that came, went, or have other words or vectors
    last INTEGER NOT NULL,
    token INTEGER NOT NULL        -- random: tells this history from any other
);
CREATE TABLE IF NOT EXISTS vectors (
    passage INTEGER PRIMARY KEY REFERENCES passages (id) ON DELETE CASCADE,
    vector BLOB NOT NULL,         -- float32, unit length
    sentence_vectors BLOB NOT NULL  -- int8, as index.embed quantises them
);
CREATE TABLE IF NOT EXISTS titles (
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start TEXT NOT NULL,          -- its first terms, by which it is looked up
    terms TEXT NOT NULL           -- what a text that names the document holds
);
CREATE INDEX IF NOT EXISTS titles_by_start ON titles (start);
CREATE INDEX IF NOT EXISTS titles_by_document ON titles (document);
"""


def make(db: sqlite3.Connection, encoder: str) -> None:
    """Make the tables, or turn those of an earlier version into them. Within a transaction.

    A new catalog is of this embedding model. Raises LibraryError where the version is unknown.
    """
    db.execute(_META)
    meta = {"schema": str(VERSION), "encoder": encoder}
    db.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", meta.items())
    (version,) = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    if version == "2":
        _from_2(db)
    elif version != str(VERSION):
        raise LibraryError(
            f"the library has schema {version}, this Pincite reads {VERSION}; use the Pincite "
            "that made it, or index your files into a new library"
        )
    _make_tables(db)
    # The start of a history, unlike any other's.
    db.execute(
        "INSERT INTO log (first, last, token) SELECT 1, coalesce(max(id), 0), random() "
        "FROM passages"
    )
    db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(VERSION),))


def _make_tables(db: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";"):
        db.execute(statement)


def _from_2(db: sqlite3.Connection) -> None:
    """Version 2 had a row for each document with its text, passages and vectors.

    It kept no boxes, and the text may be read better today: so every file counts as not wholly
    in, and is read anew when it is indexed next. What reads the same is not embedded again.
    """
    for index in ("passages_of_document", "titles_by_start", "titles_by_document"):
        db.execute(f"DROP INDEX IF EXISTS {index}")
    for table in ("documents", "passages", "titles"):
        db.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    _make_tables(db)
    contents: dict[str, int] = {}
    named: dict[int, list[str]] = defaultdict(list)
    documents = db.execute("SELECT id, name FROM old_documents ORDER BY name").fetchall()
    for old, name in documents:
        source, sha256, data, known, places = db.execute(
            "SELECT source, sha256, CAST(text AS BLOB), text_sha256, places FROM old_documents "
            "WHERE id = ?",
            (old,),
        ).fetchone()
        text = data.decode(errors="replace")
        key = digest(text, places, no_boxes())
        if key not in contents:
            db.execute("SAVEPOINT content")
            contents[key] = _content_from_2(db, key, name, text, known, places)
            try:
                _passages_from_2(db, old, contents[key], text)
            except (LibraryError, TypeError, ValueError):  # damaged: `check` will tell
                db.execute("ROLLBACK TO content")
                contents[key] = _content_from_2(db, key, name, text, known, places)
            db.execute("RELEASE content")
        path, _, part = (source or b"").partition(b"\0")
        if source is not None:
            db.execute("INSERT OR IGNORE INTO files (path) VALUES (?)", (path,))
        document = db.execute(
            "INSERT INTO documents (name, file, part, sha256, content) "
            "VALUES (?, (SELECT id FROM files WHERE path = ?), ?, ?, ?)",
            (name, path, part.decode(), sha256, contents[key]),
        ).lastrowid
        assert document is not None  # noqa: S101 - it was inserted
        naming.go_by(db, document)
        named[contents[key]].append(name)
    for content, names in named.items():
        with suppress(LibraryError):  # damaged places: `check` will tell
            naming.stand_below(db, content, names)
        naming.measure(db, content)
    for table in ("titles", "passages", "documents"):
        db.execute(f"DROP TABLE old_{table}")
    db.execute("DELETE FROM meta WHERE key = 'generation'")


def _content_from_2(
    db: sqlite3.Connection, key: str, name: str, text: str, text_sha256: str, places: str
) -> int:
    """Take over a document's text; return the id of the content."""
    try:
        pages = Document(name, "", "", places_from(places)).pages
    except LibraryError:  # damaged: `check` will tell
        pages = None
    content = db.execute(
        "INSERT INTO contents (digest, title, pages, text_sha256, places, text) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (key, file_title(name), pages, text_sha256, places, text),
    ).lastrowid
    assert content is not None  # noqa: S101 - it was inserted
    return content


def _passages_from_2(db: sqlite3.Connection, old: int, content: int, text: str) -> None:
    """Take over a document's passages and vectors; raises what damaged ones raise."""
    for start, end, sentences, *rest, vector, of_sentences in db.execute(
        "SELECT start, end, sentences, language, above, terms, same, vector, sentence_vectors "
        "FROM old_passages WHERE document = ? ORDER BY start",
        (old,),
    ).fetchall():
        found = passage_hash(text[start:end], spans_within(spans_from(sentences), start))
        passage = db.execute(
            "INSERT INTO passages (content, start, end, sentences, hash, language, above, terms, "
            "same) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (content, start, end, sentences, found, *rest),
        ).lastrowid
        db.execute("INSERT INTO vectors VALUES (?, ?, ?)", (passage, vector, of_sentences))
    naming.measure(db, content)
