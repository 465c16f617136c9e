"""The single source of truth: one SQLite file with documents, passages and vectors.

A document goes in or out in one transaction, so it is wholly in or wholly out whenever the
process stops. FAISS and BM25 are built from here. What changes it stands in index.changes.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from index import schema
from index.errors import LibraryError, UnknownDocumentError
from index.lexical import Lengths
from index.records import (
    Boxes,
    Document,
    DocumentInfo,
    Failure,
    check_places,
    no_boxes,
)
from index.rows import VectorRow, boxes_from, digest, places_from

_BUSY_MS = 30_000  # how long to wait for another process that is writing
_VECTORS_AT_ONCE = 500  # looked up


class Point(NamedTuple):
    """A place in the log of changes."""

    id: int  # of its row; 0 before the first
    token: int


class File(NamedTuple):
    """A file that holds documents."""

    id: int
    path: bytes  # absolute
    sha256: str | None  # None while not all that it holds is in
    failed: tuple[Failure, ...]  # what it holds and is not in, by the path inside


class Catalog:
    """Documents, passages and vectors in one SQLite file. Not thread-safe by itself."""

    def __init__(self, path: Path, *, encoder: str | None, dimension: int) -> None:
        """Open the file, made where missing; an encoder of None may be any.

        Raises LibraryError if it is no catalog, or was made with another embedding model.
        """
        self.path = path
        self.encoder = encoder
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
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY:
                raise LibraryError(
                    f"the library at {path.parent} is used by another process: try again when it "
                    "is done"
                ) from error
            raise LibraryError(
                f"cannot open the library at {path.parent}: {error}; choose another folder with "
                "--library, or move this one away and index your files again"
            ) from error

    def _prepare(self, encoder: str | None) -> None:
        db = self.connection
        for pragma in ("journal_mode = WAL", "foreign_keys = ON", "secure_delete = ON"):
            db.execute(f"PRAGMA {pragma}")
        (made,) = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'meta'").fetchone()
        if not made or self.meta("schema") != str(schema.VERSION):  # else nothing is written
            with self.transaction():
                schema.make(db, encoder or "")
        self.check_encoder()

    def meta(self, key: str) -> str:
        """Return what is noted of the catalog itself; "" where nothing is."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def check_encoder(self) -> None:
        """Raise LibraryError where the vectors are another model's than the one that is set."""
        made_with = self.meta("encoder")
        if self.encoder is not None and made_with != self.encoder:
            raise LibraryError(
                f"the library was made with the embedding model {made_with}, not {self.encoder}; "
                "set that model again, or embed it anew with: pincite index --reembed"
            )

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; within another transaction it is a part of that one."""
        db = self.connection
        if db.in_transaction:
            yield
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
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

    def point(self) -> Point:
        """Return where the log is: it moves on whenever a passage comes, goes or changes."""
        row = self.connection.execute(
            "SELECT id, token FROM log ORDER BY id DESC LIMIT 1"
        ).fetchone()
        return Point(*row) if row else Point(0, 0)

    def changed_since(self, point: Point) -> list[tuple[int, int]] | None:
        """Return the ranges of ids of the passages that were changed since, ascending.

        None where that point is of another history than this catalog's.
        """
        rows = self.connection.execute(
            "SELECT first, last FROM log WHERE id > ? ORDER BY first", (point.id,)
        ).fetchall()
        (known,) = self.connection.execute(
            "SELECT count(*) FROM log WHERE id = ? AND token = ?", point
        ).fetchone()
        if not known and point.id:
            return None
        merged: list[tuple[int, int]] = []
        for first, last in rows:
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return merged

    def last_passage(self) -> int:
        """Return the greatest id of a passage, 0 where there is none."""
        (last,) = self.connection.execute("SELECT max(id) FROM passages").fetchone()
        return last or 0

    def lengths(self) -> tuple[Lengths, dict[str, int]]:
        """Return how long the passages are, and how many there are in each language."""
        rows = self.connection.execute(
            "SELECT language, sum(passages), sum(alone), sum(around) FROM lengths "
            "GROUP BY language ORDER BY language"
        ).fetchall()
        passages, alone, around = (sum(row[i] for row in rows) for i in (1, 2, 3))
        n = max(passages, 1)
        # No mean is 0: a passage of which no word is a term is as long as the mean.
        mean = Lengths(passages, alone / n or 1.0, around / n or 1.0)
        return mean, {language: n for language, n, *_ in rows}

    def counts(self, first: int, last: int) -> list[tuple[int, bytes]]:
        """Return the counts of the terms of the passages of these ids that are in."""
        return self.connection.execute(
            "SELECT id, terms FROM passages WHERE id BETWEEN ? AND ?", (first, last)
        ).fetchall()

    def vectors(self, first: int, last: int) -> list[tuple[int, bytes]]:
        """Return the vectors of the passages of these ids that are in."""
        return self.connection.execute(
            "SELECT passage, vector FROM vectors WHERE passage BETWEEN ? AND ?", (first, last)
        ).fetchall()

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
            "SELECT name, sha256, pages, coalesce(passages, 0) FROM documents "
            "JOIN contents ON contents.id = documents.content "
            "LEFT JOIN (SELECT content, count(*) AS passages FROM passages GROUP BY content) "
            "USING (content) ORDER BY name"
        )
        return [DocumentInfo(*row) for row in rows]

    def count(self) -> tuple[int, int]:
        """Return the numbers of documents and of passages."""
        (documents,) = self.connection.execute("SELECT count(*) FROM documents").fetchone()
        (passages,) = self.connection.execute("SELECT count(*) FROM passages").fetchone()
        return documents, passages

    def document(self, name: str) -> Document:
        """Return the document without its boxes; raises UnknownDocumentError where none is."""
        row = self.connection.execute(
            "SELECT name, sha256, text, places, part FROM documents "
            "JOIN contents ON contents.id = documents.content WHERE name = ?",
            (name,),
        ).fetchone()
        if row is None:
            raise UnknownDocumentError(f"no document is named {name!r}; see `pincite documents`")
        name, sha256, text, places, part = row
        return Document(name, sha256, text, places_from(places), part=part)

    def boxes(self, name: str) -> Boxes:
        """Return the boxes of the document's words, by start; none where it has none."""
        row = self.connection.execute(
            "SELECT data FROM documents JOIN boxes USING (content) WHERE name = ?", (name,)
        ).fetchone()
        return boxes_from(row[0]) if row else no_boxes()

    def file(self, path: bytes) -> File | None:
        """Return the file at this path, if any."""
        return next(self._files("path = ?", path), None)

    def files_like(self, sha256: str) -> list[File]:
        """Return the files of that hash which are wholly in."""
        return list(self._files("sha256 = ?", sha256))

    def paths(self) -> list[bytes]:
        """Return the paths of all files."""
        return [path for (path,) in self.connection.execute("SELECT path FROM files ORDER BY path")]

    def _files(self, where: str, value: str | bytes) -> Iterator[File]:
        rows = self.connection.execute(
            f"SELECT id, path, sha256, failed FROM files WHERE {where} ORDER BY path",  # noqa: S608
            (value,),
        )
        for number, path, sha256, failed in rows.fetchall():
            yield File(number, path, sha256, tuple(Failure(*one) for one in json.loads(failed)))

    def names_in(self, file: File) -> list[str]:
        """Return the names of the file's documents."""
        rows = self.connection.execute(
            "SELECT name FROM documents WHERE file = ? ORDER BY id", (file.id,)
        )
        return [name for (name,) in rows]

    def path_of(self, name: str) -> bytes | None:
        """Return the path of the document's file; None where there is no file or no document."""
        row = self.connection.execute(
            "SELECT path FROM documents JOIN files ON files.id = documents.file WHERE name = ?",
            (name,),
        ).fetchone()
        return row[0] if row else None

    def part_of(self, name: str) -> str:
        """Return the path of the document inside of its file; "" where it is the file."""
        row = self.connection.execute(
            "SELECT part FROM documents WHERE name = ?", (name,)
        ).fetchone()
        return row[0] if row else ""

    def vectors_of(self, hashes: Collection[bytes]) -> dict[bytes, VectorRow]:
        """Return the vectors of passages that the library has already, by their hash."""
        found: dict[bytes, VectorRow] = {}
        wanted = list(dict.fromkeys(hashes))
        for start in range(0, len(wanted), _VECTORS_AT_ONCE):
            some = wanted[start : start + _VECTORS_AT_ONCE]
            marks = ", ".join("?" * len(some))
            rows = self.connection.execute(
                "SELECT hash, vector, sentence_vectors FROM passages "  # noqa: S608
                f"JOIN vectors ON passage = id WHERE hash IN ({marks}) GROUP BY hash",
                some,
            )
            found.update((key, (vector, sentences)) for key, vector, sentences in rows)
        return found

    def vectors_in(self, file: File) -> dict[bytes, VectorRow]:
        """Return the vectors of the passages that a file holds, by their hash."""
        rows = self.connection.execute(
            "SELECT hash, vector, sentence_vectors FROM documents JOIN passages USING (content) "
            "JOIN vectors ON passage = passages.id WHERE file = ?",
            (file.id,),
        )
        return {key: (vector, sentences) for key, vector, sentences in rows}

    def whole(self, name: str) -> Document | None:
        """Return the document if its text and places are as they were stored, else None.

        A text that was given has no places, so that it is whole where its text is.
        """
        row = self.connection.execute(
            "SELECT file, part, sha256, CAST(text AS BLOB), text_sha256, places, digest "
            "FROM documents JOIN contents ON contents.id = documents.content WHERE name = ?",
            (name,),
        ).fetchone()
        if row is None:
            return None
        file, part, sha256, data, text_sha256, places, known = row
        if hashlib.sha256(data).hexdigest() != text_sha256:
            return None
        text = data.decode()
        if file is None:
            return Document(name, sha256, text)
        try:
            boxes = self.boxes(name)
            found = places_from(places)
            check_places(found, len(text))
        except (LibraryError, ValueError):
            return None
        if digest(text, places, boxes) != known:
            return None
        return Document(name, sha256, text, found, boxes, part)

    def names(self, contents: Collection[int]) -> list[str]:
        """Return the names of the documents that have one of these contents, in order."""
        rows = self.connection.execute(
            "SELECT name FROM documents WHERE content IN (SELECT value FROM json_each(?)) "
            "ORDER BY name",
            (json.dumps(list(contents)),),
        )
        return [name for (name,) in rows]
