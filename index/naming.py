"""What a catalog keeps of the names of documents: titles, and what passages stand below."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence

from index import lexical, titles
from index.language import language
from index.records import Document
from index.rows import places_from

_TOKEN_BITS = 62


def go_by(db: sqlite3.Connection, document: int) -> None:
    """Let a document go by the titles of its text and of its name. Within a transaction."""
    name, text = db.execute(
        "SELECT name, text FROM documents JOIN contents ON contents.id = content "
        "WHERE documents.id = ?",
        (document,),
    ).fetchone()
    keys = sorted(titles.keys(Document(name, "", text), language(text)))
    db.execute("DELETE FROM titles WHERE document = ?", (document,))
    db.executemany(
        "INSERT INTO titles VALUES (?, ?, ?)",
        [(document, titles.start_of(key), key) for key in keys],
    )


def stand_below(db: sqlite3.Connection, content: int, names: Sequence[str]) -> None:
    """Let the passages of a content stand below the names of its documents. In a transaction."""
    wanted = titles.file_titles(names)
    (stored,) = db.execute("SELECT title FROM contents WHERE id = ?", (content,)).fetchone()
    if stored == wanted:
        return
    text, places = db.execute(
        "SELECT text, places FROM contents WHERE id = ?", (content,)
    ).fetchone()
    document = Document(names[0], "", text, places_from(places))
    title = titles.title_of(text)
    passages = db.execute(
        "SELECT id, start, end, language FROM passages WHERE content = ?", (content,)
    ).fetchall()
    for passage, start, end, spoken in passages:
        above = titles.above(document, title, start, names)
        terms = lexical.counts(text[start:end], above, spoken)
        db.execute("UPDATE passages SET above = ?, terms = ? WHERE id = ?", (above, terms, passage))
    db.execute("UPDATE contents SET title = ? WHERE id = ?", (wanted, content))
    measure(db, content)
    note(db, content)


def measure(db: sqlite3.Connection, content: int) -> None:
    """Keep how many terms the passages of a content have, in each language."""
    rows = db.execute(
        "SELECT language, terms FROM passages WHERE content = ? ORDER BY id", (content,)
    ).fetchall()
    db.execute("DELETE FROM lengths WHERE content = ?", (content,))
    db.executemany(
        "INSERT INTO lengths VALUES (?, ?, ?, ?, ?)",
        [(content, *row) for row in lengths(rows)],
    )


def lengths(passages: Sequence[tuple[str, bytes]]) -> list[tuple[str, int, int, float]]:
    """Return how many passages of a document are in each language, and how long they are.

    Passages are given by language and counts of terms, in order.
    """
    alone, around = lexical.lengths([terms for _, terms in passages])
    found: dict[str, tuple[int, int, float]] = {}
    for (spoken, _), one, more in zip(passages, alone.tolist(), around.tolist(), strict=True):
        n, sum_alone, sum_around = found.get(spoken, (0, 0, 0.0))
        found[spoken] = (n + 1, sum_alone + one, sum_around + more)
    return [(spoken, *sums) for spoken, sums in found.items()]


def note(db: sqlite3.Connection, content: int) -> None:
    """Note in the log that the passages of a content came, go, or have changed."""
    first, last = db.execute(
        "SELECT min(id), max(id) FROM passages WHERE content = ?", (content,)
    ).fetchone()
    if first is not None:
        db.execute(
            "INSERT INTO log (first, last, token) VALUES (?, ?, ?)",
            (first, last, secrets.randbits(_TOKEN_BITS)),
        )
