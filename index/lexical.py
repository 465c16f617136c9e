"""BM25 over the catalog's passages: SQLite's FTS5, in the catalog's own file and transactions.

A row holds the terms of a passage, of what stands above it (title and headings), and of the
passages before and after it, which say what it is about. Derived all the same: `rebuild` makes it
again from the passages.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from index.terms import query_terms, terms

SCHEMA = """
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
    here, above, around, tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co M*'"
)
"""
# How much a term counts in each column (BM25F: Robertson, Zaragoza and Taylor 2004).
HERE, ABOVE, AROUND = 1.0, 1.0, 0.5

_MAX_TERMS = 200  # of a question; FTS5 bounds the size of an expression

Entry = tuple[int, str, str, str]  # a passage's id, text, language, and what stands above it


def insert(connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """Index the passages of a document, in their order."""
    connection.executemany(
        "INSERT INTO words (rowid, here, above, around) VALUES (?, ?, ?, ?)", _rows(entries)
    )


def _rows(entries: Sequence[Entry]) -> Iterator[tuple[int, str, str, str]]:
    here = [" ".join(terms(text, language)) for _, text, language, _ in entries]
    for i, (passage_id, _, language, above) in enumerate(entries):
        around = " ".join([*here[max(0, i - 1) : i], *here[i + 1 : i + 2]])
        yield passage_id, here[i], " ".join(terms(above, language)), around


def delete(connection: sqlite3.Connection, document_id: int) -> None:
    """Forget the words of a document's passages; call before the passages are deleted."""
    connection.execute(
        "DELETE FROM words WHERE rowid IN (SELECT id FROM passages WHERE document = ?)",
        (document_id,),
    )


def search(connection: sqlite3.Connection, question: str, k: int) -> dict[int, float]:
    """Return the BM25 score (greater is better) of the k best passages by id.

    Terms of the question are data: each is quoted, none can be an operator of FTS5.
    """
    languages = [row[0] for row in connection.execute("SELECT DISTINCT language FROM passages")]
    asked = query_terms(question, sorted(languages))[:_MAX_TERMS]
    if not asked:
        return {}
    rows = connection.execute(
        "SELECT words.rowid, -bm25(words, ?, ?, ?) AS score FROM words "
        "JOIN passages ON passages.id = words.rowid "
        "JOIN documents ON documents.id = passages.document "
        "WHERE words MATCH ? ORDER BY score DESC, documents.name, passages.start LIMIT ?",
        (HERE, ABOVE, AROUND, " OR ".join(f'"{term}"' for term in asked), k),
    )
    return {int(passage_id): float(score) for passage_id, score in rows}


def clear(connection: sqlite3.Connection) -> None:
    """Make the index anew, empty."""
    connection.execute("DROP TABLE IF EXISTS words")
    connection.execute(SCHEMA)


def rebuild(connection: sqlite3.Connection) -> None:
    """Make the index again from the catalog's passages."""
    clear(connection)
    for entries in _documents(connection):
        insert(connection, entries)


def _documents(connection: sqlite3.Connection) -> Iterator[list[Entry]]:
    """Yield the passages of each document, in their order."""
    for document_id, data in connection.execute("SELECT id, CAST(text AS BLOB) FROM documents"):
        text = data.decode(errors="replace")  # cut here: SQLite's substr stops at a NUL
        yield [
            (passage_id, text[start:end], language, above)
            for passage_id, start, end, language, above in connection.execute(
                "SELECT id, start, end, language, above FROM passages WHERE document = ? "
                "ORDER BY start",
                (document_id,),
            )
        ]


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
    for entries in _documents(connection):
        for passage_id, *wanted in _rows(entries):
            row = connection.execute(
                "SELECT here, above, around FROM words WHERE rowid = ?", (passage_id,)
            ).fetchone()
            yield row is not None and list(row) != wanted
