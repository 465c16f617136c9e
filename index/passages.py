"""What a search reads of a catalog: passages by their ids, with their vectors, words and titles."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from index.catalog import Catalog
from index.errors import LibraryError, UnknownDocumentError
from index.records import Passage, Place
from index.rows import MEND, places_from, spans_from

Read = tuple[int, Passage, str, tuple[Place, ...]]  # id, passage, its document's SHA-256, places


def contents_of(catalog: Catalog, ids: Sequence[int]) -> list[tuple[int, int, int, bytes]]:
    """Return id, content, same and counts of terms of each of these passages that is in."""
    return catalog.connection.execute(
        "SELECT id, content, same, terms FROM passages "
        "WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    ).fetchall()


def vectors_in(catalog: Catalog, ids: Sequence[int]) -> dict[int, bytes]:
    """Return the vectors of these passages."""
    return dict(
        catalog.connection.execute(
            "SELECT passage, vector FROM vectors WHERE passage IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        ).fetchall()
    )


def vectors_of_contents(catalog: Catalog, contents: Collection[int]) -> dict[int, list[bytes]]:
    """Return the vectors of the passages of each of these contents, in order."""
    rows = catalog.connection.execute(
        "SELECT content, vector FROM passages JOIN vectors ON passage = passages.id "
        "WHERE content IN (SELECT value FROM json_each(?)) ORDER BY content, start",
        (json.dumps(list(contents)),),
    )
    found: dict[int, list[bytes]] = {}
    for content, vector in rows:
        found.setdefault(content, []).append(vector)
    return found


def sentence_vectors(catalog: Catalog, ids: Sequence[int]) -> Iterator[NDArray[np.int8]]:
    """Yield the vectors (sentences, dimension) of each of these passages, as quantised."""
    found = dict(
        catalog.connection.execute(
            "SELECT passage, sentence_vectors FROM vectors "
            "WHERE passage IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        ).fetchall()
    )
    for passage_id in ids:
        blob = found.get(passage_id)
        if not isinstance(blob, bytes) or not blob or len(blob) % catalog.dimension:
            raise LibraryError(f"the sentences of a passage are damaged; {MEND}")
        yield np.frombuffer(blob, np.int8).reshape(-1, catalog.dimension)


def passages_of(catalog: Catalog, content: int) -> list[int]:
    """Return the ids of the passages of a content, in order."""
    rows = catalog.connection.execute(
        "SELECT id FROM passages WHERE content = ? ORDER BY id", (content,)
    )
    return [number for (number,) in rows]


def chosen(catalog: Catalog, names: Collection[str]) -> dict[str, int]:
    """Return the contents of the documents of these names.

    A name that ends with a slash stands for all documents below it. Raises UnknownDocumentError
    where there is none.
    """
    found: dict[str, int] = {}
    for name in names:
        folder = name.endswith("/")
        rows = catalog.connection.execute(
            "SELECT name, content FROM documents WHERE name >= ? AND name < ?"
            if folder
            else "SELECT name, content FROM documents WHERE name = ?",
            (name, f"{name[:-1]}0") if folder else (name,),  # "0" comes after "/"
        ).fetchall()
        if not rows:
            what = "name begins with" if folder else "is named"
            raise UnknownDocumentError(f"no document {what} {name!r}; see `pincite documents`")
        found.update(rows)
    return found


def within(catalog: Catalog, names: Collection[str]) -> dict[int, str]:
    """Return the contents of `chosen` documents, each with the first of their names."""
    found = chosen(catalog, names)
    return {found[name]: name for name in sorted(found, reverse=True)}


def count(catalog: Catalog, names: Collection[str]) -> tuple[int, int]:
    """Return the numbers of `chosen` documents and of their passages."""
    found = chosen(catalog, names)
    (held,) = catalog.connection.execute(
        "SELECT count(*) FROM passages WHERE content IN (SELECT value FROM json_each(?))",
        (json.dumps([*{*found.values()}]),),
    ).fetchone()
    return len(found), held


def copies(catalog: Catalog, same: int) -> list[int]:
    """Return the contents that have a passage which is the same."""
    rows = catalog.connection.execute(
        "SELECT DISTINCT content FROM passages WHERE same = ? ORDER BY content", (same,)
    )
    return [content for (content,) in rows]


def order(catalog: Catalog, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Return by what passages are ordered that tie: their document's first name, and start."""
    rows = catalog.connection.execute(
        "SELECT id, (SELECT min(name) FROM documents WHERE content = passages.content), start "
        "FROM passages WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    return {number: (name, start) for number, name, start in rows}


def titles(catalog: Catalog, starts: Collection[str]) -> list[tuple[str, int, str]]:
    """Return the titles that start so and are of one content only, with that and its name."""
    return catalog.connection.execute(
        "SELECT terms, min(content), min(name) FROM titles JOIN documents ON id = document "
        "WHERE start IN (SELECT value FROM json_each(?)) "
        "GROUP BY terms HAVING min(content) = max(content)",
        (json.dumps(list(starts)),),
    ).fetchall()


def read(
    catalog: Catalog, ids: Sequence[int], named: Mapping[int, str] | None = None
) -> list[Read]:
    """Return id, passage, its document's SHA-256 and its places for each id still there.

    Of documents that are alike, the one that is `named` for their content stands for all,
    else the first by name.
    """
    texts: dict[int, tuple[str, str, str, tuple[Place, ...]]] = {}
    found = []
    for passage_id in ids:
        row = catalog.connection.execute(
            "SELECT content, start, end, sentences, language, above FROM passages WHERE id = ?",
            (passage_id,),
        ).fetchone()
        if row is None:
            continue
        content, start, end, sentences, language, above = row
        if content not in texts:
            name, sha256, text, places = catalog.connection.execute(
                "SELECT name, sha256, text, places FROM documents "
                "JOIN contents ON contents.id = documents.content WHERE content = ? "
                "ORDER BY name <> ?, name LIMIT 1",
                (content, (named or {}).get(content, "")),
            ).fetchone()
            texts[content] = (name, sha256, text, places_from(places))
        name, sha256, text, places = texts[content]
        passage = Passage(name, start, end, text[start:end], spans_from(sentences), language, above)
        touched = tuple(p for p in places if p.start < end and p.end > start)
        found.append((passage_id, passage, sha256, touched))
    return found


def ends(catalog: Catalog, name: str) -> list[Read]:
    """Return the document's first and last passage as `read` does."""
    rows = catalog.connection.execute(
        "SELECT passages.id FROM passages JOIN documents USING (content) "
        "WHERE name = ? ORDER BY start",
        (name,),
    ).fetchall()
    return read(catalog, list(dict.fromkeys(row[0] for row in [*rows[:1], *rows[-1:]])))
