"""Library: add, remove, search, check. The package's face."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import numpy as np

from index import dense, lexical, rank, weights
from index.catalog import Catalog
from index.embed import Encoder
from index.errors import LibraryError, UnreadableError
from index.read import read
from index.records import AddReport, Document, DocumentInfo, Failure, Fault, Hit, Progress
from index.split import split

CANDIDATES = 50  # passages that each of dense and lexical search hands to the fusion

_EMBED_AT_ONCE = 16  # passages between two reports of progress


class Library:
    """Documents that can be searched. Safe to use from several threads and processes."""

    def __init__(self, path: Path, encoder: Encoder) -> None:
        """Open the library in the folder `path`; use `Library.open`."""
        self.path = path
        self.encoder = encoder
        self._catalog = Catalog(
            path / "catalog.sqlite", encoder=encoder.name, dimension=encoder.dimension
        )
        self._lock = threading.RLock()  # one connection, many threads
        self._dense: tuple[int, dense.DenseIndex] | None = None  # and the generation it is of

    @classmethod
    def open(cls, path: str | Path, *, encoder: Encoder | None = None) -> Library:
        """Open the library in a folder, made where missing.

        Raises LibraryError if the folder cannot be used, WeightsError if the embedding model
        is missing.
        """
        folder = Path(path).expanduser().resolve()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise LibraryError(
                f"cannot make the library's folder {folder}: {error.strerror}; "
                "choose another with --library"
            ) from error
        return cls(folder, encoder or weights.encoder())

    def close(self) -> None:
        """Close the library's file."""
        with self._lock:
            self._catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(
        self, paths: Iterable[str | Path], *, progress: Callable[[Progress], None] | None = None
    ) -> AddReport:
        """Add or refresh files and folders; a file that fails does not keep out the others.

        Unchanged files (by SHA-256) are skipped without embedding. A document is named by its
        path below the folder that was given, or by the file's base name; where another file
        has that name already, parent folders are put before it.
        """
        tell = progress or (lambda _: None)
        files, failed = _files([Path(path) for path in paths], without=self.path)
        outcomes = []
        for number, (file, names) in enumerate(files):
            tell(Progress(number, len(files), names[0]))
            try:
                outcomes.append(self._add_file(file, names, _of_file(tell, number, len(files))))
            except UnreadableError as error:
                failed.append(Failure(names[0], str(error)))
        tell(Progress(len(files), len(files), ""))
        return _report(outcomes, failed)

    def add_texts(self, texts: Iterable[tuple[str, str]]) -> AddReport:
        """Add (name, text) documents that are no files, verbatim; a known name is replaced."""
        outcomes, failed = [], []
        for name, text in texts:
            try:
                outcomes.append(self._add_text(name, text))
            except UnreadableError as error:
                failed.append(Failure(name, str(error)))
        return _report(outcomes, failed)

    def _add_file(
        self, file: Path, names: Sequence[str], tell: Callable[[str, int, int], None]
    ) -> tuple[str, str]:
        """Return the outcome ("added" …) and the document's name."""
        source = os.fsencode(file)
        with self._lock:
            known = self._catalog.from_source(source)
        if known and known[1] == _sha256(file):
            return "unchanged", known[0]
        return self._put(read(file, names[0]), source, names, tell)

    def _add_text(self, name: str, text: str) -> tuple[str, str]:
        try:
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            name.encode()
        except UnicodeEncodeError as error:
            raise UnreadableError(
                f"holds a lone surrogate, which is no character: {error}"
            ) from None
        if not text.strip():
            raise UnreadableError("holds no text")
        with self._lock:
            same = any(
                info.name == name and info.sha256 == sha256 for info in self._catalog.documents()
            )
        if same:
            return "unchanged", name
        return self._put(Document(name, sha256, text), None, [name], _silent)

    def _put(
        self,
        document: Document,
        source: bytes | None,
        names: Sequence[str],
        tell: Callable[[str, int, int], None],
    ) -> tuple[str, str]:
        passages = split(document)
        rows = []
        for start in range(0, len(passages), _EMBED_AT_ONCE):
            tell(names[0], start, len(passages))
            batch = passages[start : start + _EMBED_AT_ONCE]
            rows.append(self.encoder.encode([passage.text for passage in batch]))
        vectors = (
            np.concatenate(rows) if rows else np.empty((0, self.encoder.dimension), np.float32)
        )
        with self._lock:
            name, new = self._catalog.put(document, passages, vectors, source=source, names=names)
        return "added" if new else "updated", name

    def remove(self, name: str, *, purge: bool = False) -> None:
        """Take a document out; with purge, leave no trace of it in the library's folder.

        Raises UnknownDocumentError.
        """
        with self._lock:
            source = self._catalog.source(name)
            self._catalog.remove(name)
            if purge:
                self._dense = None
                self._catalog.erase_free_space()
                file = Path(os.fsdecode(source)) if source else None
                if file and file.is_relative_to(self.path):  # an upload that was kept here
                    file.unlink(missing_ok=True)

    def search(self, question: str, k: int = 8) -> list[Hit]:
        """Return the k best passages, best first; ties by name, then start."""
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        if not question.strip():
            return []
        query = self.encoder.encode([question])[0]
        with self._lock:
            index = self._fresh()
            near = index.search(query, CANDIDATES)
            worded = lexical.search(self._catalog.connection, question, CANDIDATES)
            near |= index.cosines(query, [key for key in worded if key not in near])
            fused = rank.fuse(near, worded)
            found = self._catalog.passages(list(fused))
        hits = [
            Hit(
                passage=passage,
                sha256=sha256,
                score=fused[key],
                dense=near[key],
                lexical=worded.get(key, 0.0),
                places=places,
            )
            for key, passage, sha256, places in found
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.document, hit.start))[:k]

    def head(self, name: str) -> Hit | None:
        """Return a document's first passage, where title and author stand; its scores are 0."""
        with self._lock:
            found = self._catalog.head(name)
        if found is None:
            return None
        passage, sha256, places = found
        return Hit(passage, sha256, score=0.0, dense=0.0, lexical=0.0, places=places)

    def documents(self) -> list[DocumentInfo]:
        """List the documents by name."""
        with self._lock:
            return self._catalog.documents()

    def document(self, name: str) -> Document:
        """Return a document with its text and places; raises UnknownDocumentError."""
        with self._lock:
            return self._catalog.document(name)

    def text(self, name: str) -> str:
        """Return the string that a document's offsets refer to; raises UnknownDocumentError."""
        return self.document(name).text

    def count(self) -> tuple[int, int]:
        """Return the numbers of documents and of passages."""
        with self._lock:
            return self._catalog.count()

    def check(self, *, repair: bool = False) -> list[Fault]:
        """Say what is wrong with the library; an empty list if nothing is.

        With repair, the word index is made again from the passages, and a damaged document is
        read again from its file, or taken out where that is gone; what is returned remains.
        """
        with self._lock:
            faults = self._catalog.faults()
            if not (faults and repair):
                return faults
            try:
                with self._catalog.transaction():
                    lexical.rebuild(self._catalog.connection)
                lost = [
                    self._renew(name)
                    for name in sorted({fault.document for fault in faults if fault.document})
                ]
            except sqlite3.DatabaseError as error:
                return [Fault(f"the catalog cannot be repaired ({error}); index your files again")]
            return [*self._catalog.faults(), *filter(None, lost)]

    def _renew(self, name: str) -> Fault | None:
        """Put a damaged document in anew, from its stored text if that is whole, else its file."""
        document, whole = self._catalog.document(name), self._catalog.text_is_whole(name)
        source = self._catalog.source(name)
        try:
            if not whole and source is None:
                raise UnreadableError("there is no file to read it from")
            if not whole and source is not None:
                document = read(Path(os.fsdecode(source)), name)
            self._catalog.remove(name)
            self._put(document, source, [name], _silent)
        except UnreadableError as error:
            self._catalog.remove(name)
            return Fault(f"its text was damaged and it was taken out: {error}", name)
        return None

    def _fresh(self) -> dense.DenseIndex:
        """Return the dense index of the catalog as it is now."""
        generation = self._catalog.generation()
        if self._dense is None or self._dense[0] != generation:
            self._dense = (generation, dense.build(*self._catalog.vectors()))
        return self._dense[1]


