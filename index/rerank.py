"""A cross-encoder that orders the first candidates anew, where one is set by name."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from index.errors import WeightsError
from index.rank import Scores

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class Reranker(Protocol):
    """What reads a question and a passage together."""

    @property
    def name(self) -> str:
        """Name of the model."""
        ...

    def scores(self, question: str, passages: Sequence[str]) -> Scores:
        """Return how well each passage answers the question (n,): greater is better."""
        ...


class CrossEncoderReranker:
    """Any cross-encoder of sentence-transformers from a folder, on the CPU, loaded at first use."""

    def __init__(self, folder: Path, *, name: str) -> None:
        self.folder = folder
        self.name = name
        self._loading = threading.Lock()

    @cached_property
    def _model(self) -> CrossEncoder:
        from sentence_transformers import CrossEncoder
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model: CrossEncoder = CrossEncoder(
                str(self.folder), device="cpu", local_files_only=True
            )
        except Exception as error:  # whatever the reading of foreign files raises
            said = (str(error).splitlines() or [type(error).__name__])[0]
            raise WeightsError(f"{self.folder} is no cross-encoder: {said}") from error
        if model.num_labels != 1:
            raise WeightsError(
                f"{self.folder} has {model.num_labels} labels: name a cross-encoder that gives "
                "one score to a question and a passage"
            )
        return model

    def scores(self, question: str, passages: Sequence[str]) -> Scores:
        """Return the model's scores (n,). Raises WeightsError."""
        with self._loading:
            model = self._model
        pairs = [(question, passage) for passage in passages]
        return np.asarray(model.predict(pairs, batch_size=8, show_progress_bar=False), np.float32)
