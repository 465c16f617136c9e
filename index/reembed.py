"""A catalog's vectors -> those of another embedding model, while the old ones still answer.

The new ones gather in a table of their own, a few at a time, so that an interruption loses
nothing; when none is missing they take the place of the old ones, at once.
"""

from __future__ import annotations

from collections.abc import Callable

from index.catalog import Catalog
from index.embed import Encoder
from index.errors import LibraryError
from index.records import Passage
from index.rows import spans_from, spans_within, vector_row

_Missing = tuple[int, bytes, int, int, str, str]  # as the query below says
_AT_ONCE = 32  # passages

_TABLE = """
CREATE TABLE IF NOT EXISTS next_vectors (
    passage INTEGER PRIMARY KEY REFERENCES passages (id) ON DELETE CASCADE,
    vector BLOB NOT NULL,
    sentence_vectors BLOB NOT NULL
)
"""
_MISSING = """
SELECT passages.id, hash, start, end, sentences, text FROM passages
JOIN contents ON contents.id = content LEFT JOIN next_vectors ON passage = passages.id
WHERE passage IS NULL ORDER BY passages.id LIMIT ?
"""


def reembed(catalog: Catalog, encoder: Encoder, tell: Callable[[int, int], None]) -> None:
    """Give every passage the vectors of this model, going on where it was stopped.

    tell is told how many passages are done, of how many. Raises LibraryError where another
    process is embedding the library with another model.
    """
    db = catalog.connection
    with catalog.transaction():
        if catalog.meta("encoder") == encoder.name:
            return
        if catalog.meta("next_encoder") != encoder.name:
            db.execute("DROP TABLE IF EXISTS next_vectors")
            db.execute("INSERT OR REPLACE INTO meta VALUES ('next_encoder', ?)", (encoder.name,))
        db.execute(_TABLE)
    while waiting := _waiting(catalog, encoder):
        done, total, missing = waiting
        tell(done, total)
        rows = []
        for number, key, start, end, stored, text in missing:
            spans = spans_from(stored)
            passage = Passage("", start, end, text[start:end], spans)
            vectors = encoder.encode_passage(passage.text, spans_within(spans, start))
            rows.append((number, *vector_row(passage, *vectors), key))
        with catalog.transaction():
            if not _goes_on(catalog, encoder):
                return
            db.executemany(
                # A passage may have gone meanwhile, and its number to another.
                "INSERT OR REPLACE INTO next_vectors SELECT ?1, ?2, ?3 "
                "WHERE EXISTS (SELECT 1 FROM passages WHERE id = ?1 AND hash = ?4)",
                rows,
            )


def _waiting(catalog: Catalog, encoder: Encoder) -> tuple[int, int, list[_Missing]] | None:
    """Return how many passages are done, of how many, and the next few that are not.

    Where there are none, the new vectors take the place of the old ones, and there is None.
    """
    db = catalog.connection
    with catalog.transaction():
        if not _goes_on(catalog, encoder):
            return None
        if missing := db.execute(_MISSING, (_AT_ONCE,)).fetchall():
            (done,) = db.execute("SELECT count(*) FROM next_vectors").fetchone()
            (total,) = db.execute("SELECT count(*) FROM passages").fetchone()
            return done, total, missing
        db.execute("DROP TABLE vectors")
        db.execute("ALTER TABLE next_vectors RENAME TO vectors")
        db.execute("UPDATE meta SET value = ? WHERE key = 'encoder'", (encoder.name,))
        db.execute("DELETE FROM meta WHERE key = 'next_encoder'")
        db.execute(
            "INSERT INTO log (first, last, token) "
            "SELECT 1, coalesce(max(id), 0), random() FROM passages"
        )
    return None


def _goes_on(catalog: Catalog, encoder: Encoder) -> bool:
    """Whether the library is being embedded with this model; not where another process is done.

    Raises LibraryError where it is being embedded with another one.
    """
    now = catalog.meta("next_encoder")
    if now == encoder.name:
        return True
    if not now and catalog.meta("encoder") == encoder.name:
        return False
    raise LibraryError(
        "another process embeds the library anew with "
        f"{now or 'a model that it now has'}: wait for it, then try again"
    )
