"""Files -> the catalog: what is new or has changed is read, split, embedded and put in.

file ─▶ as it was, moved, or like another? ─▶ noted
   └──▶ read, in a process ahead of the embedding ─▶ split ─▶ embedded ─▶ put in, all or nothing
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from threading import Event
from typing import NamedTuple

from index import changes
from index.background import ahead
from index.catalog import Catalog, File
from index.embed import Encoder
from index.errors import UnreadableError
from index.files import absolute
from index.read.progress import listening
from index.read.sandbox import Sandbox
from index.records import AddReport, Document, Failure, Progress
from index.rows import VectorRow, passage_row, spans_within, vector_row
from index.split import split

Files = Sequence[tuple[Path, list[str]]]  # with the names that their documents may have
Tell = Callable[[Progress], None]
Outcome = tuple[str, str] | tuple[str, tuple[str, str]] | Failure

_READ_AHEAD = 4  # documents
_REPORT_EVERY = 16  # passages
_SET_ASIDE = 20_000  # passages


@dataclass(frozen=True, slots=True)
class Into:
    """Where documents go."""

    using: Callable[[], AbstractContextManager[Catalog]]  # the catalog, held alone
    encoder: Encoder
    # Of passages that a run displaced: where files change places, another file needs them.
    set_aside: dict[bytes, VectorRow] = field(default_factory=dict)


class _Opened(NamedTuple):
    """The first step of a file: its hash, and whether it need not be read."""

    sha256: str | None
    known: bool


_Step = _Opened | Document | Failure | UnreadableError  # the last one where the file failed


def add_files(into: Into, files: Files, tell: Tell) -> Iterator[Outcome]:
    """Add or refresh files; yield what became of each document, and what failed."""
    into = replace(into, set_aside={})
    waiting = Event()

    def listen(number: int, done: int, pages: int) -> None:
        if waiting.is_set():  # else another file is being embedded, which tells
            name = files[number][1][0]
            tell(Progress(number, len(files), name, pages_read=done, pages=pages))

    with (
        closing(Sandbox()) as sandbox,
        closing(
            ahead(
                _steps(into, files, sandbox, listen),
                _READ_AHEAD,
                name="reading",
                waiting=waiting,
            )
        ) as steps,
    ):
        for number, of_file in groupby(steps, key=itemgetter(0)):
            file, names = files[number]
            told = _of_file(tell, number, len(files), names[0])
            told(0, 0)
            try:
                yield from _add_file(into, file, names, (step for _, step in of_file), told)
            except UnreadableError as error:
                yield Failure(names[0], str(error))
    tell(Progress(len(files), len(files), ""))


def put(
    into: Into,
    document: Document,
    *,
    path: bytes | None,
    names: Sequence[str],
    tell: Callable[[int, int], None],
    then: Callable[[Catalog], None] = lambda _: None,
) -> changes.Outcome:
    """Put a document in, embedded unless the library has its like; `then` in one transaction."""
    embedded = None
    while True:
        with into.using() as catalog, catalog.transaction():
            outcome = changes.put(catalog, document, embedded, path=path, names=names)
            if outcome:
                then(catalog)
                return outcome
        embedded = embed(into, document, tell)


def embed(
    into: Into,
    document: Document,
    tell: Callable[[int, int], None],
    *,
    known: Mapping[bytes, VectorRow] | None = None,
) -> changes.Embedded:
    """Return what is stored of the document's passages and vectors.

    Passages whose vectors are known, by their hash, are not embedded again: unless others are
    given, those that the library has.
    """
    passages = split(document)
    rows = [passage_row(passage) for passage in passages]
    hashes = [row[3] for row in rows]
    if known is None:
        with into.using() as catalog:
            known = {**into.set_aside, **catalog.vectors_of(hashes)}
    vectors = dict(known)
    for number, (passage, key) in enumerate(zip(passages, hashes, strict=True)):
        if number % _REPORT_EVERY == 0:
            tell(number, len(passages))
        if key not in vectors:
            spans = spans_within(passage.sentences, passage.start)
            vectors[key] = vector_row(passage, *into.encoder.encode_passage(passage.text, spans))
    return [(row, vectors[key]) for row, key in zip(rows, hashes, strict=True)]


def prune(into: Into, roots: Iterable[Path], files: Files) -> list[str]:
    """Take out what came from files below these folders that are gone; return the names.

    A folder with none of the files that were found takes nothing with it: its disk may be away.
    """
    there = [os.fsencode(file) for file, _ in files]
    folders = []
    for root in roots:
        with suppress(OSError, ValueError):  # what is no path is told among the files
            folder = os.fsencode(absolute(root)).rstrip(b"/") + b"/"
            if any(path.startswith(folder) for path in there):
                folders.append(folder)
    with into.using() as catalog:
        below = [path for path in catalog.paths() if path.startswith(tuple(folders))]
        return [name for path in below if _is_gone(path) for name in changes.forget(catalog, path)]


def read_again(path: bytes, part: str, name: str) -> Document:
    """Read the document that is a file, or lies inside of one; raises UnreadableError."""
    with closing(Sandbox()) as sandbox:
        for found in sandbox.read(Path(os.fsdecode(path)), name):
            if isinstance(found, Document) and found.part == part:
                return found
    raise UnreadableError("its file no longer holds it")


def report(outcomes: Iterable[Outcome], removed: Iterable[str] = ()) -> AddReport:
    """Sort what became of the documents."""
    names: dict[str, list[str]] = {"added": [], "updated": [], "unchanged": []}
    moved: list[tuple[str, str]] = []
    gone: list[str] = []
    failed: list[Failure] = []
    for outcome in outcomes:
        match outcome:
            case Failure():
                failed.append(outcome)
            case "moved", (old, new):
                moved.append((old, new))
            case "removed", str(name):
                gone.append(name)
            case kind, str(name):
                names[kind].append(name)
    return AddReport(
        **{kind: tuple(found) for kind, found in names.items()},
        failed=tuple(failed),
        moved=tuple(moved),
        removed=(*gone, *removed),
    )


def _steps(
    into: Into, files: Files, sandbox: Sandbox, listen: Callable[[int, int, int], None]
) -> Iterator[tuple[int, _Step]]:
    """Yield, with each file's number, what it is and what is read of it."""
    for number, (file, names) in enumerate(files):
        sha256 = _sha256(file)
        with into.using() as catalog:
            known = sha256 is not None and bool(_like(catalog, os.fsencode(file), sha256))
        yield number, _Opened(sha256, known)
        if not known:
            with listening(lambda *pages, of=number: listen(of, *pages)):
                for step in _read(sandbox, file, names[0]):
                    yield number, step


