"""Texts -> unit vectors. Knows nothing of documents."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
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
Span = tuple[int, int]  # (start, end) in a text, in code points
Spans = NDArray[np.int64]  # (n, 2), likewise


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

    @property
    def languages(self) -> Collection[str]:
        """ISO 639-1 codes of the languages that the model has learnt; none if unknown."""
        ...

    def __hash__(self) -> int:
        """Tell encoders apart: what is computed with one is cached by it."""
        ...

    def encode(self, texts: Sequence[str], *, batch_size: int = 1) -> Vectors:
        """Return an (n, dimension) array; the i-th row is the unit vector of the i-th text.

        What is kept is encoded one by one, so that no vector depends on its batch.
        """
        ...

    def encode_question(self, question: str) -> Vectors:
        """Return the unit vector (dimension,) with which passages are compared."""
        ...

    def encode_passage(self, text: str, sentences: Sequence[Span]) -> tuple[Vectors, Vectors]:
        """Return the unit vector (dimension,) of a text and those (n, dimension) of its sentences.

        Of a single pass over the text: a sentence's vector is the mean of its word pieces', which
        have seen the whole passage (Günther et al. 2024, "Late Chunking"). What is longer than
        the model's window is read window by window.
        """
        ...

    def encode_pieces(self, text: str) -> tuple[Spans, Vectors]:
        """Return where each word piece stands (n, 2), and its unit vector (n, dimension)."""
        ...


class OpenVinoEncoder:
    """A model that `index.convert` wrote, on OpenVINO, on the CPU, loaded when first used.

    `folder` is asked then for the model's folder, which it may have to prepare first.
    """

    def __init__(
        self,
        folder: Callable[[], Path],
        *,
        name: str,
        dimension: int,
        languages: Collection[str] = (),
    ) -> None:
        self._folder = folder
        self.name = name
        self.dimension = dimension
        self.languages = frozenset(languages)
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
            windows = tokenizer.encode_batch([texts[i] for i in batch])
            for i, pieces in zip(batch, _infer(request, windows), strict=True):
                vectors[i] = unit(pieces.mean(axis=0))
        return vectors

    def encode_question(self, question: str) -> Vectors:
        """Return the unit vector (dimension,), of all of it. Raises WeightsError."""
        return self.encode_passage(question, ())[0]

    def encode_passage(self, text: str, sentences: Sequence[Span]) -> tuple[Vectors, Vectors]:
        """Return the unit vectors of a text and of its sentences. Raises WeightsError."""
        places, pieces = self._pieces(text)
        return unit(pieces.mean(axis=0)), sentence_vectors(pieces, places[:, 0], sentences)

    def encode_pieces(self, text: str) -> tuple[Spans, Vectors]:
        """Return places (n, 2) and unit vectors (n, dimension) of word pieces, none special."""
        places, pieces = self._pieces(text)
        of_text = places[:, 0] >= 0
        return places[of_text], unit(pieces[of_text])

    def _pieces(self, text: str) -> tuple[Spans, Vectors]:
        """Return all word pieces of a text, read window by window; a special one stands at -1."""
        with self._loading:
            tokenizer, model = self._loaded
        first = tokenizer.encode(text)
        windows = [first, *first.overflowing]
        request = model.create_infer_request()
        pieces = np.concatenate([p for w in windows for p in _infer(request, [w])])
        places = np.array(
            [
                (-1, -1) if special else offset
                for w in windows
                for offset, special, used in zip(
                    w.offsets, w.special_tokens_mask, w.attention_mask, strict=True
                )
                if used
            ],
            np.int64,
        )
        return places, pieces


class Remembering:
    """An encoder that keeps what it encoded last: one question reads the same sentences often."""

    def __init__(self, encoder: Encoder, most: int = 16384) -> None:
        """Keep the vectors of so many texts at most, those that were wanted last."""
        self.encoder = encoder
        self.name, self.dimension = encoder.name, encoder.dimension
        self.languages = encoder.languages
        self.encode_question, self.encode_passage = encoder.encode_question, encoder.encode_passage
        self.encode_pieces = encoder.encode_pieces
        self._most = most
        self._kept: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str], *, batch_size: int = 1) -> Vectors:
        """Return an (n, dimension) array; the i-th row is the unit vector of the i-th text."""
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        new = list(dict.fromkeys(text for text in texts if text not in known))
        known.update(zip(new, self.encoder.encode(new, batch_size=batch_size), strict=True))
        with self._lock:
            for text in texts:
                self._kept[text] = known[text].copy()  # not a view of all that came with it
                self._kept.move_to_end(text)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return np.stack([known[text] for text in texts]) if texts else self.encoder.encode([])


def _infer(request: Any, windows: Sequence[Any]) -> Iterator[Vectors]:
    """Yield the vectors (pieces, dimension) of each window's word pieces, without its padding."""
    inputs = {
        "input_ids": np.array([w.ids for w in windows], np.int64),
        "attention_mask": np.array([w.attention_mask for w in windows], np.int64),
    }
    for pieces, mask in zip(request.infer(inputs)[0], inputs["attention_mask"], strict=True):
        yield pieces[: int(mask.sum())]


