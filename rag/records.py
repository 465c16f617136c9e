"""What an answer is made of. Frozen data: an answer is kept as it was shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from index.records import Hit


class Verdict(StrEnum):
    """What the judge says of a sentence. Only SUPPORTED stands in an answer."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"  # the cited words do not say it
    OFF_TOPIC = "off_topic"  # supported, but no answer to this question
    NO_CLAIM = "no_claim"  # states nothing that could be true or false


@dataclass(frozen=True, slots=True)
class Citation:
    """The exact words of a document that a sentence rests on."""

    document: str
    sha256: str  # of the document's file when it was read
    start: int  # offsets in the document's text, in code points, end exclusive
    end: int
    quote: str  # == text[start:end]
    page: int | None = None
    place: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of the public face."""
        return {
            "document": self.document,
            "sha256": self.sha256,
            "start": self.start,
            "end": self.end,
            "quote": self.quote,
            "page": self.page,
            "place": self.place,
        }


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the model's answer with what the judge says of it."""

    text: str
    citations: tuple[Citation, ...]
    support: float  # probability that the citations together support all of it
    relevance: float  # probability that it answers the question that was asked
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of the public face."""
        return {
            "text": self.text,
            "support": round(self.support, 4),
            "relevance": round(self.relevance, 4),
            "verdict": self.verdict.value,
            "citations": [citation.to_dict() for citation in self.citations],
        }


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two places of the documents that answer the question differently."""

    citations: tuple[Citation, Citation]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of the public face."""
        return {"citations": [citation.to_dict() for citation in self.citations]}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The first event of a stream: what the search found, before the model says a word."""

    question: str
    standalone_question: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds since the question was asked; None for what did not happen."""

    evidence_s: float
    first_sentence_s: float | None
    total_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The last event of a stream: the judged, cited answer."""

    question: str
    standalone_question: str
    sentences: tuple[Sentence, ...]  # all of them, in order; `text` holds the supported ones
    hits: tuple[Hit, ...]
    documents_searched: int
    passages_searched: int
    model: str
    timings: Timings
    note: str | None = None
    conflicts: tuple[Conflict, ...] = ()

    @property
    def shown(self) -> tuple[Sentence, ...]:
        """The sentences that stand in the answer."""
        return tuple(s for s in self.sentences if s.verdict is Verdict.SUPPORTED)

    @property
    def abstained(self) -> bool:
        """Whether the documents do not answer the question."""
        return not self.shown

    @property
    def text(self) -> str:
        """The supported sentences, joined by spaces, without markers."""
        return " ".join(sentence.text for sentence in self.shown)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of the public face, schema 1."""
        return {
            "schema": 1,
            "question": self.question,
            "standalone_question": self.standalone_question,
            "abstained": self.abstained,
            "answer": self.text,
            "note": self.note,
            "sentences": [sentence.to_dict() for sentence in self.sentences],
            "conflicts": [conflict.to_dict() for conflict in self.conflicts],
            "searched": {
                "documents": self.documents_searched,
                "passages": self.passages_searched,
            },
            "passages": [
                {
                    "document": hit.document,
                    "start": hit.start,
                    "end": hit.end,
                    "score": round(hit.score, 4),
                }
                for hit in self.hits
            ],
            "model": self.model,
            "timings": {
                "evidence_s": round(self.timings.evidence_s, 3),
                "first_sentence_s": None
                if self.timings.first_sentence_s is None
                else round(self.timings.first_sentence_s, 3),
                "total_s": round(self.timings.total_s, 3),
            },
        }