def _read(sandbox: Sandbox, file: Path, name: str) -> Iterator[_Step]:
    """Yield what is in a file; at the end the error, where it failed."""
    try:
        yield from sandbox.read(file, name)
    except UnreadableError as error:
        yield error


def _add_file(
    into: Into,
    file: Path,
    names: Sequence[str],
    steps: Iterator[_Step],
    tell: Callable[[int, int], None],
) -> Iterator[Outcome]:
    """Yield what became of the file's document and those inside. Raises UnreadableError."""
    opened = next(steps)
    assert isinstance(opened, _Opened)  # noqa: S101 - it is the first
    path = os.fsencode(file)
    with into.using() as catalog:
        before = catalog.file(path)
        if before and before.sha256 != opened.sha256 and len(into.set_aside) < _SET_ASIDE:
            into.set_aside.update(catalog.vectors_in(before))
    if opened.known and opened.sha256:
        with into.using() as catalog:
            noted = _note(catalog, path, opened.sha256, names)
        if noted is not None:
            yield from noted
            return
        with closing(Sandbox()) as sandbox:  # what it was like has gone meanwhile
            yield from _put_all(
                into, path, names, opened.sha256, _read(sandbox, file, names[0]), tell
            )
    else:
        yield from _put_all(into, path, names, opened.sha256, steps, tell)


def _like(catalog: Catalog, path: bytes, sha256: str) -> list[File]:
    """Return the files that hold what this one does, itself first: of one hash and one kind."""
    alike = [file for file in catalog.files_like(sha256) if _kind(file.path) == _kind(path)]
    return sorted(alike, key=lambda file: file.path != path)


def _kind(path: bytes) -> str:
    """Return what says how a file is read."""
    return Path(os.fsdecode(path)).suffix.lower()


def _note(catalog: Catalog, path: bytes, sha256: str, names: Sequence[str]) -> list[Outcome] | None:
    """Note a file that need not be read, and say what it was; None where there is none like it."""
    with catalog.transaction():
        alike = _like(catalog, path, sha256)
        if not alike:
            return None
        if alike[0].path == path:
            unchanged = catalog.names_in(alike[0])
            return [*(("unchanged", name) for name in unchanged), *_told(alike[0], names)]
        away = next((file for file in alike if _is_gone(file.path)), None)
        if away is None:
            return [*changes.copy(catalog, alike[0], path, names), *_told(alike[0], names)]
        moved = changes.move(catalog, away, path, names)
        return [*(("moved", pair) for pair in moved), *_told(away, names)]


def _told(file: File, names: Sequence[str]) -> list[Failure]:
    """Return what a file holds and is not in, by the name that the file has now."""
    return [Failure(changes.within(names, one.name)[0], one.reason) for one in file.failed]


def _put_all(
    into: Into,
    path: bytes,
    names: Sequence[str],
    sha256: str | None,
    steps: Iterator[_Step],
    tell: Callable[[int, int], None],
) -> Iterator[Outcome]:
    """Put in each document as it is read; the last with the note that all are in."""
    parts: list[str] = []
    failed: list[Failure] = []
    gone: list[str] = []
    last: Document | None = None
    changed = False  # while it was read: it is read again the next time

    def finish(catalog: Catalog) -> None:
        as_read = None if changed else sha256
        gone.extend(changes.finish(catalog, path, as_read, parts, failed))

    def put_in(document: Document, then: Callable[[Catalog], None] = lambda _: None) -> Outcome:
        of_part = changes.within(names, document.part)
        return put(into, document, path=path, names=of_part, tell=tell, then=then)

    for step in steps:
        if isinstance(step, UnreadableError):
            if last:  # it was read before the reader failed
                yield put_in(last)
            raise step
        if isinstance(step, Failure):
            failed.append(Failure(step.name.removeprefix(names[0]).lstrip("/"), step.reason))
            yield step
        elif isinstance(step, Document):
            if last:
                yield put_in(last)
            last = step
            changed = changed or (not step.part and step.sha256 != sha256)
            parts.append(step.part)
    if last:
        yield put_in(last, finish)
    yield from (("removed", name) for name in gone)


def _is_gone(path: bytes) -> bool:
    """Whether there is no file any more; not where that cannot be told."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _of_file(tell: Tell, number: int, files: int, name: str) -> Callable[[int, int], None]:
    return lambda done, passages: tell(Progress(number, files, name, done, passages))


def _sha256(file: Path) -> str | None:
    """Return the file's hash; None where it is no regular file or cannot be read."""
    try:
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return None  # reading it will say why
