"""What is wrong with a catalog: every stored thing against every other."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

from index import lexical, naming, titles
from index.catalog import Catalog
from index.errors import LibraryError
from index.language import LANGUAGES, language
from index.records import Document, Fault, check_places, no_boxes
from index.rows import (
    boxes_from,
    digest,
    is_unit,
    passage_hash,
    places_from,
    spans_from,
    spans_within,
)
from index.terms import fingerprint

_CONTENTS = """
SELECT contents.id, CAST(text AS BLOB), text_sha256, places, pages, digest, title, data
FROM documents JOIN contents ON contents.id = documents.content
LEFT JOIN boxes ON boxes.content = contents.id
WHERE contents.id = ? GROUP BY contents.id
"""
_PASSAGES = """
SELECT start, end, sentences, hash, language, above, terms, same, vector, sentence_vectors
FROM passages LEFT JOIN vectors ON passage = id WHERE content = ? ORDER BY start
"""


def faults(catalog: Catalog) -> list[Fault]:
    """Say what is wrong with the catalog; nothing if it is whole."""
    found: list[Fault] = []
    db = catalog.connection
    try:
        with catalog.snapshot():
            for (line,) in db.execute("PRAGMA integrity_check(10)"):
                if line != "ok":
                    found.append(Fault(f"the catalog is damaged: {' '.join(line.split())}"))
            (files,) = db.execute(
                "SELECT count(*) FROM files WHERE typeof(path) <> 'blob' OR NOT json_valid(failed)"
            ).fetchone()
            if files:
                found.append(Fault(f"{files} files are noted otherwise than they were"))
            (remains,) = db.execute(
                "SELECT count(*) FROM contents WHERE id NOT IN (SELECT content FROM documents)"
            ).fetchone()
            if remains:
                found.append(Fault(f"{remains} texts belong to no document"))
            for (name,) in db.execute(
                "SELECT name FROM documents WHERE content NOT IN (SELECT id FROM contents) OR "
                "(file IS NOT NULL AND file NOT IN (SELECT id FROM files))"
            ):
                found.append(Fault("its text or its file is missing", name))
            for (content,) in db.execute("SELECT id FROM contents ORDER BY id").fetchall():
                found += _of_content(catalog, content)
    except sqlite3.DatabaseError as error:
        found.append(Fault(f"the catalog is damaged: {error}"))
    return found


def is_sound(catalog: Catalog) -> bool:
    """Whether the database itself is whole, whatever it holds."""
    try:
        (said,) = catalog.connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError:
        return False
    return bool(said == "ok")


def _of_content(catalog: Catalog, content: int) -> Iterator[Fault]:
    """Yield the faults of a content, each for every document that has it."""
    row = catalog.connection.execute(_CONTENTS, (content,)).fetchone()
    if row is None:
        return  # it belongs to no document, which is told
    names = catalog.names([content])
    try:
        found = [*_of_text(catalog, names, *row)]
    except (AttributeError, TypeError, ValueError, sqlite3.OperationalError):
        found = ["what is stored of it is of another kind than it was"]
    for fault in found:
        yield from (Fault(fault, name) for name in names)


def _of_text(
    catalog: Catalog,
    names: list[str],
    content: int,
    data: bytes,
    text_sha256: str,
    places: str,
    pages: int | None,
    key: str,
    title: str,
    boxes: bytes | None,
) -> Iterator[str]:
    text = data.decode(errors="replace")
    if hashlib.sha256(data).hexdigest() != text_sha256:
        yield "the text is not the one that was stored"
    else:
        try:
            found = boxes_from(boxes) if boxes is not None else no_boxes()
            of_text = places_from(places)
            check_places(of_text, len(text))
            last = max((place.page for place in of_text if place.page), default=0)
            if (pages or 0) < last:
                yield "it has fewer pages than its text"
            if digest(text, places, found) != key:
                yield "its places are not those that were stored"
        except (LibraryError, TypeError, ValueError):
            yield "its places are damaged"
    spoken = language(text)
    stored = catalog.connection.execute(
        "SELECT name, start, terms FROM titles JOIN documents ON id = document WHERE content = ?",
        (content,),
    ).fetchall()
    goes_by = {
        (name, titles.start_of(key), key)
        for name in names
        for key in titles.keys(Document(name, "", text), spoken)
    }
    if {*stored} != goes_by or title != titles.file_titles(names):
        yield "it goes by other titles than it has"
    found_in_passages = [*_of_passages(catalog, content, text)]
    yield from found_in_passages
    if not found_in_passages and not _is_measured(catalog, content):
        yield "its passages are measured otherwise than they are"


def _is_measured(catalog: Catalog, content: int) -> bool:
    """Whether the lengths of a content's passages, which are whole, are those that are noted."""
    rows = catalog.connection.execute(
        "SELECT language, terms FROM passages WHERE content = ? ORDER BY id", (content,)
    ).fetchall()
    known = catalog.connection.execute(
        "SELECT language, passages, alone, around FROM lengths WHERE content = ?", (content,)
    )
    return {*known} == {*naming.lengths(rows)}


def _of_passages(catalog: Catalog, content: int, text: str) -> Iterator[str]:
    rows = catalog.connection.execute(_PASSAGES, (content,)).fetchall()
    end = 0
    between = []
    for start, stop, sentences, key, spoken, above, terms, same, vector, of_sentences in rows:
        if not end <= start < stop <= len(text):
            yield f"passage {start}-{stop} does not fit the text"
        between.append(text[end:start])
        end = stop
        inside = text[start:stop]
        try:
            spans = spans_from(sentences)
            if any(not start <= left < right <= stop for left, right in spans):
                yield f"passage {start}-{stop} has sentences outside of it"
            if len(bytes(of_sentences)) != len(spans) * catalog.dimension:
                yield f"passage {start}-{stop} has not one vector for each sentence"
            if key != passage_hash(inside, spans_within(spans, start)):
                yield f"passage {start}-{stop} is not the one that was embedded"
        except (LibraryError, TypeError):
            yield f"passage {start}-{stop} has damaged sentences"
        words = lexical.counts(inside, above, spoken)
        if (terms, same) != (words, fingerprint(inside)) or spoken not in LANGUAGES:
            yield f"passage {start}-{stop} has other words for the search than it holds"
        if not is_unit(vector, catalog.dimension):
            yield f"passage {start}-{stop} has no proper vector"
    if not rows:
        yield "it has no passage"
    elif any(map(str.strip, [*between, text[end:]])):
        yield "a part of its text is in no passage"
