"""FAISS over the catalog's vectors. Derived: built from the catalog, never the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.embed import Vectors


@dataclass(frozen=True)
class DenseIndex:
    """Exact search by inner product: the cosine, since rows are unit vectors."""

    vectors: Vectors  # (n, dimension)
    index: Any  # faiss.IndexFlatIP over the rows

    def search(self, query: Vectors, k: int) -> NDArray[np.int64]:
        """Return the k nearest rows, nearest first; query is (dimension,)."""
        if len(self.vectors) == 0:
            return np.empty(0, np.int64)
        _, rows = self.index.search(query[np.newaxis], min(k, len(self.vectors)))
        found: NDArray[np.int64] = rows[0]
        return found


def build(vectors: Vectors) -> DenseIndex:
    """Build the index over (n, dimension) unit rows."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    return DenseIndex(vectors, index)
