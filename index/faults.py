"""What is wrong with a catalog: every stored thing against every other."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

import numpy as np

from index import lexical, titles
from index.catalog import Catalog
from index.errors import LibraryError
from index.language import LANGUAGES, language
from index.records import Document, Fault, check_places
from index.rows import places_from, spans_from
from index.terms import fingerprint


def faults(catalog: Catalog) -> list[Fault]:
    """Say what is wrong with the catalog; nothing if it is whole."""
    found: list[Fault] = []
    try:
        with catalog.snapshot():
            for (line,) in catalog.connection.execute("PRAGMA integrity_check(10)"):
                if line != "ok":
                    found.append(Fault(f"the catalog is damaged: {line}"))
            for document_id, name, data, text_sha256, places in catalog.connection.execute(
                "SELECT id, name, CAST(text AS BLOB), text_sha256, places FROM documents "
                "ORDER BY name"
            ):
                found += [
                    Fault(fault, name)
                    for fault in _of_document(catalog, document_id, name, data, text_sha256, places)
                ]
    except sqlite3.DatabaseError as error:
        found.append(Fault(f"the catalog is damaged: {error}"))
    return found


def _of_document(
    catalog: Catalog, document_id: int, name: str, data: bytes, text_sha256: str, places: str
) -> Iterator[str]:
    if hashlib.sha256(data).hexdigest() != text_sha256:
        yield "the text is not the one that was stored"
    text = data.decode(errors="replace")
    try:
        check_places(places_from(places), len(text))
    except (LibraryError, TypeError, ValueError):
        yield "its places are damaged"
    document = Document(name, "", text)
    stored = catalog.connection.execute(
        "SELECT terms FROM titles WHERE document = ?", (document_id,)
    )
    if {key for (key,) in stored} != titles.keys(document, language(text)):
        yield "it goes by other titles than it has"
    end = 0
    rows = catalog.connection.execute(
        "SELECT start, end, sentences, vector, sentence_vectors, language, above, terms, same "
        "FROM passages WHERE document = ? ORDER BY start",
        (document_id,),
    ).fetchall()
    if not rows:
        yield "it has no passage"
    for start, stop, sentences, vector, sentence_vectors, spoken, above, terms, same in rows:
        if not end <= start < stop <= len(text):
            yield f"passage {start}-{stop} does not fit the text"
        end = stop
        try:
            spans = spans_from(sentences)
            if any(not start <= left < right <= stop for left, right in spans):
                yield f"passage {start}-{stop} has sentences outside of it"
            if len(bytes(sentence_vectors)) != len(spans) * catalog.dimension:
                yield f"passage {start}-{stop} has not one vector for each sentence"
        except (LibraryError, TypeError):
            yield f"passage {start}-{stop} has damaged sentences"
        words = lexical.counts(text[start:stop], above, spoken)
        if (terms, same) != (words, fingerprint(text[start:stop])) or spoken not in LANGUAGES:
            yield f"passage {start}-{stop} has other words for the search than it holds"
        whole = isinstance(vector, bytes) and len(vector) % 4 == 0
        row = np.frombuffer(vector, np.float32) if whole else np.empty(0)
        if row.shape != (catalog.dimension,) or not abs(float(row @ row) - 1) < 1e-3:
            yield f"passage {start}-{stop} has no proper vector"
