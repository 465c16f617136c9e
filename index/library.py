"""Library: add, remove, search, check. The package's face."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from index import adding, changes, passages, rank, weights
from index.background import begun
from index.catalog import Catalog
from index.derived import Derived
from index.embed import Encoder, Vectors
from index.errors import LibraryError, UnreadableError
from index.faults import faults
from index.files import expanded, files, printable, reason, utf8
from index.read.sandbox import Sandbox
from index.records import (
    AddReport,
    Box,
    Document,
    DocumentInfo,
    Failure,
    Fault,
    Hit,
    Progress,
    box_of,
)
from index.reembed import reembed
from index.repair import repair as mended
from index.rerank import Reranker
from index.search import CANDIDATES, Ranked, Source, query, ranked

_CATALOG = "catalog.sqlite"
RERANKED = 30  # passages that a cross-encoder reads


class Library:
    """Documents that can be searched. Safe to use from several threads and processes."""

    def __init__(self, path: Path, encoder: Encoder, reranker: Reranker | None = None) -> None:
        """Open the library in the folder `path`; use `Library.open`."""
        self.path = path
        self.encoder = encoder
        self.reranker = reranker
        self._catalog = Catalog(path / _CATALOG, encoder=encoder.name, dimension=encoder.dimension)
        self._lock = threading.RLock()  # one connection, many threads
        self.ranking = rank.weights()
        self._derived = Derived(path / "derived" / "search")
        self._topics: dict[int, Vectors] = {}
        self._into = adding.Into(self._using, encoder)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        encoder: Encoder | None = None,
        reranker: Reranker | None = None,
    ) -> Library:
        """Open the library in a folder, made where missing; a reranker orders the first hits anew.

        Raises LibraryError if the folder cannot be used, WeightsError if the embedding model
        is missing.
        """
        return cls(_folder(path), encoder or weights.encoder(), reranker)

    @classmethod
    def reembed(
        cls,
        path: str | Path,
        *,
        encoder: Encoder | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Embed a library anew with another model; the old vectors answer until all are made.

        Goes on where it was stopped. Raises LibraryError, WeightsError.
        """
        folder, model, tell = _folder(path), encoder or weights.encoder(), progress or _silent
        catalog = Catalog(folder / _CATALOG, encoder=None, dimension=model.dimension)
        with closing(catalog), _told(folder):
            reembed(catalog, model, lambda *done: tell(Progress(0, 1, "embedding anew", *done)))

    def close(self) -> None:
        """Close the library's file."""
        with self._lock:
            self._catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _using(self) -> Iterator[Catalog]:
        """Hold the catalog alone; what SQLite fails with is raised as LibraryError."""
        with self._lock, _told(self.path):
            yield self._catalog

    def add(
        self,
        paths: Iterable[str | Path],
        *,
        prune: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> AddReport:
        """Add or refresh files and folders; a file that fails does not keep out the others.

        Unchanged files (by SHA-256) are skipped; one that was moved or renamed, or is like
        another, is neither read nor embedded again. With prune, documents go whose files are gone
        from the folders that are given. A document is named by its path below the folder that was
        given, or by the file's base name; where another file has that name already, parent
        folders are put before it.
        """
        given = list(map(Path, paths))
        found, failed = files(given, without=self.path)
        outcomes = [*failed, *adding.add_files(self._into, found, progress or _silent)]
        removed = adding.prune(self._into, given, found) if prune else ()
        return adding.report(outcomes, removed)

    def add_texts(self, texts: Iterable[tuple[str, str]]) -> AddReport:
        """Add (name, text) documents that are no files, verbatim; a known name is replaced."""
        outcomes: list[adding.Outcome] = []
        for name, text in texts:
            try:
                outcomes.append(self._add_text(name, text))
            except UnreadableError as error:
                outcomes.append(Failure(name, str(error)))
        return adding.report(outcomes)

    def _add_text(self, name: str, text: str) -> adding.Outcome:
        try:
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            name.encode()
        except UnicodeEncodeError as error:
            raise UnreadableError(
                f"holds a lone surrogate, which is no character: {error}"
            ) from None
        if not text.strip():
            raise UnreadableError("holds no text")
        document = Document(name, sha256, text)
        return adding.put(self._into, document, path=None, names=[name], tell=_silent)

    def remove(self, name: str, *, purge: bool = False) -> None:
        """Take a document out; with purge, leave no trace of it in the library's folder.

        Raises UnknownDocumentError; a purge erases the traces of earlier removals even so.
        """
        name = utf8(name)
        with self._using() as catalog:
            path = catalog.path_of(name)
            try:
                changes.remove(catalog, [name])
            finally:
                if purge:
                    self._topics.clear()
                    if path and catalog.file(path) is None:  # nothing else in it is in
                        self._unlink_upload(path)
                    self._erase_derived()
                    catalog.erase_free_space()

    def _unlink_upload(self, path: bytes) -> None:
        """Delete a file that was kept in the library's folder; files elsewhere are the user's."""
        file = Path(os.fsdecode(path))
        if file.is_relative_to(self.path):
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise LibraryError(f"cannot delete {file}: {reason(error)}") from error

    def derived(self, kind: str) -> Path:
        """Return a folder for what others derive of the documents; every purge empties it."""
        folder = self.path / "derived" / kind
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _erase_derived(self) -> None:
        try:
            self._derived.erase()
            for folder in (self.path / "derived").glob("*"):
                if folder != self._derived.folder:  # another process may fill it anew
                    shutil.rmtree(folder)
        except OSError as error:
            raise LibraryError(f"cannot empty {self.path / 'derived'}: {reason(error)}") from error

    def search(
        self, question: str, k: int = 8, *, within: Collection[str] | None = None
    ) -> list[Hit]:
        """Return the k best passages, best first; ties by name, then start.

        within names the documents that are searched, else all are; "folder/" stands for those
        below it. Raises UnknownDocumentError where there is none of a name.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        if not question.strip() or (within is not None and not within):
            return []
        question = utf8(question)
        encoded = begun(lambda: self.encoder.encode_question(question), "encoding")
        wanted = max(k, RERANKED) if self.reranker else k
        with self.current() as source:
            if within is not None:
                names = passages.within(source.catalog, [utf8(name) for name in within])
                source = replace(source, within=names)
            asked = query(question, encoded.result, source, max(CANDIDATES, wanted))
            found = ranked(
                question,
                asked,
                source,
                self.ranking,
                learnt=self.encoder.languages,
                at_least=wanted,
            )
            hits = _hits(found, asked.vector, source.catalog, wanted)
        if self.reranker:
            hits = _reranked(self.reranker, question, hits)
        return hits[:k]

    @contextmanager
    def current(self) -> Iterator[Source]:
        """Hold the catalog and an index of it, both of one moment."""
        with self._using() as catalog:
            while True:
                index = self._derived.fresh(catalog)
                with catalog.snapshot():
                    if catalog.point() == index.point:  # else another process changed it
                        yield Source(index, catalog, self._topics)
                        return

    def refresh(self, progress: Callable[[Progress], None] | None = None) -> None:
        """Bring the search up to date with the documents; a search does so by itself."""
        tell = progress or _silent
        with self._using() as catalog:
            self._derived.fresh(catalog, lambda *done: tell(Progress(0, 1, "the search", *done)))

    def ends(self, name: str) -> list[Hit]:
        """Return a document's first and last passage, where title and author stand; scores are 0.

        Empty where there is no such document.
        """
        with self._using() as catalog, catalog.snapshot():
            found = passages.ends(catalog, utf8(name))
        return [
            Hit(passage, sha256, score=0.0, dense=0.0, lexical=0.0, places=places)
            for _, passage, sha256, places in found
        ]

    def documents(self) -> list[DocumentInfo]:
        """List the documents by name."""
        with self._using() as catalog:
            return catalog.documents()

    def document(self, name: str) -> Document:
        """Return a document without its boxes; raises UnknownDocumentError."""
        with self._using() as catalog:
            return catalog.document(utf8(name))

    def text(self, name: str) -> str:
        """Return the string that a document's offsets refer to; raises UnknownDocumentError."""
        return self.document(name).text

    def boxes(self, name: str, start: int, end: int) -> list[Box]:
        """Return where this stretch of a document's text is drawn, word by word, to be marked.

        Empty where the format has no pages. Raises UnknownDocumentError.
        """
        with self._using() as catalog, catalog.snapshot():
            found = catalog.boxes(catalog.document(utf8(name)).name)
        touched = found[(found[:, 0] < end) & (found[:, 1] > start)]
        return [box_of(row) for row in touched.tolist()]

    def page(self, name: str, page: int, marks: Iterable[Box] = (), *, width: int = 1200) -> bytes:
        """Return a page of a PDF or an image as a PNG so wide, in pixels, with boxes marked.

        Its resolution says how large the page is: 72 dots per inch are one pixel for each point.
        Raises UnknownDocumentError; UnreadableError where its file is gone or has changed since
        it was indexed, or has no such page.
        """
        with self._using() as catalog, catalog.snapshot():
            document = catalog.document(utf8(name))
            path = catalog.path_of(document.name)
        if path is None:
            raise UnreadableError("is a text that was given, and has no pages")
        on_page = [(b.left, b.top, b.right, b.bottom) for b in marks if b.page == page]
        with closing(Sandbox()) as sandbox:
            drawn, sha256 = sandbox.draw(
                Path(os.fsdecode(path)), document.part, page, width, on_page
            )
        if sha256 != document.sha256:
            raise UnreadableError("has changed since it was indexed: index it again")
        return drawn

    def count(self, within: Collection[str] | None = None) -> tuple[int, int]:
        """Return the numbers of documents and of passages, of all or of those within."""
        with self._using() as catalog, catalog.snapshot():
            if within is None:
                return catalog.count()
            return passages.count(catalog, [utf8(name) for name in within])

    def check(self, *, repair: bool = False) -> list[Fault]:
        """Say what is wrong with the library; an empty list if nothing is.

        With repair, a damaged document is made again from its text, or read again from its file,
        or taken out where that is gone; what is returned remains.
        """
        with self._using() as catalog:
            if repair:
                return mended(catalog, self._into, self.derived("repair"))
            return faults(catalog)


def _folder(path: str | Path) -> Path:
    """Return the folder of a library, made where missing; raises LibraryError."""
    try:
        folder = Path(os.path.realpath(expanded(Path(path))))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, ValueError) as error:
        raise LibraryError(
            f"cannot make the library's folder {printable(Path(path))}: {reason(error)}; "
            "choose another with --library"
        ) from error
    return folder


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Raise as LibraryError what SQLite fails with in the library's folder."""
    try:
        yield
    except sqlite3.Error as error:
        raise LibraryError(
            f"the library at {path} failed: {error}; if it goes on, look into it with: "
            "pincite check"
        ) from error


