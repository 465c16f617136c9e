"""A damaged catalog -> a whole one: of what is whole in it, and of the files.

A document is made again where only it is damaged. Where the database itself is, all that can still
be read of it goes into a new one, which takes its place.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from index import adding, changes
from index.catalog import Catalog, Point
from index.errors import LibraryError, UnreadableError
from index.faults import faults, is_sound
from index.records import Document, Fault
from index.rows import VectorRow, is_unit, passage_row
from index.split import split

_CHANGED = "another process changed the library meanwhile: give the same command again"


def repair(catalog: Catalog, into: adding.Into, within: Path) -> list[Fault]:
    """Mend the catalog, a new one being made in a folder; return what remains, and was lost.

    Raises LibraryError where another process changes it meanwhile.
    """
    before = _point(catalog)
    found = faults(catalog)
    if not found:
        return []
    try:
        if is_sound(catalog):
            remaining = _mended(catalog, into, found, before)
            if all(fault.document for fault in remaining):
                return remaining
        return _salvaged(catalog, into, within)
    except sqlite3.DatabaseError as error:
        return [
            Fault(
                f"the catalog cannot be repaired ({error}): move the library's folder away and "
                "index your files again"
            )
        ]


def _mended(
    catalog: Catalog, into: adding.Into, found: Sequence[Fault], before: Point | None
) -> list[Fault]:
    """Make documents again; nothing of what was stored of them but whole text is believed."""
    damaged = sorted({fault.document for fault in found if fault.document})
    made = {name: _again(catalog, name) for name in damaged}
    embedded = {
        name: adding.embed(into, document, lambda *_: None, known={})
        for name, (document, _) in made.items()
        if isinstance(document, Document)
    }
    lost = []
    with catalog.transaction():
        if catalog.point() != before:
            raise LibraryError(_CHANGED)
        changes.clear_remains(catalog)
        changes.remove(catalog, damaged)
        for name, (document, path) in made.items():
            if isinstance(document, Document):
                changes.put(catalog, document, embedded[name], path=path, names=[name])
            else:
                lost.append(_lost(name, document))
    return [*faults(catalog), *lost]


def _salvaged(catalog: Catalog, into: adding.Into, within: Path) -> list[Fault]:
    """Put all that can be read into a new catalog, and that in the old one's place."""
    lost = []
    before = _point(catalog)
    with (
        TemporaryDirectory(dir=within) as folder,
        closing(
            Catalog(
                Path(folder, catalog.path.name),
                encoder=catalog.encoder,
                dimension=catalog.dimension,
            )
        ) as new,
    ):
        # No id is given again: what others keep by the old ones is not of the new.
        new.connection.execute(
            "INSERT INTO sqlite_sequence VALUES ('contents', ?)", (secrets.randbits(40),)
        )
        of_new = adding.Into(lambda: nullcontext(new), into.encoder)
        for name in _names(catalog):
            if name is None:
                lost.append(Fault("documents whose names are lost are out: index your files again"))
                break
            document, path = _again(catalog, name)
            if isinstance(document, Document):
                known = _whole_vectors(catalog, document)
                embedded = adding.embed(of_new, document, lambda *_: None, known=known)
                changes.put(new, document, embedded, path=path, names=[name])
            else:
                lost.append(_lost(name, document))
        if _point(catalog) != before:
            raise LibraryError(_CHANGED)
        new.connection.backup(catalog.connection)
    return [*faults(catalog), *lost]


def _point(catalog: Catalog) -> Point | None:
    """Return where the log is; None where that cannot be read any more."""
    with suppress(sqlite3.DatabaseError):
        return catalog.point()
    return None


def _names(catalog: Catalog) -> Iterator[str | None]:
    """Yield the names of the documents that can be read; then None, if there are others."""
    try:
        yield from [
            name
            for (name,) in catalog.connection.execute("SELECT DISTINCT name FROM documents")
            if isinstance(name, str)
        ]
        (orphans,) = catalog.connection.execute(
            "SELECT count(*) FROM contents WHERE id NOT IN (SELECT content FROM documents)"
        ).fetchone()
        if orphans:
            yield None
    except sqlite3.DatabaseError:
        yield None


def _again(catalog: Catalog, name: str) -> tuple[Document | UnreadableError, bytes | None]:
    """Return a document from its stored text if that is whole, else its file; and its path."""
    path = None
    try:
        path = catalog.path_of(name)
        document = catalog.whole(name)
        if document is None and path is not None:
            document = adding.read_again(path, catalog.part_of(name), name)
    except (sqlite3.DatabaseError, LibraryError, ValueError, TypeError):
        document = None
    except UnreadableError as error:
        return error, path
    return document or UnreadableError("there is no file to read it from"), path


def _whole_vectors(catalog: Catalog, document: Document) -> dict[bytes, VectorRow]:
    """Return the vectors of the document's passages which are still what they were."""
    sentences = {
        row[3]: len(passage.sentences)
        for passage in split(document)
        for row in [passage_row(passage)]
    }
    try:
        found = catalog.vectors_of([*sentences])
    except sqlite3.DatabaseError:
        return {}
    return {
        key: row
        for key, row in found.items()
        if key in sentences  # a damaged index finds anything
        and is_unit(row[0], catalog.dimension)
        and isinstance(row[1], bytes)
        and len(row[1]) == sentences[key] * catalog.dimension
    }


def _lost(name: str, why: UnreadableError) -> Fault:
    return Fault(f"its text was damaged and it was taken out: {why}", name)
