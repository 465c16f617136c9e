"""What the benchmarks share: reading the sets, fixed subsets, Pincite as it is measured."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from tqdm import tqdm

from index import Library, weights
from index.catalog import SCHEMA_VERSION
from index.embed import Encoder
from index.read import read as read_document
from index.records import Document
from index.split import split
from rag import Assistant
from rag import settings as pincite_settings
from rag.evaluate.cases import Case
from rag.evaluate.metrics import AnswerDict, citation_validity
from rag.evaluate.run import code_version, key_of, settings_of, write
from rag.evaluate.statistics import Metric, Share, ratio
from rag.models import chat_model
from rag.settings import Settings

SEED = 20
SUPPORTED_AT = 0.5  # the probability from which the judge is taken to say "supported"
OVERLAPS_AT = 0.47  # the same for word overlap; fitted on AttributionBench's development rows

_PROBES, _PROBED = 8, 2000  # documents that are probed, characters of each
_TOKEN = re.compile(r"\w+")

Row = dict[str, Any]
Texts = Sequence[tuple[str, str]]  # documents: name and text
T = TypeVar("T")


class System:
    """Pincite as the settings have it: one encoder and one language model for many libraries."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        encoder: Encoder | None = None,
        model: BaseChatModel | None = None,
        answers: Path | None = None,
    ) -> None:
        """Take an encoder or a chat model; without one, that of the settings loads when used.

        `answers` is a folder in which answers are kept.
        """
        self.settings = settings or pincite_settings.load()
        self._encoder = encoder
        self._model = model
        self._answers = answers

    @cached_property
    def encoder(self) -> Encoder:
        """The embedding model."""
        return self._encoder or weights.encoder(
            self.settings.embedding_model, cache=Path(self.settings.cache).expanduser()
        )

    @cached_property
    def model(self) -> BaseChatModel:
        """The language model."""
        return self._model or chat_model(self.settings)

    def assistant(self, library: Library) -> Assistant:
        """Return an assistant for a library, with a language model of its own."""
        return Assistant(library, self.settings, model=self._model)

    @contextmanager
    def kept_library(self, work: Path, name: str, texts: Texts) -> Iterator[Library]:
        """Open the library of these texts, kept below `work`: a second run embeds nothing."""
        folder = self._folder(work, name, [Document(title, "", text) for title, text in texts])
        with Library.open(folder, encoder=self.encoder) as library:
            _all_in(library.add_texts(progress(texts, f"{name}: embedding", "document")))
            yield library

    @contextmanager
    def kept_library_of_files(
        self, work: Path, name: str, files: Sequence[Path]
    ) -> Iterator[Library]:
        """Open the library of these files, kept likewise."""
        folder = self._folder(work, name, [read_document(file, file.name) for file in files])
        with Library.open(folder, encoder=self.encoder) as library:
            for file in progress(files, f"{name}: reading and embedding", "file"):
                _all_in(library.add([file]))
            yield library

    def _folder(self, work: Path, name: str, documents: Sequence[Document]) -> Path:
        """Return the folder for what the code of today makes of these documents.

        A change of the code that changes no passage, vector or word costs no embedding: their
        passages are compared whole, vectors and words as a search in a few of them shows them.
        """
        made = hashlib.sha256(f"{SCHEMA_VERSION} {self.encoder.name}\n".encode())
        for document in documents:
            made.update(repr((document, split(document))).encode(errors="surrogatepass"))
        few = [
            (str(i), d.text[:_PROBED]) for i, d in enumerate(documents[:_PROBES]) if d.text.strip()
        ]
        with self.passing_library(few) as library:
            for _, text in few:
                for hit in library.search(" ".join(text.split()[:20])):
                    scores = f"{hit.dense:.3f} {hit.lexical:.3f}"
                    made.update(f"{hit.document} {hit.start} {hit.end} {scores}\n".encode())
        return work / f"{name}-{made.hexdigest()[:16]}"

    @contextmanager
    def passing_library(self, texts: Texts = ()) -> Iterator[Library]:
        """Open a library of these texts that is gone afterwards."""
        with (
            tempfile.TemporaryDirectory(prefix="pincite-benchmark-") as folder,
            Library.open(folder, encoder=self.encoder) as library,
        ):
            _all_in(library.add_texts(texts))
            yield library

    def ask(self, question: str, texts: Texts) -> tuple[AnswerDict, Share]:
        """Ask a question of these texts alone; return the answer and its citation validity.

        Where there is a folder for answers, one that the same code gave is not made again.
        """
        if self._answers is None:
            said = self._asked(question, texts)
        else:
            made_by = [code_version(), settings_of(self.settings)]
            file = self._answers / f"{key_of([made_by, question, texts])}.json"
            if not file.is_file():
                self._answers.mkdir(parents=True, exist_ok=True)
                write(file, json.dumps(self._asked(question, texts), ensure_ascii=False))
            said = json.loads(file.read_text(encoding="utf-8"))
        return said["answer"], citation_validity(said["answer"], said["texts"].__getitem__)

    def _asked(self, question: str, texts: Texts) -> dict[str, Any]:
        with self.passing_library(texts) as library:
            answer = Assistant(library, self.settings, model=self.model).ask(question)
            read_as = {d.name: library.text(d.name) for d in library.documents()}
        return {"answer": answer.to_dict(), "texts": read_as}


