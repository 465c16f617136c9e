"""The single source of truth: one SQLite file with documents, passages and vectors.

A document goes in or out in one transaction, so it is wholly in or wholly out whenever the
process stops. FAISS and BM25 are built from here, in memory.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import titles
from index.errors import LibraryError, UnknownDocumentError, UnreadableError
from index.language import language
from index.records import Document, DocumentInfo, Passage, Place, check_places
from index.rows import MEND, Row, places_from, places_row, spans_from

SCHEMA_VERSION = 2
INSIDE = b"\0"  # no path holds it: what stands after it is a path inside of the file
_AFTER_INSIDE = b"\1"  # sorts after whatever is inside
_BUSY_MS = 30_000  # how long to wait for another process that is writing

_META = "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    source BLOB UNIQUE,           -- the file's absolute path in bytes, or NULL. Of a file inside
                                  -- of another, that one's, NUL, and the path inside
    sha256 TEXT NOT NULL,         -- of the file
    text TEXT NOT NULL,
    text_sha256 TEXT NOT NULL,
    places TEXT NOT NULL          -- JSON list, as index.rows writes it
);
CREATE TABLE IF NOT EXISTS passages (
    id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    sentences TEXT NOT NULL,      -- JSON list of [start, end] in the document's text
    language TEXT NOT NULL,
    above TEXT NOT NULL,          -- title and headings
    terms BLOB NOT NULL,          -- as index.lexical counts them
    same INTEGER NOT NULL,        -- what copies of the passage share
    vector BLOB NOT NULL,         -- float32, unit length
    sentence_vectors BLOB NOT NULL  -- int8, as index.embed quantises them
);
CREATE INDEX IF NOT EXISTS passages_of_document ON passages (document, start);
CREATE TABLE IF NOT EXISTS titles (
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start TEXT NOT NULL,          -- its first terms, by which it is looked up
    terms TEXT NOT NULL           -- what a text that names the document holds
);
CREATE INDEX IF NOT EXISTS titles_by_start ON titles (start);
CREATE INDEX IF NOT EXISTS titles_by_document ON titles (document);
"""


