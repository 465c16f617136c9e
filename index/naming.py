"""What a catalog keeps of the names of documents: titles, and what passages stand below."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from index import lexical, titles
from index.language import language
from index.records import Document
from index.rows import places_from


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
