"""Library: add, remove, search, check. The package's face."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from index import rank, weights
from index.background import begun
from index.catalog import INSIDE, Catalog
from index.embed import Encoder, Vectors
from index.errors import LibraryError, UnreadableError
from index.faults import faults
from index.files import expanded, files, printable, reason, utf8
from index.read.progress import listening
from index.read.sandbox import Sandbox
from index.records import AddReport, Document, DocumentInfo, Failure, Fault, Hit, Progress
from index.rerank import Reranker
from index.rows import Row, row_of
from index.search import Index, Ranked, build, query, ranked
from index.split import split

RERANKED = 30  # passages that a cross-encoder reads
_REPORT_EVERY = 16  # passages


class Library:
    """Documents that can be searched. Safe to use from several threads and processes."""

    def __init__(self, path: Path, encoder: Encoder, reranker: Reranker | None = None) -> None:
        """Open the library in the folder `path`; use `Library.open`."""
        self.path = path
        self.encoder = encoder
        self.reranker = reranker
        self._catalog = Catalog(
            path / "catalog.sqlite", encoder=encoder.name, dimension=encoder.dimension
        )
        self._lock = threading.RLock()  # one connection, many threads
        self.ranking = rank.weights()
        self._index: Index | None = None

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
        try:
            folder = Path(os.path.realpath(expanded(Path(path))))
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except (OSError, ValueError) as error:
            raise LibraryError(
                f"cannot make the library's folder {printable(Path(path))}: {reason(error)}; "
                "choose another with --library"
            ) from error
        return cls(folder, encoder or weights.encoder(), reranker)

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
        with self._lock:
            try:
                yield self._catalog
            except sqlite3.Error as error:
                raise LibraryError(
                    f"the library at {self.path} failed: {error}; if it goes on, look into it "
                    "with: pincite check"
                ) from error

    def add(
        self, paths: Iterable[str | Path], *, progress: Callable[[Progress], None] | None = None
    ) -> AddReport:
        """Add or refresh files and folders; a file that fails does not keep out the others.

        Unchanged files (by SHA-256) are skipped without embedding. A document is named by its
        path below the folder that was given, or by the file's base name; where another file
        has that name already, parent folders are put before it.
        """
        tell = progress or (lambda _: None)
        found, failed = files(paths, without=self.path)
        outcomes: list[tuple[str, str]] = []
        with closing(Sandbox()) as sandbox:
            for number, (file, names) in enumerate(found):
                tell(Progress(number, len(found), names[0]))
                told = _of_file(tell, number, len(found))
                try:
                    for outcome in self._add_file(file, names, sandbox, told):
                        if isinstance(outcome, Failure):
                            failed.append(outcome)
                        else:
                            outcomes.append(outcome)
                except UnreadableError as error:
                    failed.append(Failure(names[0], str(error)))
        tell(Progress(len(found), len(found), ""))
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
        self,
        file: Path,
        names: Sequence[str],
        sandbox: Sandbox,
        tell: Callable[..., None],
    ) -> Iterator[tuple[str, str] | Failure]:
        """Yield the outcome ("added" …) and the name of the file's document and those inside.

        Raises UnreadableError. The file's own document is put in last: where it is in, with the
        file's hash, so is all that the file holds.
        """
        source = os.fsencode(file)
        with self._using() as catalog:
            known, inside = catalog.from_source(source), catalog.inside(source)
        if known and known[1] == _sha256(file):
            yield from (("unchanged", name) for name in (known[0], *inside.values()))
            return
        own: Document | None = None
        with listening(lambda *pages: tell(names[0], 0, 0, *pages)):
            for found in sandbox.read(file, names[0]):
                if isinstance(found, Failure):
                    yield found
                elif not found.part:
                    own = found
                else:
                    inner = source + INSIDE + found.part.encode()
                    inside.pop(inner, None)
                    yield self._put_changed(found, inner, _within(names, found.part), tell)
        if own:
            yield self._put(own, source, names, tell)
        with self._using() as catalog:
            for name in inside.values():  # it is no longer in the file
                catalog.remove(name)

    def _put_changed(
        self, document: Document, source: bytes, names: Sequence[str], tell: Callable[..., None]
    ) -> tuple[str, str]:
        with self._using() as catalog:
            known = catalog.from_source(source)
        if known and known[1] == document.sha256:
            return "unchanged", known[0]
        return self._put(document, source, names, tell)

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
        with self._using() as catalog:
            known = catalog.text_sha256(name)
        if known == sha256:
            return "unchanged", name
        return self._put(Document(name, sha256, text), None, [name], _silent)

    def _put(
        self,
        document: Document,
        source: bytes | None,
        names: Sequence[str],
        tell: Callable[..., None],
    ) -> tuple[str, str]:
        passages = self._embedded(document, lambda *done: tell(names[0], *done))
        with self._using() as catalog:
            name, new = catalog.put(document, passages, source=source, names=names)
        return "added" if new else "updated", name

    def _embedded(self, document: Document, tell: Callable[[int, int], None]) -> list[Row]:
        """Return what is stored of the document's passages, read and embedded one by one."""
        passages = split(document)
        found = []
        for number, passage in enumerate(passages):
            if number % _REPORT_EVERY == 0:
                tell(number, len(passages))
            spans = [(a - passage.start, b - passage.start) for a, b in passage.sentences]
            found.append(row_of(passage, *self.encoder.encode_passage(passage.text, spans)))
        return found

    def remove(self, name: str, *, purge: bool = False) -> None:
        """Take a document out; with purge, leave no trace of it in the library's folder.

        Raises UnknownDocumentError; a purge erases the traces of earlier removals even so.
        """
        name = utf8(name)
        with self._using() as catalog:
            source = catalog.source(name)
            try:
                catalog.remove(name)
            finally:
                if purge:
                    self._index = None
                    self._unlink_upload(source)
                    self._erase_derived()
                    catalog.erase_free_space()

    def _unlink_upload(self, source: bytes | None) -> None:
        """Delete a file that was kept in the library's folder; files elsewhere are the user's."""
        file = Path(os.fsdecode(source.partition(INSIDE)[0])) if source else None
        if file and file.is_relative_to(self.path):
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
            if (self.path / "derived").exists():
                shutil.rmtree(self.path / "derived")
        except OSError as error:
            raise LibraryError(f"cannot empty {self.path / 'derived'}: {reason(error)}") from error

    def search(self, question: str, k: int = 8) -> list[Hit]:
        """Return the k best passages, best first; ties by name, then start."""
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        if not question.strip():
            return []
        question = utf8(question)
        encoded = begun(lambda: self.encoder.encode_question(question), "encoding")
        with self._using():  # meanwhile the index is read, if need be, and its BM25 computed
            index = self._fresh()
        asked = query(question, encoded.result, index)
        wanted = max(k, RERANKED) if self.reranker else k
        with self._using() as catalog, catalog.snapshot():
            if (fresh := self._fresh()) is not index:  # it changed while the question was encoded
                index, asked = fresh, query(question, encoded.result, fresh)
            found = ranked(
                question,
                asked,
                index,
                catalog,
                self.ranking,
                learnt=self.encoder.languages,
                at_least=wanted,
            )
            hits = _hits(found, asked.vector, catalog, wanted)
        if self.reranker:
            hits = _reranked(self.reranker, question, hits)
        return hits[:k]

    def ends(self, name: str) -> list[Hit]:
        """Return a document's first and last passage, where title and author stand; scores are 0.

        Empty where there is no such document.
        """
        with self._using() as catalog, catalog.snapshot():
            found = catalog.ends(utf8(name))
        return [
            Hit(passage, sha256, score=0.0, dense=0.0, lexical=0.0, places=places)
            for _, passage, sha256, places in found
        ]

    def documents(self) -> list[DocumentInfo]:
        """List the documents by name."""
        with self._using() as catalog:
            return catalog.documents()

    def document(self, name: str) -> Document:
        """Return a document with its text and places; raises UnknownDocumentError."""
        with self._using() as catalog:
            return catalog.document(utf8(name))

    def text(self, name: str) -> str:
        """Return the string that a document's offsets refer to; raises UnknownDocumentError."""
        return self.document(name).text

    def count(self) -> tuple[int, int]:
        """Return the numbers of documents and of passages."""
        with self._using() as catalog, catalog.snapshot():
            return catalog.count()

    def check(self, *, repair: bool = False) -> list[Fault]:
        """Say what is wrong with the library; an empty list if nothing is.

        With repair, a damaged document is made again from its text, or read again from its file,
        or taken out where that is gone; what is returned remains.
        """
        with self._using() as catalog:
            found = faults(catalog)
            if not (found and repair):
                return found
            try:
                damaged = sorted({fault.document for fault in found if fault.document})
                renewed = [(name, self._renewed(name)) for name in damaged]
                with catalog.transaction():
                    for name, made in renewed:
                        if isinstance(made, UnreadableError):
                            catalog.remove(name)
                        else:
                            document, passages, source = made
                            catalog.put(document, passages, source=source, names=[name])
            except sqlite3.DatabaseError as error:
                return [Fault(f"the catalog cannot be repaired ({error}); index your files again")]
            lost = [
                Fault(f"its text was damaged and it was taken out: {made}", name)
                for name, made in renewed
                if isinstance(made, UnreadableError)
            ]
            return [*faults(catalog), *lost]

    def _renewed(self, name: str) -> tuple[Document, list[Row], bytes | None] | UnreadableError:
        """Make a damaged document anew, from its stored text if that is whole, else its file."""
        document, source = self._catalog.whole(name), self._catalog.source(name)
        try:
            if document is None:
                if source is None:
                    raise UnreadableError("there is no file to read it from")
                document = _read_again(source, name)
        except UnreadableError as error:
            return error
        return document, self._embedded(document, _silent), source

    def _fresh(self) -> Index:
        """Return the index of the catalog as it is now."""
        if self._index is None or self._index.generation != self._catalog.generation():
            self._index = build(self._catalog)
        return self._index