def _hits(found: Ranked, question: Vectors, catalog: Catalog, k: int) -> list[Hit]:
    """Return the first k as they stand in the catalog; question is the vector (dimension,)."""
    ids = found.ids[:k].tolist()
    stored = zip(
        passages.read(catalog, ids, found.named),
        passages.sentence_vectors(catalog, ids),
        strict=True,
    )
    return [
        Hit(
            passage=passage,
            sha256=sha256,
            score=float(found.scores[i]),
            dense=float(found.signals["dense"][i]),
            lexical=float(found.signals["alone"][i]),
            likeness=tuple(rank.likeness(question, sentences).tolist()),
            copies=tuple(
                name for name in catalog.names(found.copies[i]) if name != passage.document
            ),
            places=places,
        )
        for i, ((_, passage, sha256, places), sentences) in enumerate(stored)
    ]


def _reranked(reranker: Reranker, question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Return the first hits in the order of the cross-encoder, then the others as they are."""
    first, rest = hits[:RERANKED], hits[RERANKED:]
    if not first:
        return []
    read = reranker.scores(question, [hit.text for hit in first])
    scores = first[0].score + rank.scaled(read, read.min(), read.max())
    order = np.argsort(-read, kind="stable")
    return [*(replace(first[i], score=float(scores[i])) for i in order), *rest]


def _silent(*_: object) -> None:
    """Report no progress."""
