"""The passages that are nearest to a question: FAISS over the catalog's vectors. Derived.

Exact while that is fast; a larger library is searched in the cells of an inverted file that lie
nearest to the question, of vectors in eight bits a number (Jégou, Douze and Schmid 2011, "Product
Quantization for Nearest Neighbor Search"). What is found is scored by the whole vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import sqrt
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.embed import Vectors

EXACT_MOST = 100_000  # passages
_CELLS = 2  # times the root of the number of passages
_PROBED = 256  # cells that a search looks into, at least
_SCANNED = 120_000  # vectors that it compares, at least
_PER_CELL = 50  # vectors that a cell's centre is learnt from
_GROWN = 4  # times as many as when the cells were learnt: they are learnt anew
_FURTHEST = 5000  # passages
_SHARED_FROM = 1000  # vectors that are added: fewer are added before threads have begun
_CORES = faiss.omp_get_max_threads()

Ids = NDArray[np.int64]
Batches = Callable[[], Iterator[tuple[Ids, Vectors]]]  # all passages, some at a time


class DenseIndex:
    """Passages by their unit vectors, compared by inner product: the cosine."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, passages: int, dimension: int, batches: Batches) -> DenseIndex:
        """Build the index of so many passages; where they are many, batches are asked for twice."""
        if passages <= EXACT_MOST:
            index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        else:
            cells = int(_CELLS * sqrt(passages))
            index = faiss.index_factory(dimension, f"IVF{cells},SQ8", faiss.METRIC_INNER_PRODUCT)
            index.train(_sample(batches(), _PER_CELL * cells, passages))
            index.make_direct_map(False)
        made = cls(index)
        for ids, vectors in batches():
            made.add(ids, vectors)
        return made

    @classmethod
    def read(cls, path: Path) -> DenseIndex:
        """Read the index that was written; raises RuntimeError where it is damaged."""
        return cls(faiss.read_index(str(path)))

    def write(self, path: Path) -> None:
        """Write the index; raises RuntimeError where that fails."""
        faiss.write_index(self._index, str(path))

    def __len__(self) -> int:
        """Return the number of passages."""
        return int(self._index.ntotal)

    @property
    def outgrown(self) -> bool:
        """Whether it is time to build the index anew, for so many passages."""
        cells = getattr(self._index, "nlist", 0)
        learnt_from = (cells / _CELLS) ** 2 if cells else EXACT_MOST / _GROWN
        return len(self) > _GROWN * learnt_from

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add passages (n,) with their vectors (n, dimension)."""
        if len(ids):
            with _threads(1 if len(ids) < _SHARED_FROM else _CORES):
                self._index.add_with_ids(np.ascontiguousarray(vectors), ids)

    def remove(self, ids: Ids) -> None:
        """Take passages out, those that are in."""
        if len(ids) and len(self):
            self._index.remove_ids(faiss.IDSelectorBatch(ids))

    def search(self, query: Vectors, k: int) -> Ids:
        """Return the ids of the k nearest passages, nearest first, and those that tie.

        query is (dimension,).
        """
        if not len(self):
            return np.empty(0, np.int64)
        if cells := getattr(self._index, "nlist", 0):
            self._index.nprobe = max(_PROBED, cells * _SCANNED // len(self))
        limit = k + 1
        while True:
            limit = min(limit, len(self))
            with _threads(1):
                scores, ids = (found[0] for found in self._index.search(query[np.newaxis], limit))
            tied = limit > k and ids[-1] >= 0 and scores[-1] >= scores[k - 1]
            if not tied or limit in (len(self), _FURTHEST):
                break
            limit = min(4 * limit, _FURTHEST)
        near = ids[(scores >= scores[min(k, limit) - 1]) & (ids >= 0)]
        found: Ids = near
        return found


@contextmanager
def _threads(many: int) -> Iterator[None]:
    """Let FAISS use so many threads: one that waits for the others of a busy machine waits long."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(many)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _sample(batches: Iterator[tuple[Ids, Vectors]], wanted: int, of: int) -> Vectors:
    """Return about so many of the vectors, evenly; copied, so that the others are not kept."""
    step = max(1, of // wanted)
    return np.concatenate([vectors[::step].copy() for _, vectors in batches])
