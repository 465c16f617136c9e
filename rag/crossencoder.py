"""Two texts, read together -> whether the second supports the first, or answers it, and where.

The judge's second opinion beside what words and numbers tell. The embedded one is the bundled
MiniLM, tuned (rag.network; its data and its own quality stand in rag/network.json); any model of
natural language inference can be set by name and takes its seat.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.convert import MODEL, TOKENIZER
from index.engine import openvino
from index.prepared import verify
from rag.errors import WeightsError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder as SentenceTransformersCrossEncoder
    from tokenizers import Tokenizer

JUDGE = "pincite-judge"  # the embedded one
FILE = Path(__file__).with_name("network.safetensors")  # its weights, as rag.network reads them
CARD = FILE.with_suffix(".json")  # what it was trained on, its own quality, the file's SHA-256
Pair = tuple[str, str]  # a claim or question, and what is to support or answer it

_PIECES = 256  # word pieces of a pair, as it was trained
_LEAST_ROOM = 128  # pieces of the second text, however long the first is
_MOST_FIRST = 512 - _LEAST_ROOM - 1  # of the first: all that the model has places for
_BATCH = 8  # windows that are read at once
_SPECIAL = 4  # pieces that a model adds to a pair, at most
_LONGEST_SPAN = 24  # word pieces of an answer
_REMEMBERED = 16_384  # pairs
_ENTAILMENT = re.compile(r"entail(?:s|ed|ment)?$")  # but not "not_entailment"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model says of two texts, in log-odds; None where it was not taught to say it."""

    support: float | None = None  # that the second text supports all of the first
    contradiction: float | None = None  # that it says the contrary
    answer: float | None = None  # that it answers the first, a question
    span: tuple[int, int] | None = None  # where its answer would stand, in code points


class Reader(Protocol):
    """What reads two texts together."""

    @property
    def name(self) -> str:
        """Name of the model."""
        ...

    def read(self, pairs: Sequence[Pair]) -> list[Reading]:
        """Return what is said of each pair. Long second texts are read window by window."""
        ...


class CrossEncoder:
    """The embedded network on OpenVINO, loaded when first used; it remembers what it read last.

    `folder` is asked then for the model's folder, which it may have to prepare first.
    """

    def __init__(self, folder: Callable[[], Path], *, name: str) -> None:
        self._folder = folder
        self.name = name
        self._loading = threading.Lock()
        self._known: OrderedDict[Pair, Reading] = OrderedDict()

    @cached_property
    def _loaded(self) -> tuple[Tokenizer, Any]:
        from tokenizers import Tokenizer

        engine, folder = openvino(), self._folder()
        verify(folder)
        try:
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            return tokenizer, engine.compile_model(folder / MODEL, "CPU")
        except Exception as error:  # a bare one is what the tokenizer raises
            raise WeightsError(
                f"the judge's model cannot be read: delete the folder {folder} and try again"
            ) from error

    def read(self, pairs: Sequence[Pair]) -> list[Reading]:
        """Return what the network says of each pair. Raises WeightsError."""
        with self._loading:
            tokenizer, model = self._loaded
            known = {pair: self._known[pair] for pair in pairs if pair in self._known}
        new = list(dict.fromkeys(pair for pair in pairs if pair not in known))
        if new:
            known.update(zip(new, _read(tokenizer, model, new), strict=True))
        with self._loading:
            for pair in pairs:
                self._known[pair] = known[pair]
                self._known.move_to_end(pair)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return [known[pair] for pair in pairs]


@dataclass(frozen=True, slots=True)
class _Window:
    """A part of a pair that the network reads at once."""

    pair: int
    ids: list[int]
    first: int  # pieces of the first text, with the special ones around it
    offsets: list[tuple[int, int]]  # of the second text's pieces, in it


def _read(tokenizer: Tokenizer, model: Any, pairs: Sequence[Pair]) -> list[Reading]:
    windows = list(_windows(tokenizer, pairs))
    request = model.create_infer_request()  # one for each thread that reads
    readings: list[list[Reading]] = [[] for _ in pairs]
    by_length = sorted(windows, key=lambda window: len(window.ids))  # so that few are padded
    for start in range(0, len(by_length), _BATCH):
        batch = by_length[start : start + _BATCH]
        found = request.infer(_inputs(batch))
        for window, labels, spans in zip(batch, found[0], found[1], strict=True):
            readings[window.pair].append(_reading(window, labels, spans))
    return [best(found) for found in readings]


def _windows(tokenizer: Tokenizer, pairs: Sequence[Pair]) -> Iterator[_Window]:
    firsts = tokenizer.encode_batch([first for first, _ in pairs])
    seconds = tokenizer.encode_batch([second for _, second in pairs], add_special_tokens=False)
    for number, (first, second) in enumerate(zip(firsts, seconds, strict=True)):
        end = first.ids[-1]
        head = [*first.ids[: min(len(first.ids), _MOST_FIRST) - 1], end]
        room = max(_PIECES - len(head) - 1, _LEAST_ROOM)
        for start in starts(len(second.ids), room):
            yield _Window(
                number,
                [*head, *second.ids[start : start + room], end],
                len(head),
                second.offsets[start : start + room],
            )