def signature(paths: Iterable[str | Path]) -> dict[str, tuple[int, int]]:
    """Return size and time of change of every file below the paths: changes when a file does."""
    found = {}
    for path in paths:
        root = Path(path).expanduser().absolute()
        for file in _walk(root) if root.is_dir() else [root]:
            with suppress(FileNotFoundError):  # it went between the look at its folder and at it
                status = file.stat()
                found[str(file)] = (status.st_size, status.st_mtime_ns)
    return found


def _silent(*_: object) -> None:
    """Report no progress."""


def _of_file(
    tell: Callable[[Progress], None], number: int, files: int
) -> Callable[[str, int, int], None]:
    return lambda name, done, passages: tell(Progress(number, files, name, done, passages))


def _report(outcomes: Iterable[tuple[str, str]], failed: Iterable[Failure]) -> AddReport:
    names: dict[str, list[str]] = {"added": [], "updated": [], "unchanged": []}
    for kind, name in outcomes:
        names[kind].append(name)
    return AddReport(**{kind: tuple(found) for kind, found in names.items()}, failed=tuple(failed))


def _files(
    paths: Iterable[Path], *, without: Path
) -> tuple[list[tuple[Path, list[str]]], list[Failure]]:
    """Return every file with the names it may have, and the paths where there is none.

    Hidden files and the library's own folder are passed over; links to folders are not followed.
    """
    files: dict[Path, list[str]] = {}
    failed = []
    for path in paths:
        root = path.expanduser().absolute()
        if not root.is_dir():
            if root.exists() or root.is_symlink():
                files.setdefault(root, _names(root, 1))
            else:
                failed.append(Failure(printable(path), "there is no such file or folder"))
            continue
        found = [file for file in _walk(root) if not file.is_relative_to(without)]
        for file in found:
            files.setdefault(file, _names(file, len(file.relative_to(root).parts)))
        if not found:
            failed.append(Failure(printable(path), "the folder holds no files"))
    return list(files.items()), failed


def _walk(root: Path) -> Iterator[Path]:
    """Yield the files below a folder in the order of their names."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _names(file: Path, parts: int) -> list[str]:
    """Return the names a file may have: its last `parts` parts, then with more of its folders."""
    all_parts = file.parts[1:]
    return [printable(Path(*all_parts[-count:])) for count in range(parts, len(all_parts) + 1)]


def printable(path: Path) -> str:
    """Return a path as text with "/" between its parts; bytes that are no text are replaced."""
    return os.fsencode(path.as_posix()).decode(errors="replace")


def _sha256(file: Path) -> str | None:
    """Return the file's hash; None where it is no regular file or cannot be read."""
    if not file.is_file():
        return None
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return None  # reading it will say why