def unit(vector: Vectors) -> Vectors:
    """Return the vector, or each row, in length 1; of length 0 it stays what it is."""
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    scaled: Vectors = (vector / np.where(length == 0, 1, length)).astype(np.float32)
    return scaled


def sentence_vectors(
    pieces: Vectors, starts: NDArray[np.int64], sentences: Sequence[Span]
) -> Vectors:
    """Return the unit means (n, dimension) of the word pieces that start in each sentence.

    pieces is (m, dimension), starts (m,) in code points of the text, -1 for a special piece. A
    sentence of which the model saw no piece has the mean of all.
    """
    rows = np.empty((len(sentences), pieces.shape[1]), np.float32)
    for row, (start, end) in zip(rows, sentences, strict=True):
        inside = (start <= starts) & (starts < end)
        row[:] = pieces[inside if inside.any() else slice(None)].mean(axis=0)
    return unit(rows)


def quantise(rows: Vectors) -> NDArray[np.int8]:
    """Return rows (n, dimension) as int8, each scaled so that its greatest component is 127.

    A cosine needs no scale, so none is kept.
    """
    greatest = np.abs(rows).max(axis=1, keepdims=True, initial=0)
    return np.rint(rows * (127 / np.where(greatest == 0, 1, greatest))).astype(np.int8)


class SentenceTransformerEncoder:
    """Any sentence-transformers model from a folder, on the CPU, loaded when first used."""

    languages: Collection[str] = ()

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
        return self._encode("encode", texts, batch_size=batch_size)

    def encode_question(self, question: str) -> Vectors:
        """Return the unit vector (dimension,), with the prompt that the model has for queries."""
        row: Vectors = self._encode("encode_query", [question])[0]
        return row

    def encode_passage(self, text: str, sentences: Sequence[Span]) -> tuple[Vectors, Vectors]:
        """Return the unit vectors of a text and of its sentences, each read by itself.

        Not every model's vector is the mean of its word pieces', so these are not used here.
        """
        parts = [text, *(text[start:end] for start, end in sentences)]
        rows = self._encode("encode_document", parts)
        return rows[0], rows[1:]

    def encode_pieces(self, text: str) -> tuple[Spans, Vectors]:
        """Return places (n, 2) and unit vectors (n, dimension) of words, each read by itself.

        Not every model gives the vectors of its word pieces away, or in the one order.
        """
        places = [match.span() for match in re.finditer(r"\w+", text)]
        words = [text[start:end] for start, end in places]
        rows = self._encode("encode", words, batch_size=64)
        return np.array(places, np.int64).reshape(-1, 2), rows

    def _encode(self, method: str, texts: Sequence[str], *, batch_size: int = 1) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        with self._loading:
            encode = getattr(self._model, method)
        rows = encode(
            list(texts), batch_size=batch_size, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(rows, np.float32)
