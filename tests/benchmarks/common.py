"""What the benchmarks share: reading the sets, fixed subsets, Pincite as it is measured."""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from langchain_core.language_models import BaseChatModel
from tqdm import tqdm

from index import Library, weights
from index.embed import Encoder, Remembering
from index.errors import UnreadableError
from index.read import read as read_document
from index.records import Document, Failure
from index.rerank import Reranker
from index.schema import VERSION as SCHEMA_VERSION
from index.split import split
from rag import Assistant, judge
from rag import settings as pincite_settings
from rag.evaluate.metrics import AnswerDict, citation_validity
from rag.evaluate.run import code_version, key_of, settings_of, write
from rag.evaluate.statistics import Metric, Share, ratio
from rag.models import chat_model
from rag.settings import Settings
from rag.weights import reader as judge_reader

SEED = 20
FOLDS = 5
SUPPORTED_AT = 0.5  # the probability from which the judge is taken to say "supported"

_INDEX = Path(weights.__file__).parent
# What makes a passage's vector and words; the passages themselves are compared whole.
_EMBEDDING = [
    (_INDEX / f"{name}.py").read_bytes()
    for name in (
        *("library", "catalog", "rows", "lexical", "terms", "language", "titles"),
        *("embed", "weights", "convert", "engine"),
    )
]

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
    def reranker(self) -> Reranker | None:
        """The cross-encoder, if one is set."""
        return weights.reranker(self.settings.reranker)

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
        with Library.open(folder, encoder=self.encoder, reranker=self.reranker) as library:
            _all_in(library.add_texts(progress(texts, f"{name}: embedding", "document")))
            yield library

    @contextmanager
    def kept_library_of_files(
        self, work: Path, name: str, files: Sequence[Path]
    ) -> Iterator[Library]:
        """Open the library of these files, kept likewise."""
        documents = [_read_file(file) for file in files]
        folder = self._folder(work, name, documents)
        with Library.open(folder, encoder=self.encoder, reranker=self.reranker) as library:
            for file in progress(files, f"{name}: reading and embedding", "file"):
                _all_in(library.add([file]))
            yield library

    def _folder(self, work: Path, name: str, documents: Sequence[Document]) -> Path:
        """Return the folder for what this code makes of these documents; it is a name's only one.

        A change of the code that changes no passage, vector or word costs no embedding.
        """
        texts = [repr((d, split(d))).encode(errors="surrogatepass") for d in documents]
        made_by = f"{SCHEMA_VERSION} {self.encoder.name}".encode()
        folder = work / f"{name}-{digest([made_by, *_EMBEDDING, *texts])}"
        for other in work.glob(f"{name}-*"):
            if other != folder and re.fullmatch("[0-9a-f]{16}", other.name[len(name) + 1 :]):
                shutil.rmtree(other)
        return folder

    @contextmanager
    def passing_library(self, texts: Texts = ()) -> Iterator[Library]:
        """Open a library of these texts that is gone afterwards."""
        with (
            tempfile.TemporaryDirectory(prefix="pincite-benchmark-") as folder,
            Library.open(folder, encoder=self.encoder, reranker=self.reranker) as library,
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


def fold_of(key: str) -> int:
    """Return the fold, of FOLDS, that all rows with this key are in: a document, a question."""
    return hashlib.sha256(key.encode()).digest()[0] % FOLDS


class UnseenSupport:
    """The judge's support of rows that it was fitted on, by a regression that saw none of them.

    rag/judge.json has one for each fold, fitted without that fold's documents.
    """

    def __init__(self, system: System) -> None:
        self._encoder, self._reader = Remembering(system.encoder), judge_reader()
        self._folds = json.loads(judge.COEFFICIENTS.read_text(encoding="utf-8"))["support_folds"]

    def __call__(self, claim: str, quotes: Sequence[str], document: str) -> float:
        """Return the probability that the quotes support a claim of a document or question."""
        seen = judge.support_features(claim, quotes, self._encoder, self._reader)
        if seen is None:
            return judge.RULED_OUT
        return judge.probability("support", seen, self._folds[fold_of(document)])


@contextmanager
def unseen_relevance() -> Iterator[None]:
    """Let the judge's relevance come from regressions that saw nothing of a question's fold."""
    folds = json.loads(judge.COEFFICIENTS.read_text(encoding="utf-8"))["relevance_folds"]

    def relevance(question: str, *rest: Any) -> float:
        seen = judge.relevance_features(question, *rest)
        if seen is None:
            return judge.RULED_OUT
        return judge.probability("relevance", seen, folds[fold_of(question)])

    with patch.object(judge, "relevance", relevance):
        yield


def mean(name: str, values: Sequence[float]) -> Metric:
    """Return the mean over the questions."""
    return ratio(name, [(value, 1) for value in values])


def digest(parts: Iterable[bytes]) -> str:
    """Return a hash of the parts, in 16 hexadecimal digits."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()[:16]


def folders(description: str) -> argparse.ArgumentParser:
    """Return the options of a script that reads the sets and keeps libraries."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path("library/benchmarks"))
    return parser


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files among the paths and in the folders among them, in order."""
    below = [sorted(path.rglob("*")) if path.is_dir() else [path] for path in paths]
    return [file.resolve() for found in below for file in found if not file.is_dir()]


def positive(value: str) -> int:
    """Return the number of an option that must be at least 1."""
    number = int(value)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _read_file(file: Path) -> Document:
    """Read a file, named by its path, which a library remembers; raises ValueError."""
    try:
        found = next(read_document(file, str(file.resolve())))
    except UnreadableError as error:
        raise ValueError(f"{file.name} {error}") from error
    if isinstance(found, Failure):
        raise ValueError(f"{found.name} {found.reason}")
    return found


def _all_in(report: Any) -> None:
    """Raise ValueError if a document could not be added: a number over the rest would mislead."""
    if report.failed:
        failure = report.failed[0]
        raise ValueError(f"{len(report.failed)} documents failed; {failure.name}: {failure.reason}")