def starts(length: int, room: int) -> list[int]:
    """Return where windows of so much room start that overlap by a quarter and cover all."""
    if length <= room:
        return [0]
    step = room - room // 4
    return [*range(0, length - room, step), length - room]


def _inputs(batch: Sequence[_Window]) -> dict[str, NDArray[np.int64]]:
    longest = max(len(window.ids) for window in batch)
    ids = np.zeros((len(batch), longest), np.int64)
    mask, types = np.zeros_like(ids), np.zeros_like(ids)
    for row, window in enumerate(batch):
        ids[row, : len(window.ids)] = window.ids
        mask[row, : len(window.ids)] = 1
        types[row, window.first : len(window.ids)] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def _reading(window: _Window, labels: NDArray[Any], spans: NDArray[Any]) -> Reading:
    support, contradiction, neutral, answer = (float(value) for value in labels)
    place = _best_span(spans[window.first : window.first + len(window.offsets)])
    return Reading(
        support=support - float(np.logaddexp(contradiction, neutral)),
        contradiction=contradiction - float(np.logaddexp(support, neutral)),
        answer=answer,
        span=(window.offsets[place[0]][0], window.offsets[place[1]][1]) if place else None,
    )


def _best_span(scores: NDArray[Any]) -> tuple[int, int] | None:
    """Return the likeliest first and last piece, the scores (n, 2) of starts and ends added."""
    if not len(scores):
        return None
    total = scores[:, :1] + scores[:, 1]
    total = np.where(np.triu(np.tri(len(scores), k=_LONGEST_SPAN - 1)), total, -np.inf)
    start, end = np.unravel_index(int(np.argmax(total)), total.shape)
    return int(start), int(end)


def best(windows: Sequence[Reading]) -> Reading:
    """Return what is said of a text whose windows were read one by one: of the best of them."""
    supporting = max(windows, key=lambda reading: reading.support or 0.0)
    answering = max(windows, key=lambda reading: reading.answer or 0.0)
    return replace(supporting, answer=answering.answer, span=answering.span)


class HubCrossEncoder:
    """A model of natural language inference from a folder, on the CPU, loaded at first use.

    Its labels say which is entailment and which contradiction; of questions it knows nothing.
    """

    def __init__(self, folder: Path, *, name: str) -> None:
        self.folder = folder
        self.name = name
        self._loading = threading.Lock()

    @cached_property
    def _loaded(self) -> tuple[SentenceTransformersCrossEncoder, int, int | None]:
        from sentence_transformers import CrossEncoder as Model
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model = Model(str(self.folder), device="cpu", local_files_only=True)
        except Exception as error:  # whatever the reading of foreign files raises
            said = (str(error).splitlines() or [type(error).__name__])[0]
            raise WeightsError(f"{self.folder} is no cross-encoder: {said}") from error
        labels = {str(label).lower(): int(i) for i, label in model.config.id2label.items()}
        found = next((i for label, i in labels.items() if _ENTAILMENT.match(label)), None)
        if found is None:
            raise WeightsError(
                f"{self.folder} has the labels {', '.join(labels)}: name a model one of whose "
                "labels is entailment"
            )
        return model, found, next((i for label, i in labels.items() if "contra" in label), None)

    def read(self, pairs: Sequence[Pair]) -> list[Reading]:
        """Return what the model says of each pair: support, contradiction. Raises WeightsError."""
        with self._loading:
            model, entailment, contradiction = self._loaded
        windows = [
            (number, window, claim)
            for number, (claim, premise) in enumerate(pairs)
            for window in _parts(model.tokenizer, claim, premise)
        ]
        logits = model.predict(
            [(window, claim) for _, window, claim in windows],  # the order of NLI
            batch_size=_BATCH,
            show_progress_bar=False,
            activation_fn=_as_it_is(),
        )
        readings: list[list[Reading]] = [[] for _ in pairs]
        for (number, *_), row in zip(windows, np.asarray(logits, np.float64), strict=True):
            readings[number].append(
                Reading(
                    support=_log_odds(row, entailment),
                    contradiction=None if contradiction is None else _log_odds(row, contradiction),
                )
            )
        return [best(found) for found in readings]


def _parts(tokenizer: Any, claim: str, premise: str) -> list[str]:
    """Return the windows of a premise that fit beside the claim."""
    asked = len(tokenizer(claim, add_special_tokens=False, verbose=False)["input_ids"])
    found = tokenizer(
        premise, add_special_tokens=False, return_offsets_mapping=True, verbose=False
    )["offset_mapping"]
    longest = min(int(tokenizer.model_max_length), _PIECES)
    room = max(longest - asked - _SPECIAL, longest // 2)
    return [
        premise[found[start][0] : found[start : start + room][-1][1]] if found else premise
        for start in starts(len(found), room)
    ]


def _as_it_is() -> Any:
    from torch.nn import Identity

    return Identity()


def _log_odds(logits: NDArray[Any], label: int) -> float:
    rest = np.delete(logits, label)
    return float(logits[label] - np.logaddexp.reduce(rest))
