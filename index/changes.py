"""Every change of what documents a catalog holds: each all or nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from index import naming, titles
from index.catalog import Catalog, File
from index.errors import UnknownDocumentError, UnreadableError
from index.records import Document, Failure, check_places
from index.rows import PassageRow, VectorRow, boxes_row, digest, places_row, sha256

Embedded = Sequence[tuple[PassageRow, VectorRow]]
Outcome = tuple[str, str]  # "added", "updated" or "unchanged", and the document's name


def put(
    catalog: Catalog,
    document: Document,
    embedded: Embedded | None,
    *,
    path: bytes | None,
    names: Sequence[str],
) -> Outcome | None:
    """Add a document, or replace that of the same part of the same file; say which.

    Returns None, and changes nothing, where its passages must be embedded first: where the
    library has no document that is like it, and `embedded` is None.

    A new file takes the first of `names` that no other document has; a text (path None) replaces
    the text of its name. The file counts as not wholly in until `finish`. Raises
    UnreadableError where every name is taken.
    """
    check_places(document.places, len(document.text))
    places = places_row(document.places)
    key = digest(document.text, places, document.boxes)
    with catalog.transaction():
        content = _content(catalog, key)
        if content is None and embedded is None:
            return None
        if content is None:
            assert embedded is not None  # noqa: S101 - see above
            content = _insert_content(catalog, document, key, places, embedded)
        file = None if path is None else _opened(catalog, path)
        return _link(catalog, file, document.part, document.sha256, content, names)


def finish(
    catalog: Catalog,
    path: bytes,
    sha256: str | None,
    parts: Collection[str],
    failed: Sequence[Failure],
) -> list[str]:
    """Note that all that a file holds is in; return the names of documents it holds no more."""
    with catalog.transaction():
        file = _opened(catalog, path)
        gone = [name for part, name in _parts(catalog, file) if part not in parts]
        _delete(catalog, gone)
        told = json.dumps([[one.name, one.reason] for one in failed], ensure_ascii=False)
        catalog.connection.execute(
            "UPDATE files SET sha256 = ?, failed = ? WHERE id = ?", (sha256, told, file)
        )
    return gone


def copy(catalog: Catalog, file: File, path: bytes, names: Sequence[str]) -> list[Outcome]:
    """Add a file that is like another one, which is wholly in; say what became of each document."""
    with catalog.transaction():
        rows = catalog.connection.execute(
            "SELECT part, sha256, content FROM documents WHERE file = ? ORDER BY id", (file.id,)
        ).fetchall()
        other = _opened(catalog, path)
        outcomes = [
            _link(catalog, other, part, sha256, content, within(names, part))
            for part, sha256, content in rows
        ]
        finish(catalog, path, file.sha256, [part for part, _, _ in rows], file.failed)
    return outcomes


def move(catalog: Catalog, file: File, path: bytes, names: Sequence[str]) -> list[tuple[str, str]]:
    """Let a file have another path, and its documents other names; return old and new names."""
    db = catalog.connection
    renamed = []
    with catalog.transaction():
        forget(catalog, path)
        db.execute("UPDATE files SET path = ? WHERE id = ?", (path, file.id))
        for part, old in _parts(catalog, file.id):
            new = _free(catalog, within(names, part), but=old)
            document, content = db.execute(
                "UPDATE documents SET name = ? WHERE name = ? RETURNING id, content", (new, old)
            ).fetchone()
            naming.go_by(db, document)
            _settle(catalog, content)
            renamed.append((old, new))
    return renamed


def remove(catalog: Catalog, names: Sequence[str]) -> None:
    """Take documents out; raises UnknownDocumentError, and takes none, where one is not in.

    What is taken out comes in again when its file is indexed again.
    """
    db = catalog.connection
    with catalog.transaction():
        for name in names:
            row = db.execute("SELECT file FROM documents WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise UnknownDocumentError(
                    f"no document is named {name!r}; see `pincite documents`"
                )
            db.execute("UPDATE files SET sha256 = NULL WHERE id = ?", row)
        _delete(catalog, names)
        db.execute(
            "DELETE FROM files WHERE sha256 IS NULL AND NOT EXISTS "
            "(SELECT 1 FROM documents WHERE file = files.id)"
        )


def forget(catalog: Catalog, path: bytes) -> list[str]:
    """Take out all that the file at this path holds; return the documents' names."""
    with catalog.transaction():
        file = catalog.file(path)
        names = catalog.names_in(file) if file else []
        _delete(catalog, names)
        catalog.connection.execute("DELETE FROM files WHERE path = ?", (path,))
    return names


