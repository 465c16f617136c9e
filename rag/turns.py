"""A question and what came of it: as it is shown while it is answered, and as it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum, auto

from index.records import Hit
from rag.records import Answer, Citation, Conflict, Evidence, Sentence, Verdict

Event = Evidence | Sentence | Answer
"""What a stream yields: evidence first, then judged sentences, then the answer."""

Target = Citation | Hit
"""What a click opens."""


class Phase(StrEnum):
    """How far a question has come."""

    ASKED = auto()
    SEARCHING = auto()
    READING = auto()  # the model is at work
    DONE = auto()
    STOPPED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and all that is known of its answer so far."""

    question: str
    phase: Phase = Phase.ASKED
    hits: tuple[Hit, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    answer: Answer | None = None
    error: str = ""

    def after(self, event: Event) -> Turn:
        """Return the turn with the next event of its stream taken in."""
        match event:
            case Evidence():
                return replace(self, phase=Phase.READING, hits=event.hits)
            case Sentence():
                return replace(self, sentences=(*self.sentences, event))
            case Answer():
                return replace(
                    self,
                    phase=Phase.DONE,
                    hits=event.hits,
                    sentences=event.sentences,
                    answer=event,
                )

    @property
    def busy(self) -> bool:
        """Whether the answer is still to come."""
        return self.phase in (Phase.ASKED, Phase.SEARCHING, Phase.READING)

    @property
    def shown(self) -> tuple[Sentence, ...]:
        """The sentences that stand in the answer."""
        return tuple(s for s in self.sentences if s.verdict is Verdict.SUPPORTED)

    @property
    def withheld(self) -> tuple[Sentence, ...]:
        """The sentences that do not."""
        return tuple(s for s in self.sentences if s.verdict is not Verdict.SUPPORTED)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """The places that answer the question differently."""
        return self.answer.conflicts if self.answer else ()

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The cited spans; the one numbered n on the screen is `citations[n - 1]`.

        In order of appearance on the screen: the conflicts stand below the answer, and the
        withheld sentences below them.
        """
        return numbered((*self.shown, *self.conflicts, *self.withheld))


def numbered(citing: Iterable[Sentence | Conflict]) -> tuple[Citation, ...]:
    """Return the distinct spans that are cited, in order of appearance."""
    first: dict[tuple[str, str, int, int], Citation] = {}
    for one in citing:
        for citation in one.citations:
            first.setdefault(span_of(citation), citation)
    return tuple(first.values())


def span_of(target: Target) -> tuple[str, str, int, int]:
    """Return what makes two citations the same one."""
    return (target.document, target.sha256, target.start, target.end)