class Catalog:
    """Documents, passages and vectors in one SQLite file. Not thread-safe by itself."""

    def __init__(self, path: Path, *, encoder: str, dimension: int) -> None:
        """Open the file, made where missing.

        Raises LibraryError if it is no catalog, or was made with another embedding model.
        """
        self.path = path
        self.dimension = dimension
        connection: sqlite3.Connection | None = None
        try:
            self.connection = connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000
            )
            self._prepare(encoder)
        except LibraryError:
            self.connection.close()
            raise
        except sqlite3.Error as error:
            if connection:
                connection.close()
            raise LibraryError(
                f"cannot open the library at {path.parent}: {error}; choose another folder with "
                "--library, or move this one away and index your files again"
            ) from error

    def _prepare(self, encoder: str) -> None:
        db = self.connection
        for pragma in ("journal_mode = WAL", "foreign_keys = ON", "secure_delete = ON"):
            db.execute(f"PRAGMA {pragma}")
        with self.transaction(touch=False):
            db.execute(_META)
            made_with = {"schema": str(SCHEMA_VERSION), "encoder": encoder, "generation": "0"}
            db.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", made_with.items())
            found = dict(db.execute("SELECT key, value FROM meta"))
            if found["schema"] != made_with["schema"]:
                raise LibraryError(
                    f"the library has schema {found['schema']}, this Pincite reads "
                    f"{SCHEMA_VERSION}; use the Pincite that made it, or index your files into a "
                    "new library"
                )
            if found["encoder"] != encoder:
                raise LibraryError(
                    f"the library was made with the embedding model {found['encoder']}, not "
                    f"{encoder}; set that model again, or index your files into a new library"
                )
            for statement in _SCHEMA.split(";"):
                db.execute(statement)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    @contextmanager
    def transaction(self, *, touch: bool = True) -> Iterator[None]:
        """All or nothing; `touch` moves the generation on, so that readers see a change.

        Within another transaction it is a part of that one.
        """
        db = self.connection
        if db.in_transaction:
            yield
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            if touch:
                db.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let what is read within be of one moment, whatever other processes write meanwhile."""
        db = self.connection
        if db.in_transaction:
            yield
            return
        db.execute("BEGIN")
        try:
            yield
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")

    def generation(self) -> int:
        """Return a number that changes whenever the documents do."""
        (value,) = self.connection.execute(
            "SELECT value FROM meta WHERE key = 'generation'"
        ).fetchone()
        return int(value)

    def put(
        self,
        document: Document,
        passages: Sequence[Row],
        *,
        source: bytes | None,
        names: Sequence[str],
    ) -> tuple[str, bool]:
        """Add a document, or replace that of the same source; return its name, and if it was new.

        A new file takes the first of `names` that no other document has; a text (source None)
        replaces the text of its name. Raises UnreadableError where every name is taken.
        """
        check_places(document.places, len(document.text))
        known_by = sorted(titles.keys(document, language(document.text)))
        places = places_row(document.places)
        db = self.connection
        with self.transaction():
            name = self._name_for(source, names)
            new = not self._delete(name)
            document_id = db.execute(
                "INSERT INTO documents (name, source, sha256, text, text_sha256, places) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (name, source, document.sha256, document.text, _sha256(document.text), places),
            ).lastrowid
            db.executemany(
                "INSERT INTO titles (document, start, terms) VALUES (?, ?, ?)",
                [(document_id, titles.start_of(key), key) for key in known_by],
            )
            db.executemany(
                "INSERT INTO passages (document, start, end, sentences, language, above, terms, "
                "same, vector, sentence_vectors) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(document_id, *row) for row in passages],
            )
        return name, new

    def _name_for(self, source: bytes | None, names: Sequence[str]) -> str:
        """Return the name that the source has, else the first that is free."""
        if source is not None:
            row = self.connection.execute(
                "SELECT name FROM documents WHERE source = ?", (source,)
            ).fetchone()
            if row:
                return str(row[0])
        for name in names:
            row = self.connection.execute(
                "SELECT source FROM documents WHERE name = ?", (name,)
            ).fetchone()
            if row is None or (source is None and row[0] is None):
                return name
        raise UnreadableError(
            f"another document is named {names[0]!r} already; remove it, or give another name"
        )

    def remove(self, name: str) -> None:
        """Take the document out; raises UnknownDocumentError where there is none."""
        with self.transaction():
            if not self._delete(name):
                raise UnknownDocumentError(
                    f"no document is named {name!r}; see `pincite documents`"
                )

    def _delete(self, name: str) -> bool:
        row = self.connection.execute("SELECT id FROM documents WHERE name = ?", (name,)).fetchone()
        if row:
            self.connection.execute("DELETE FROM documents WHERE id = ?", row)
        return row is not None

    def erase_free_space(self) -> None:
        """Write the file anew without what was removed, and empty the write-ahead log.

        Raises LibraryError where another process still reads what was there before.
        """
        self.connection.execute("VACUUM")
        (busy, _, _) = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise LibraryError(
                "the document is removed, but another process is reading the library, so that "
                "traces of it remain: close that one, then give the same command again"
            )

    def documents(self) -> list[DocumentInfo]:
        """List the documents by name."""
        rows = self.connection.execute(
            "SELECT documents.name, sha256, places, count(passages.id) FROM documents "
            "LEFT JOIN passages ON passages.document = documents.id "
            "GROUP BY documents.id ORDER BY documents.name"
        )
        return [
            DocumentInfo(
                name=name,
                sha256=sha256,
                pages=Document(name, sha256, "", places_from(places)).pages,
                passages=count,
            )
            for name, sha256, places, count in rows
        ]

    def count(self) -> tuple[int, int]:
        """Return the numbers of documents and of passages."""
        (documents,) = self.connection.execute("SELECT count(*) FROM documents").fetchone()
        (passages,) = self.connection.execute("SELECT count(*) FROM passages").fetchone()
        return documents, passages

    def document(self, name: str) -> Document:
        """Return the document; raises UnknownDocumentError where there is none."""
        row = self.connection.execute(
            "SELECT name, sha256, text, places FROM documents WHERE name = ?", (name,)
        ).fetchone()
        if row is None:
            raise UnknownDocumentError(f"no document is named {name!r}; see `pincite documents`")
        return Document(row[0], row[1], row[2], places_from(row[3]))

    def from_source(self, source: bytes) -> tuple[str, str] | None:
        """Return name and SHA-256 of the document that is the file at this path, if any."""
        row = self.connection.execute(
            "SELECT name, sha256 FROM documents WHERE source = ?", (source,)
        ).fetchone()
        return (row[0], row[1]) if row else None

    def inside(self, source: bytes) -> dict[bytes, str]:
        """Return the names of the documents that lie inside of the file at this path."""
        start = source + INSIDE
        rows = self.connection.execute(
            "SELECT source, name FROM documents WHERE source >= ? AND source < ? ORDER BY name",
            (start, source + _AFTER_INSIDE),
        )
        return dict(rows.fetchall())

    def text_sha256(self, name: str) -> str | None:
        """Return the SHA-256 of the text that was given under the name; None where none was."""
        row = self.connection.execute(
            "SELECT text_sha256 FROM documents WHERE name = ? AND source IS NULL", (name,)
        ).fetchone()
        return row[0] if row else None

    def whole(self, name: str) -> Document | None:
        """Return the document if its text and places are as they were stored, else None."""
        sha256, data, text_sha256, places, source = self.connection.execute(
            "SELECT sha256, CAST(text AS BLOB), text_sha256, places, source FROM documents "
            "WHERE name = ?",
            (name,),
        ).fetchone()
        if hashlib.sha256(data).hexdigest() != text_sha256:
            return None
        text = data.decode()
        if source is None:
            return Document(name, sha256, text)
        try:
            found = places_from(places)
            check_places(found, len(text))
        except (LibraryError, ValueError):
            return None
        return Document(name, sha256, text, found)

    def source(self, name: str) -> bytes | None:
        """Return the path of the document's file; None where there is no file or no document."""
        row = self.connection.execute(
            "SELECT source FROM documents WHERE name = ?", (name,)
        ).fetchone()
        return row[0] if row else None

    def rows(self) -> Iterator[tuple[int, int, str, bytes, int, bytes]]:
        """Yield id, document, language, terms, same and vector of each passage, by name and start.

        The order does not depend on the order of adding, so neither does any tie in a search.
        """
        yield from self.connection.execute(
            "SELECT passages.id, document, language, terms, same, vector FROM passages "
            "JOIN documents ON documents.id = passages.document "
            "ORDER BY documents.name, passages.start"
        )

    def sentence_vectors(self, ids: Sequence[int]) -> Iterator[NDArray[np.int8]]:
        """Yield the vectors (sentences, dimension) of each of these passages, as quantised."""
        for passage_id in ids:
            (blob,) = self.connection.execute(
                "SELECT sentence_vectors FROM passages WHERE id = ?", (passage_id,)
            ).fetchone()
            if not isinstance(blob, bytes) or not blob or len(blob) % self.dimension:
                raise LibraryError(f"the sentences of a passage are damaged; {MEND}")
            yield np.frombuffer(blob, np.int8).reshape(-1, self.dimension)

    def names(self, documents: Collection[int]) -> list[str]:
        """Return the names of these documents, in order."""
        rows = self.connection.execute(
            "SELECT name FROM documents WHERE id IN (SELECT value FROM json_each(?)) ORDER BY name",
            (json.dumps(list(documents)),),
        )
        return [name for (name,) in rows]

    def titles(self, starts: Collection[str]) -> list[tuple[str, int]]:
        """Return the titles that start so and are of one document only, with that document."""
        return self.connection.execute(
            "SELECT terms, min(document) FROM titles "
            "WHERE start IN (SELECT value FROM json_each(?)) GROUP BY terms HAVING count(*) = 1",
            (json.dumps(list(starts)),),
        ).fetchall()

    def passages(self, ids: Sequence[int]) -> list[tuple[int, Passage, str, tuple[Place, ...]]]:
        """Return id, passage, its document's SHA-256 and its places for each id still there."""
        texts: dict[int, tuple[str, str, str, tuple[Place, ...]]] = {}
        found = []
        for passage_id in ids:
            row = self.connection.execute(
                "SELECT document, start, end, sentences, language, above FROM passages "
                "WHERE id = ?",
                (passage_id,),
            ).fetchone()
            if row is None:
                continue
            document_id, start, end, sentences, language, above = row
            if document_id not in texts:
                name, sha256, text, places = self.connection.execute(
                    "SELECT name, sha256, text, places FROM documents WHERE id = ?", (document_id,)
                ).fetchone()
                texts[document_id] = (name, sha256, text, places_from(places))
            name, sha256, text, places = texts[document_id]
            passage = Passage(
                name, start, end, text[start:end], spans_from(sentences), language, above
            )
            touched = tuple(p for p in places if p.start < end and p.end > start)
            found.append((passage_id, passage, sha256, touched))
        return found

    def ends(self, name: str) -> list[tuple[int, Passage, str, tuple[Place, ...]]]:
        """Return the document's first and last passage as `passages` does."""
        rows = self.connection.execute(
            "SELECT passages.id FROM passages JOIN documents ON documents.id = passages.document "
            "WHERE name = ? ORDER BY start",
            (name,),
        ).fetchall()
        return self.passages(list(dict.fromkeys(row[0] for row in [*rows[:1], *rows[-1:]])))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
