"""A scripted assistant and its library, for the tests of the chat."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from index.errors import UnknownDocumentError, UnreadableError
from index.records import (
    AddReport,
    Box,
    Document,
    DocumentInfo,
    Failure,
    Hit,
    Passage,
    Place,
    Progress,
)
from rag.records import Answer, Citation, Evidence, Sentence, Timings, Verdict

Event = Evidence | Sentence | Answer


def sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@dataclass
class FakeLibrary:
    texts: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0

    def add(
        self, paths: Sequence[Path], *, progress: Callable[[Progress], None] | None = None
    ) -> AddReport:
        added, updated, unchanged, failed = [], [], [], []
        for done, path in enumerate(paths):
            if progress:
                progress(Progress(done, len(paths), path.name, 1, 2))
            time.sleep(self.delay_s)
            text = path.read_text(encoding="utf-8", errors="replace")
            if not text:
                failed.append(Failure(path.name, "the file is empty"))
                continue
            known = self.texts.get(path.name)
            kind = added if known is None else unchanged if known == text else updated
            kind.append(path.name)
            self.texts[path.name] = text
        return AddReport(tuple(added), tuple(updated), tuple(unchanged), tuple(failed))

    def documents(self) -> list[DocumentInfo]:
        return [
            DocumentInfo(name, sha(text), pages=None, passages=text.count("\n\n") + 1)
            for name, text in sorted(self.texts.items())
        ]

    def document(self, name: str) -> Document:
        if name not in self.texts:
            raise UnknownDocumentError(f"no document {name}")
        return Document(name, sha(self.texts[name]), self.texts[name])

    def boxes(self, name: str, start: int, end: int) -> list[Box]:
        return []  # it holds texts only

    def page(self, name: str, page: int, *, width: int) -> bytes:
        raise UnreadableError("is a text that was given, and has no pages")

    def count(self) -> tuple[int, int]:
        return len(self.texts), sum(info.passages for info in self.documents())

    def hits(self, *, page: int | None = 1) -> tuple[Hit, ...]:
        """Every paragraph of every document."""
        return tuple(
            hit_of(name, text, match.start(), match.end(), page)
            for name, text in sorted(self.texts.items())
            for match in re.finditer(r"(?:.+\n?)+", text)
        )


def hit_of(name: str, text: str, start: int, end: int, page: int | None = 1) -> Hit:
    places = () if page is None else (Place(0, len(text), page=page),)
    passage = Passage(name, start, end, text[start:end], ((start, end),))
    return Hit(passage, sha(text), score=0.5, dense=0.5, lexical=1.0, places=places)


def cite(name: str, text: str, quote: str, page: int | None = 1) -> Citation:
    start = text.index(quote)
    place = "" if page is None else f"page {page}"
    return Citation(name, sha(text), start, start + len(quote), quote, page, place)


def sentence(text: str, *citations: Citation, verdict: Verdict = Verdict.SUPPORTED) -> Sentence:
    return Sentence(text, citations, support=0.9, relevance=0.9, verdict=verdict)


@dataclass
class FakeAssistant:
    """Says the sentences that are scripted for a word of the question, else nothing."""

    library: FakeLibrary
    script: dict[str, tuple[Sentence, ...]] = field(default_factory=dict)
    note: str | None = None
    promise: str = "at most 5 % of the sentences shown are unsupported, calibrated on a script"
    wait_s: float = 0.0  # before each sentence
    gate: threading.Event | None = None  # where set, waited for before the first sentence
    asked: list[tuple[str, tuple[tuple[str, str | Answer], ...]]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)  # questions that were while it waited
    closed: list[str] = field(default_factory=list)  # questions whose stream was closed early
    running: int = 0
    most: int = 0  # streams that ran at once

    def stream(
        self,
        question: str,
        *,
        history: Sequence[tuple[str, str | Answer]] = (),
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        self.asked.append((question, tuple(history)))
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            yield from self._events(question, stopped)
        except GeneratorExit:
            self.closed.append(question)
            raise
        finally:
            self.running -= 1

    def _events(self, question: str, stopped: Callable[[], bool]) -> Iterator[Event]:
        hits = self.library.hits()
        yield Evidence(question, question, hits)
        while self.gate and not self.gate.wait(0.05):
            if stopped():
                self.stopped.append(question)
                return
        said = next((s for word, s in self.script.items() if word in question.lower()), ())
        for one in said:
            time.sleep(self.wait_s)
            if isinstance(one, Exception):
                raise one
            yield one
        documents, passages = self.library.count()
        timings = Timings(0.08, 1.9, 2.6)
        searched = (documents, passages, "scripted model")
        yield Answer(question, question, said, hits, *searched, timings, self.note)