def read(path: Path) -> list[Row]:
    """Return the objects of a file of JSON lines, gzipped or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def subset(rows: Sequence[T], small: int, *, full: bool, limit: int | None) -> list[T]:
    """Return all rows, or the first `small` of them in a fixed random order; at most `limit`."""
    shuffled = random.Random(SEED).sample(rows, len(rows))
    size = len(rows) if full else small
    return shuffled[: size if limit is None else min(size, limit)]


def progress(items: Iterable[T], what: str, unit: str) -> Iterable[T]:
    """Return the items; a bar on the screen follows them."""
    return tqdm(items, desc=what, unit=f" {unit}")


def mean(name: str, values: Sequence[float]) -> Metric:
    """Return the mean over the questions."""
    return ratio(name, [(value, 1) for value in values])


def word_overlap(claim: str, texts: Sequence[str]) -> float:
    """Return how much of the claim's words and pairs of words is in the texts, in [0, 1].

    What a judge must beat: the mean of unigram and bigram containment.
    """
    said, there = tokens(claim), [tokens(text) for text in texts]
    words = {word for text in there for word in text}
    pairs = {pair for text in there for pair in pairwise(text)}
    return (_contained(said, words) + _contained(pairwise(said), pairs)) / 2


def numbers_are_there(claim: str, texts: Sequence[str]) -> bool:
    """Whether every token of the claim that begins with a digit is in the texts."""
    words = {word for text in texts for word in tokens(text)}
    return all(word in words for word in tokens(claim) if word[0].isdigit())


def tokens(text: str) -> list[str]:
    """Return the words and numbers of the text, folded."""
    return _TOKEN.findall(text.casefold())


def digest(parts: Iterable[bytes]) -> str:
    """Return a hash of the parts, in 16 hexadecimal digits."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()[:16]


def answerable(id_: str, question: str, *groups: Sequence[str]) -> Case:
    """Return a case whose answer holds one of every group."""
    return Case(id_, question, tuple(map(tuple, groups)))


def unanswerable(id_: str, question: str) -> Case:
    """Return a case that nothing answers."""
    return Case(id_, question, None)


def _contained(wanted: Iterable[object], there: set[Any]) -> float:
    kinds = set(wanted)
    return len(kinds & there) / len(kinds) if kinds else 1.0


def _all_in(report: Any) -> None:
    """Raise ValueError if a document could not be added: a number over the rest would mislead."""
    if report.failed:
        failure = report.failed[0]
        raise ValueError(f"{len(report.failed)} documents failed; {failure.name}: {failure.reason}")
