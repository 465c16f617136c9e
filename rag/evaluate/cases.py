"""A file of cases -> records. One JSON line is one case."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import CasesError


@dataclass(frozen=True, slots=True)
class Gold:
    """A span that answers the question: offsets in the document's text, end exclusive."""

    document: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what its answer must hold and rest on."""

    id: str
    question: str
    answers: tuple[tuple[str, ...], ...] | None  # one of every group; None: nothing answers it
    evidence: tuple[Gold, ...] = ()
    history: tuple[tuple[str, str], ...] = ()  # questions and answers that came before

    @property
    def answerable(self) -> bool:
        """Whether the documents answer the question."""
        return self.answers is not None


def load(path: Path) -> list[Case]:
    """Read a JSONL file of cases; raises CasesError with the line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CasesError(f"cannot read the cases in {path}: {error}") from error
    cases = [_case(line, path, number) for number, line in enumerate(lines, 1) if line.strip()]
    if not cases:
        raise CasesError(f"{path} holds no cases; write one JSON object a line")
    if len({case.id for case in cases}) < len(cases):
        raise CasesError(f"{path} has two cases of the same id")
    return cases


def history(items: Any, where: str) -> tuple[tuple[str, str], ...]:
    """Return the turns of a JSON list of {"question", "answer"}; raises CasesError."""
    try:
        turns = tuple((item["question"], item["answer"]) for item in items)
    except (TypeError, KeyError) as error:
        raise CasesError(f'{where} must be a JSON list of {{"question", "answer"}}') from error
    if not all(isinstance(part, str) for turn in turns for part in turn):
        raise CasesError(f"{where}: every question and answer must be a string")
    return turns


def _case(line: str, path: Path, number: int) -> Case:
    where = f"line {number} of {path}"
    try:
        found = json.loads(line)
        answers = found["answers"]
        return Case(
            id=str(found["id"]),
            question=_text(found["question"]),
            answers=None if answers is None else _groups(answers),
            evidence=tuple(map(_gold, found.get("evidence", ()))),
            history=history(found.get("history", []), where),
        )
    except json.JSONDecodeError as error:
        raise CasesError(f"{where} is not JSON: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CasesError(f"{where} is no case ({type(error).__name__}: {error})") from error


def _groups(answers: Any) -> tuple[tuple[str, ...], ...]:
    """Return the groups of alternatives. With none, any answer would be right."""
    if not isinstance(answers, list) or not answers:
        raise TypeError("answers must be null or a list of groups")
    if not all(isinstance(group, list) and group for group in answers):
        raise TypeError('every group of answers must be a list: [["190 billion", "190 bn"]]')
    return tuple(tuple(map(_text, group)) for group in answers)


def _gold(found: Any) -> Gold:
    gold = Gold(found["document"], int(found["start"]), int(found["end"]), found["quote"])
    if not 0 <= gold.start < gold.end:
        raise ValueError(f"evidence from {gold.start} to {gold.end} is no span")
    return gold


def _text(found: Any) -> str:
    if not isinstance(found, str) or not found.strip():
        raise TypeError(f"{found!r} must be text")
    return found
