"""BM25 over the catalog's passages: SQLite's FTS5, in the catalog's own file and transactions.

Derived all the same: `rebuild` makes it again from the passages.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

SCHEMA = """
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
    text, tokenize = "porter unicode61 remove_diacritics 2"
)
"""

_WORD = re.compile(r"\w+")
_MAX_WORDS = 200  # of a question; FTS5 bounds the size of an expression


def insert(connection: sqlite3.Connection, passage_id: int, text: str) -> None:
    """Index the words of a passage."""
    connection.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (passage_id, text))


def delete(connection: sqlite3.Connection, document_id: int) -> None:
    """Forget the words of a document's passages; call before the passages are deleted."""
    connection.execute(
        "DELETE FROM words WHERE rowid IN (SELECT id FROM passages WHERE document = ?)",
        (document_id,),
    )


def search(connection: sqlite3.Connection, question: str, k: int) -> dict[int, float]:
    """Return the BM25 score (greater is better) of the k best passages by id.

    Words of the question are data: each is quoted, none can be an operator of FTS5.
    """
    words = list(dict.fromkeys(_WORD.findall(question)))[:_MAX_WORDS]
    if not words:
        return {}
    rows = connection.execute(
        "SELECT words.rowid, -bm25(words) AS score FROM words "
        "JOIN passages ON passages.id = words.rowid "
        "JOIN documents ON documents.id = passages.document "
        "WHERE words MATCH ? ORDER BY score DESC, documents.name, passages.start LIMIT ?",
        (" OR ".join(f'"{word}"' for word in words), k),
    )
    return {int(passage_id): float(score) for passage_id, score in rows}


def clear(connection: sqlite3.Connection) -> None:
    """Make the index anew, empty."""
    connection.execute("DROP TABLE IF EXISTS words")
    connection.execute(SCHEMA)


def rebuild(connection: sqlite3.Connection) -> None:
    """Make the index again from the catalog's passages."""
    clear(connection)
    for text, document_id in connection.execute("SELECT text, id FROM documents"):
        spans = connection.execute(
            "SELECT id, start, end FROM passages WHERE document = ?", (document_id,)
        )
        for passage_id, start, end in spans:  # cut here: SQLite's substr stops at a NUL
            insert(connection, passage_id, text[start:end])


def damage(connection: sqlite3.Connection) -> list[str]:
    """Say whether the index contradicts itself; nothing if it is sound."""
    try:
        connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    except sqlite3.DatabaseError as error:
        return [f"the word index is damaged ({error})"]
    return []


def faults(connection: sqlite3.Connection) -> list[str]:
    """Say where the index differs from the passages; nothing if it is whole."""
    try:
        (missing,) = connection.execute(
            "SELECT count(*) FROM passages WHERE id NOT IN (SELECT rowid FROM words)"
        ).fetchone()
        (extra,) = connection.execute(
            "SELECT count(*) FROM words WHERE rowid NOT IN (SELECT id FROM passages)"
        ).fetchone()
        wrong = sum(_wrong(connection))
    except sqlite3.DatabaseError as error:
        return [f"the word index is damaged ({error})"]
    found = []
    if missing or extra:
        found.append(f"the word index lacks {missing} passages and has {extra} too many")
    if wrong:
        found.append(f"the word index has other words for {wrong} passages than they hold")
    return found


def _wrong(connection: sqlite3.Connection) -> Iterator[bool]:
    """Yield for each indexed passage whether its words are not those of its text."""
    for document_id, data in connection.execute("SELECT id, CAST(text AS BLOB) FROM documents"):
        text = data.decode(errors="replace")
        for start, end, indexed in connection.execute(
            "SELECT start, end, words.text FROM passages "
            "JOIN words ON words.rowid = passages.id WHERE document = ?",
            (document_id,),
        ):
            yield indexed != text[start:end]