def _hits(found: Ranked, question: Vectors, catalog: Catalog, k: int) -> list[Hit]:
    """Return the first k as they stand in the catalog; question is the vector (dimension,)."""
    ids = found.ids[:k].tolist()
    stored = zip(catalog.passages(ids), catalog.sentence_vectors(ids), strict=True)
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


def _of_file(tell: Callable[[Progress], None], number: int, files: int) -> Callable[..., None]:
    return lambda name, *done: tell(Progress(number, files, name, *done))


def _within(names: Sequence[str], part: str) -> list[str]:
    """Return the names that a document inside of a file may have."""
    return [f"{name}/{part}" for name in names]


def _read_again(source: bytes, name: str) -> Document:
    """Read the document that is a file, or lies inside of one; raises UnreadableError."""
    path, _, part = source.partition(INSIDE)
    with closing(Sandbox()) as sandbox:
        for found in sandbox.read(Path(os.fsdecode(path)), name):
            if isinstance(found, Document) and found.part.encode() == part:
                return replace(found, name=name)
    raise UnreadableError("its file no longer holds it")


def _report(outcomes: Iterable[tuple[str, str]], failed: Iterable[Failure]) -> AddReport:
    names: dict[str, list[str]] = {"added": [], "updated": [], "unchanged": []}
    for kind, name in outcomes:
        names[kind].append(name)
    return AddReport(**{kind: tuple(found) for kind, found in names.items()}, failed=tuple(failed))


def _sha256(file: Path) -> str | None:
    """Return the file's hash; None where it is no regular file or cannot be read."""
    try:
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return None  # reading it will say why