def clear_remains(catalog: Catalog) -> None:
    """Take out what belongs to no document any more."""
    with catalog.transaction():
        db = catalog.connection
        db.execute("DELETE FROM contents WHERE id NOT IN (SELECT content FROM documents)")
        for table in ("boxes", "lengths", "passages"):
            db.execute(f"DELETE FROM {table} WHERE content NOT IN (SELECT id FROM contents)")  # noqa: S608
        db.execute("UPDATE files SET failed = '[]', sha256 = NULL WHERE NOT json_valid(failed)")
        db.execute("DELETE FROM titles WHERE document NOT IN (SELECT id FROM documents)")
        db.execute("DELETE FROM vectors WHERE passage NOT IN (SELECT id FROM passages)")


def within(names: Sequence[str], part: str) -> list[str]:
    """Return the names that a document inside of a file may have, or the file itself."""
    return [f"{name}/{part}" for name in names] if part else list(names)


def _opened(catalog: Catalog, path: bytes) -> int:
    """Return the id of a file, which counts as not wholly in from now on."""
    (file,) = catalog.connection.execute(
        "INSERT INTO files (path) VALUES (?) ON CONFLICT (path) DO UPDATE SET sha256 = NULL "
        "RETURNING id",
        (path,),
    ).fetchone()
    return int(file)


def _parts(catalog: Catalog, file: int) -> list[tuple[str, str]]:
    """Return the parts of a file that are in, each with its document's name."""
    return catalog.connection.execute(
        "SELECT part, name FROM documents WHERE file = ? ORDER BY id", (file,)
    ).fetchall()


def _content(catalog: Catalog, key: str) -> int | None:
    row = catalog.connection.execute("SELECT id FROM contents WHERE digest = ?", (key,)).fetchone()
    return row[0] if row else None


def _insert_content(
    catalog: Catalog, document: Document, key: str, places: str, embedded: Embedded
) -> int:
    catalog.check_encoder()  # another process may have embedded the library anew
    db = catalog.connection
    title = titles.file_titles([document.name])
    content = db.execute(
        "INSERT INTO contents (digest, title, pages, text_sha256, places, text) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (key, title, document.pages, sha256(document.text), places, document.text),
    ).lastrowid
    assert content is not None  # noqa: S101 - it was inserted
    if len(document.boxes):
        db.execute("INSERT INTO boxes VALUES (?, ?)", (content, boxes_row(document.boxes)))
    for row, vectors in embedded:
        passage = db.execute(
            "INSERT INTO passages (content, start, end, sentences, hash, language, above, terms, "
            "same) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (content, *row),
        ).lastrowid
        db.execute("INSERT INTO vectors VALUES (?, ?, ?)", (passage, *vectors))
    naming.measure(db, content)
    naming.note(db, content)
    return content


def _link(
    catalog: Catalog,
    file: int | None,
    part: str,
    sha256: str,
    content: int,
    names: Sequence[str],
) -> Outcome:
    """Let a document have this content."""
    db = catalog.connection
    known = db.execute(
        "SELECT id, name, sha256, content FROM documents WHERE file = ? AND part = ?"
        if file is not None
        else "SELECT id, name, sha256, content FROM documents WHERE file IS NULL AND name = ?",
        (file, part) if file is not None else (names[0],),
    ).fetchone()
    if known and known[2:] == (sha256, content):
        return "unchanged", known[1]
    if known:
        document, name, _, before = known
        db.execute(
            "UPDATE documents SET sha256 = ?, content = ? WHERE id = ?", (sha256, content, document)
        )
        _settle(catalog, before)
    else:
        name = _free(catalog, names)
        document = db.execute(
            "INSERT INTO documents (name, file, part, sha256, content) VALUES (?, ?, ?, ?, ?)",
            (name, file, part, sha256, content),
        ).lastrowid
    naming.go_by(db, document)
    _settle(catalog, content)
    return "updated" if known else "added", name


def _free(catalog: Catalog, names: Sequence[str], *, but: str | None = None) -> str:
    """Return the first name that no document has, but one."""
    for name in names:
        taken = catalog.connection.execute("SELECT 1 FROM documents WHERE name = ?", (name,))
        if name == but or taken.fetchone() is None:
            return name
    raise UnreadableError(
        f"another document is named {names[0]!r} already; remove it, or give another name"
    )


def _delete(catalog: Catalog, names: Sequence[str]) -> None:
    contents = {
        catalog.connection.execute(
            "DELETE FROM documents WHERE name = ? RETURNING content", (name,)
        ).fetchone()[0]
        for name in names
    }
    for content in contents:
        _settle(catalog, content)


def _settle(catalog: Catalog, content: int) -> None:
    """Let a content stand below the names of its documents; out it goes where it has none."""
    names = catalog.names([content])
    if names:
        naming.stand_below(catalog.connection, content, names)
    else:
        naming.note(catalog.connection, content)
        catalog.connection.execute("DELETE FROM contents WHERE id = ?", (content,))
