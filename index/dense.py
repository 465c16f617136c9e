"""FAISS over the catalog's vectors. Derived: built from the catalog, never the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.embed import Vectors


@dataclass(frozen=True)
class DenseIndex:
    """Exact search by inner product: the cosine, since rows are unit vectors."""

    ids: NDArray[np.int64]  # (n,) the i-th is the passage id of the i-th row
    vectors: Vectors  # (n, dimension)
    index: Any  # faiss.IndexFlatIP over the rows

    def search(self, query: Vectors, k: int) -> dict[int, float]:
        """Return the cosine of the k nearest passages by id; query is (dimension,)."""
        if len(self.ids) == 0:
            return {}
        scores, rows = self.index.search(query[np.newaxis], min(k, len(self.ids)))
        return {
            int(self.ids[row]): float(score) for row, score in zip(rows[0], scores[0], strict=True)
        }

    def cosines(self, query: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """Return the cosine of each of these passages by id, where the index knows it."""
        rows = np.flatnonzero(np.isin(self.ids, np.asarray(ids, np.int64)))
        return {int(self.ids[row]): float(self.vectors[row] @ query) for row in rows}


def build(ids: NDArray[np.int64], vectors: Vectors) -> DenseIndex:
    """Build the index over (n, dimension) unit rows; ids is (n,)."""
    if len(ids) != len(vectors):
        raise ValueError(f"number of ids ({len(ids)}) must match number of rows ({len(vectors)})")
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    return DenseIndex(ids=ids, vectors=vectors, index=index)
