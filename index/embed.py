"""Texts -> unit vectors. Knows nothing of documents."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """What turns texts into vectors."""

    @property
    def name(self) -> str:
        """Name that a library remembers, so that vectors of two models never mix."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def __hash__(self) -> int:
        """Tell encoders apart: what is computed with one is cached by it."""
        ...

    def encode(self, texts: Sequence[str], *, batch_size: int = 1) -> Vectors:
        """Return an (n, dimension) array; the i-th row is the unit vector of the i-th text.

        What is kept is encoded one by one, so that no vector depends on its batch.
        """
        ...


class SentenceTransformerEncoder:
    """A sentence-transformers model from a folder, on the CPU, loaded when first used."""

    def __init__(self, folder: Path, *, name: str, dimension: int) -> None:
        self.folder = folder
        self.name = name
        self.dimension = dimension
        self._loading = threading.Lock()

    @cached_property
    def _model(self) -> SentenceTransformer:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # ours is the only one on the screen
        return SentenceTransformer(str(self.folder), device="cpu", local_files_only=True)

    def encode(self, texts: Sequence[str], *, batch_size: int = 1) -> Vectors:
        """Return an (n, dimension) float32 array of unit rows, one text at a time.

        On a CPU that is as fast as padded batches (measured: 32 passages/s either way), and a
        vector cannot depend on its batch. Single words are faster in batches.
        """
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        with self._loading:
            model = self._model
        return np.asarray(
            model.encode(
                list(texts),
                batch_size=batch_size,
                normalize_embeddings=True,
                show_progress_bar=False,
            ),
            np.float32,
        )
