"""What a search needs and the catalog does not keep: an index of words and one of vectors.

Both are files in a folder of their own, brought up to date by the catalog's log: what changed
since is put in, without looking at the rest. Where they are missing, damaged, or of another
history than the catalog's (a backup that was put back), they are made anew; nothing is embedded.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from filelock import FileLock

from index.catalog import Catalog, Point
from index.dense import DenseIndex, Ids
from index.embed import Vectors
from index.errors import LibraryError
from index.files import reason
from index.lexical import Lengths
from index.rows import MEND
from index.words import WordIndex

_BATCH = 5000  # passages
_WRITE_EVERY = 20_000  # passages that changed since the vectors' file was written
_CHUNK = 1 << 22  # bytes

Tell = Callable[[int, int], None]  # passages done, of how many


@dataclass(frozen=True, slots=True)
class Index:
    """What is searched, as the catalog was at a point of its log."""

    point: Point
    dense: DenseIndex
    words: WordIndex
    lengths: Lengths
    languages: dict[str, int]  # of the passages, with how many each has


@dataclass(frozen=True, slots=True)
class _State:
    """What files were made of."""

    point: Point
    encoder: str
    files: dict[str, int]  # their checksums, by name


class Derived:
    """Keeps the index of a catalog in a folder, and up to date."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = folder.parent.parent / "search.lock"
        self._index: Index | None = None
        self._written: Point | None = None  # where the file of vectors is

    def erase(self) -> None:
        """Delete the files, when no process writes them; raises OSError."""
        with FileLock(self._lock):
            self._index = self._written = None
            if self.folder.exists():
                shutil.rmtree(self.folder)

    def fresh(self, catalog: Catalog, tell: Tell = lambda *_: None) -> Index:
        """Return the index of the catalog as it is now.

        tell is told how many passages are put in. Raises LibraryError where the catalog is
        damaged, or the folder cannot be written.
        """
        if self._index and self._index.point == catalog.point():
            return self._index
        try:
            with FileLock(self._lock), catalog.snapshot():
                self.folder.mkdir(parents=True, exist_ok=True)
                catalog.check_encoder()
                point = catalog.point()
                self._index = Index(
                    point,
                    self._vectors(catalog, point, tell),
                    self._words(catalog, point, tell),
                    *catalog.lengths(),
                )
        except OSError as error:
            raise LibraryError(f"cannot write {self.folder}: {reason(error)}") from error
        return self._index

    def _words(self, catalog: Catalog, point: Point, tell: Tell) -> WordIndex:
        """Return the index of words; a process writes it, the others see what it wrote."""
        folder, noted = self.folder / "words", self.folder / "words.json"
        state = _read(noted)
        index = self._index.words if self._index else None
        if state and index is None and _checksums(folder) == state.files:
            with suppress(OSError, ValueError):  # of another version of tantivy: made anew
                index = WordIndex(folder)
        changed = catalog.changed_since(state.point) if state else None
        if state is None or changed is None or index is None:
            state = None
            noted.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            index, changed = WordIndex(folder), [(1, catalog.last_passage())]
        if state and state.point == point:
            index.reload()
            return index
        with _damage_told():
            index.update(_counted(catalog, changed, tell))
        known = state.files if state else {}
        _note(noted, _State(point, catalog.encoder or "", _checksums(folder, known)))
        return index

    def _vectors(self, catalog: Catalog, point: Point, tell: Tell) -> DenseIndex:
        """Return the index of vectors: in memory, and now and then written."""
        path, noted = self.folder / "vectors.faiss", self.folder / "vectors.json"
        index, at = (self._index.dense, self._index.point) if self._index else (None, None)
        if index is None:
            state = _read(noted)
            sums = {path.name: _checksum(path)} if path.exists() else {}
            if state and state.encoder == catalog.encoder and sums == state.files:
                with suppress(RuntimeError):  # of another version of FAISS: made anew
                    index, at = DenseIndex.read(path), state.point
                    self._written = at
        changed = catalog.changed_since(at) if at else None
        if index is None or changed is None or index.outgrown:
            with _damage_told():
                index = _built(catalog, tell)
            self._written = None
        else:
            with _damage_told():
                for first, last in _batches(changed):
                    index.remove(np.arange(first, last + 1))
                    index.add(*_arrays(catalog, first, last))
        since = catalog.changed_since(self._written) if self._written else None
        if since is None or sum(last - first + 1 for first, last in since) > _WRITE_EVERY:
            made = path.with_suffix(".new")
            try:
                index.write(made)
            except RuntimeError as error:  # FAISS's own
                raise OSError(f"{made.name}: is the disk full?") from error
            noted.unlink(missing_ok=True)
            made.replace(path)
            sums = {path.name: _checksum(path)}
            _note(noted, _State(point, catalog.encoder or "", sums))
            self._written = point
        return index


def _counted(
    catalog: Catalog, ranges: Sequence[tuple[int, int]], tell: Tell
) -> Iterator[tuple[range, list[tuple[int, bytes]]]]:
    """Yield ranges of ids with the counts of the passages that are in."""
    for first, last in _batches(ranges):
        yield range(first, last + 1), catalog.counts(first, last)
        tell(last, ranges[-1][1])


def _built(catalog: Catalog, tell: Tell) -> DenseIndex:
    last = catalog.last_passage()

    def batches() -> Iterator[tuple[Ids, Vectors]]:
        for first, stop in _batches([(1, last)]):
            yield _arrays(catalog, first, stop)
            tell(stop, last)

    return DenseIndex.build(catalog.count()[1], catalog.dimension, batches)


def _arrays(catalog: Catalog, first: int, last: int) -> tuple[Ids, Vectors]:
    """Return the passages that are in of these ids, with their vectors; raises ValueError."""
    rows = catalog.vectors(first, last)
    ids = np.array([number for number, _ in rows], np.int64)
    vectors = np.frombuffer(b"".join(blob for _, blob in rows), np.float32)
    found = vectors.reshape(len(ids), catalog.dimension)
    if not np.isfinite(found).all():
        raise ValueError("a vector is no number")
    return ids, found


def _batches(ranges: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for first, last in ranges:
        for start in range(first, last + 1, _BATCH):
            yield start, min(start + _BATCH - 1, last)


@contextmanager
def _damage_told() -> Iterator[None]:
    """Raise as LibraryError what damaged rows raise."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise LibraryError(f"the passages are damaged; {MEND}") from error


def _read(noted: Path) -> _State | None:
    """Return what was noted of a file; None where nothing is, or it is damaged."""
    try:
        found = json.loads(noted.read_text(encoding="utf-8"))
        return _State(Point(*found["point"]), found["encoder"], dict(found["files"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _note(noted: Path, state: _State) -> None:
    made = noted.with_suffix(".new")
    made.write_text(json.dumps(asdict(state)), encoding="utf-8")
    made.replace(noted)


def _checksums(folder: Path, known: Mapping[str, int] = MappingProxyType({})) -> dict[str, int]:
    """Return the checksums of the files of an index of words; the known ones are not read again.

    A segment's file never changes; those that say which segments there are do.
    """
    return {
        file.name: known[file.name]
        if file.name in known and not file.name.endswith(".json")
        else _checksum(file)
        for file in sorted(folder.glob("*"))
        if not file.name.endswith(".lock")
    }


def _checksum(path: Path) -> int:
    """Return the CRC-32 of a file."""
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc
