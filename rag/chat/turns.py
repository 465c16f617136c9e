"""What one browser tab holds: its questions and what came of them. Knows no screen."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from index.records import Hit
from rag.records import Answer
from rag.turns import Phase, Target, Turn, numbered

_ONE_AT_A_TIME = threading.Lock()  # of all tabs: a tab's state is copied, which no lock can be


@dataclass(frozen=True, slots=True)
class View:
    """What the source pane shows: a target, or another stretch of its document."""

    target: Target
    kind: str  # "citation" or "passage"; with turn and number it names the target to a click
    turn: int
    number: int  # counts from 1
    of: int  # how many there are to go through
    at: int | None = None  # the page to show, or of a text the offset; None: where the target is
    as_text: bool = False  # also where there are pages
    ticket: int = 0  # counts what a tab asks to see; the highest is shown


@dataclass(slots=True)
class Conversation:
    """The turns of one tab. The one mutable thing of the chat; a tab's state holds it."""

    turns: list[Turn] = field(default_factory=list)
    stopping: bool = False  # set by the stop button, read between two events of the stream
    ticket: int = 0  # the highest of the views that were asked for

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self.turns) and self.turns[-1].busy

    @property
    def history(self) -> list[tuple[str, str | Answer]]:
        """The finished turns, for the assistant to understand a follow-up by."""
        return [(turn.question, turn.answer) for turn in self.turns if turn.answer is not None]

    def ask(self, question: str) -> bool:
        """Begin a turn; False where there is no question, or one is still being answered."""
        with _ONE_AT_A_TIME:
            if self.busy or not question.strip():
                return False
            self.stopping = False
            self.turns.append(Turn(question.strip()))
            return True

    def take(self) -> Turn | None:
        """Return the turn that was asked, to one who answers it; None where there is none."""
        with _ONE_AT_A_TIME:
            if not self.turns or self.turns[-1].phase is not Phase.ASKED:
                return None
            self.update(replace(self.turns[-1], phase=Phase.SEARCHING))
            return self.turns[-1]

    def update(self, turn: Turn) -> None:
        """Replace the last turn."""
        self.turns[-1] = turn

    def target(self, payload: object) -> Target | None:
        """Return what a click of the browser means; None for anything that is not on the screen.

        The payload is hostile input: it selects among what this tab was shown, and names nothing.
        """
        match payload:
            case {"kind": "citation", "turn": int(turn), "number": int(number)}:
                return _at(self._turn(turn).citations, number)
            case {"kind": "passage", "turn": int(turn), "number": int(number)}:
                return _at(self._turn(turn).hits, number)
            case _:
                return None

    def view(self, payload: object) -> View | None:
        """Return what a click opens, and how; None for anything that is not on the screen."""
        target = self.target(payload)
        if target is None or not isinstance(payload, dict):
            return None
        turn, number = self._turn(payload["turn"]), payload["number"]
        cited = len(numbered((*turn.shown, *turn.conflicts)))
        return View(
            target,
            payload["kind"],
            payload["turn"],
            number,
            of=len(turn.hits) if isinstance(target, Hit)
            else cited if number <= cited
            else len(turn.citations),
            at=_natural(payload.get("at")),
            as_text=payload.get("text") is True,
            ticket=_natural(payload.get("ticket")) or 0,
        )  # fmt: skip

    def resting(self, target: Target, start: int, end: int) -> tuple[str, ...]:
        """Return which sentences of the answers rest on a stretch of the target's document.

        Each by its turn and its place in the answer: "0.2".
        """
        return tuple(
            f"{index}.{place}"
            for index, turn in enumerate(self.turns)
            for place, sentence in enumerate(turn.shown)
            if any(
                citation.document == target.document
                and citation.sha256 == target.sha256
                and citation.start < end
                and start < citation.end
                for citation in sentence.citations
            )
        )

    def _turn(self, index: int) -> Turn:
        """Return the turn of an index; one that holds nothing where there is none."""
        return self.turns[index] if 0 <= index < len(self.turns) else Turn("")


def _natural(number: object) -> int | None:
    return number if type(number) is int and 0 <= number < 1 << 53 else None


def _at(targets: Sequence[Target], number: int) -> Target | None:
    ours = type(number) is int and 1 <= number <= len(targets)  # True is an int, too
    return targets[number - 1] if ours else None
