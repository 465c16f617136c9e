"""A file of cases -> records: JSON lines with offsets, or CSV with quotes that are looked up."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from index.errors import UnknownDocumentError
from rag.errors import CasesError

TextOf = Callable[[str], str]  # document's name -> the text that offsets refer to

COLUMNS = (
    "id",
    "kind",  # of further spans: "or" for one that will do instead
    "question",
    "answers",  # groups between ; and alternatives between |; empty: nothing answers it
    "document",
    "quote",
    "previous_question",
    "previous_answer",
)
_OR = "or"
_NEEDED = ("id", "question", "answers")


@dataclass(frozen=True, slots=True)
class Gold:
    """A span that answers the question: offsets in the document's text, end exclusive."""

    document: str
    start: int
    end: int
    quote: str
    alternative: bool = False  # says the same as the span before: either will do


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what its answer must hold and rest on."""

    id: str
    question: str
    answers: tuple[tuple[str, ...], ...] | None  # one of every group; None: nothing answers it
    evidence: tuple[Gold, ...] = ()
    history: tuple[tuple[str, str], ...] = ()  # questions and answers that came before
    kind: str = ""  # what is tried: numbers are split by it

    @property
    def answerable(self) -> bool:
        """Whether the documents answer the question."""
        return self.answers is not None

    @property
    def gold(self) -> list[list[Gold]]:
        """The spans that answer it, each with its alternatives."""
        groups: list[list[Gold]] = []
        for span in self.evidence if self.answerable else ():  # else it only denies a premise
            if span.alternative and groups:
                groups[-1].append(span)
            else:
                groups.append([span])
        return groups


def load(path: Path, text_of: TextOf) -> list[Case]:
    """Read a .csv file, or JSON lines; raises CasesError with the line that is wrong.

    Of CSV, a quote is looked up in its document's text, where it must stand once. Of JSON lines,
    those that wait for their answers are left out.
    """
    text = _read(path)
    if path.suffix.lower() == ".csv":
        cases = _from_csv(text, path, text_of)
    else:
        cases = [_case_of(found, where) for where, found in _lines(text, path) if not _waits(found)]
    if not cases:
        if waits := waiting(path):
            raise CasesError(f"of {path} all {waits} wait for their answers; write them first")
        raise CasesError(f"{path} holds no cases; write one JSON object a line, or one CSV row")
    twice = [id_ for id_, times in Counter(case.id for case in cases).items() if times > 1]
    if twice:
        raise CasesError(f"{path} has two cases of the id {twice[0]!r}")
    for case in cases:
        for gold in case.evidence:
            if (
                _text_of(gold.document, text_of, f"case {case.id}")[gold.start : gold.end]
                != gold.quote
            ):
                raise CasesError(
                    f"case {case.id}: {gold.document} does not say {gold.quote!r} at "
                    f"{gold.start}:{gold.end}; has it changed?"
                )
    return cases


def waiting(path: Path) -> int:
    """Return how many lines have no answers yet: what was said was bad, and nothing else is known.

    Raises CasesError.
    """
    if path.suffix.lower() == ".csv":
        return 0
    return sum(_waits(found) for _, found in _lines(_read(path), path))


def history(items: Any, where: str) -> tuple[tuple[str, str], ...]:
    """Return the turns of a JSON list of {"question", "answer"}; raises CasesError."""
    try:
        turns = tuple((item["question"], item["answer"]) for item in items)
    except (TypeError, KeyError) as error:
        raise CasesError(f'{where} must be a JSON list of {{"question", "answer"}}') from error
    if not all(isinstance(part, str) for turn in turns for part in turn):
        raise CasesError(f"{where}: every question and answer must be a string")
    return turns


def to_csv(cases: Sequence[Case]) -> str:
    """Return the cases as a CSV file that `load` reads; offsets are left to the quotes."""
    out = io.StringIO()
    rows = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    rows.writeheader()
    for case in cases:
        asked, answered = case.history[-1] if case.history else ("", "")
        first, *more = [
            {"document": g.document, "quote": g.quote, "kind": _OR if g.alternative else ""}
            for g in case.evidence
        ] or [{}]
        rows.writerow(
            first
            | {
                "id": case.id,
                "kind": case.kind,
                "question": case.question,
                "answers": ";".join("|".join(group) for group in case.answers or ()),
                "previous_question": asked,
                "previous_answer": answered,
            }
        )
        rows.writerows({"id": case.id} | span for span in more)
    return out.getvalue()


def _from_csv(text: str, path: Path, text_of: TextOf) -> list[Case]:
    rows = csv.DictReader(io.StringIO(text), restval="")
    head = rows.fieldnames or ()
    missing = [name for name in _NEEDED if name not in head]
    if missing:
        marks = "; its cells must be separated by commas" if len(head) == 1 else ""
        raise CasesError(
            f"{path} has no column {missing[0]!r}; it needs {', '.join(_NEEDED)}{marks}"
        )
    cases: list[Case] = []
    try:
        for row in rows:
            where = f"line {rows.line_num} of {path}"
            if None in row:
                raise CasesError(f"{where} has too many cells: put quotes around one with a comma")
            gold = (_found(row, text_of, where),) if row.get("document") else ()
            if not row["question"].strip():  # one more span
                if not cases or cases[-1].id != row["id"]:
                    raise CasesError(
                        f"{where} asks nothing, and does not go on with the case before"
                    )
                cases[-1] = replace(cases[-1], evidence=cases[-1].evidence + gold)
            else:
                cases.append(replace(_of_row(row, where), evidence=gold))
    except csv.Error as error:
        raise CasesError(f"line {rows.line_num} of {path} is not CSV: {error}") from error
    return cases


def _of_row(row: Mapping[str, str], where: str) -> Case:
    groups = [
        [alternative.strip() for alternative in group.split("|")]
        for group in row["answers"].split(";")
        if group.strip()
    ]
    asked, answered = row.get("previous_question", ""), row.get("previous_answer", "")
    return _case_of(
        {
            "id": row["id"],
            "kind": row.get("kind", ""),
            "question": row["question"],
            "answers": groups or None,
            "history": [{"question": asked, "answer": answered}] if asked else [],
        },
        where,
    )


def _found(row: Mapping[str, str], text_of: TextOf, where: str) -> Gold:
    document, quote = row["document"], row.get("quote", "")
    text = _text_of(document, text_of, where)
    found = standing(quote, text)
    if len(found) != 1:
        raise CasesError(
            f"{where}: the quote {quote!r} must stand once in {document}, "
            f"but stands there {len(found)} times"
        )
    ((start, end),) = found
    is_other = row.get("kind", "").strip().casefold() == _OR
    return Gold(document, start, end, text[start:end], is_other)


def standing(quote: str, text: str) -> list[tuple[int, int]]:
    """Return where the quote stands in the text, however its lines are broken."""
    words = r"\s+".join(map(re.escape, quote.split()))
    return [match.span() for match in re.finditer(words, text)] if words else []


def _text_of(document: str, text_of: TextOf, where: str) -> str:
    try:
        return text_of(document)
    except UnknownDocumentError as error:
        raise CasesError(f"{where}: {error}") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CasesError(f"cannot read the cases in {path}: {error}") from error


def _lines(text: str, path: Path) -> Iterator[tuple[str, Any]]:
    """Yield where each line stands, and what it holds."""
    for number, line in enumerate(text.split("\n"), 1):
        where = f"line {number} of {path}"
        if line.strip():
            try:
                yield where, json.loads(line)
            except (json.JSONDecodeError, RecursionError) as error:
                raise CasesError(f"{where} is not JSON: {error}") from error


def _waits(found: Any) -> bool:
    """Whether a line says what was said (`rag.feedback`), but not what would be right."""
    return isinstance(found, dict) and "said" in found and "answers" not in found


def _case_of(found: Any, where: str) -> Case:
    try:
        answers = found["answers"]
        return Case(
            id=str(found["id"]),
            question=_text(found["question"]),
            answers=None if answers is None else _groups(answers),
            evidence=tuple(map(_gold, found.get("evidence", ()))),
            history=history(found.get("history", []), where),
            kind=str(found.get("kind", "")),
        )
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
    start, end = int(found["start"]), int(found["end"])
    alternative = bool(found.get("alternative", False))
    gold = Gold(_text(found["document"]), start, end, _text(found["quote"]), alternative)
    if not 0 <= gold.start < gold.end:
        raise ValueError(f"evidence from {gold.start} to {gold.end} is no span")
    return gold


def _text(found: Any) -> str:
    if not isinstance(found, str) or not found.strip():
        raise TypeError(f"{found!r} must be text")
    found.encode()  # raises ValueError for half of a surrogate pair
    return found
