"""Texts -> unit vectors. Knows nothing of documents."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.convert import MODEL, TOKENIZER
from index.engine import openvino
from index.errors import WeightsError
from index.prepared import verify

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

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


class OpenVinoEncoder:
    """A model that `index.convert` wrote, on OpenVINO, on the CPU, loaded when first used.

    `folder` is asked then for the model's folder, which it may have to prepare first.
    """

    def __init__(self, folder: Callable[[], Path], *, name: str, dimension: int) -> None:
        self._folder = folder
        self.name = name
        self.dimension = dimension
        self._loading = threading.Lock()

    @cached_property
    def _loaded(self) -> tuple[Tokenizer, Any]:
        from tokenizers import Tokenizer

        engine, folder = openvino(), self._folder()
        verify(folder)  # each time: a library keeps its vectors for good
        try:
            return (
                Tokenizer.from_file(str(folder / TOKENIZER)),
                engine.compile_model(folder / MODEL, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}),
            )
        except Exception as error:  # a bare one is what the tokenizer raises
            raise WeightsError(
                f"the embedding model cannot be read: delete the folder {folder} and try again"
            ) from error

    def encode(self, texts: Sequence[str], *, batch_size: int = 1) -> Vectors:
        """Return an (n, dimension) float32 array of unit rows. Raises WeightsError.

        Single words are faster in batches; longer texts are not, on a CPU.
        """
        with self._loading:
            tokenizer, model = self._loaded
        vectors = np.empty((len(texts), self.dimension), np.float32)
        request = model.create_infer_request()  # one for each thread that encodes
        by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # so that few are padded
        for start in range(0, len(texts), batch_size):
            batch = by_length[start : start + batch_size]
            pieces = tokenizer.encode_batch([texts[i] for i in batch])
            inputs = {
                "input_ids": np.array([p.ids for p in pieces], np.int64),
                "attention_mask": np.array([p.attention_mask for p in pieces], np.int64),
            }
            vectors[batch] = request.infer(inputs)[0]
        return vectors


class SentenceTransformerEncoder:
    """Any sentence-transformers model from a folder, on the CPU, loaded when first used."""

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
