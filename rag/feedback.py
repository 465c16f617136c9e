"""Thumbs -> a file of cases, which `pincite evaluate` reads.

An answer that was found good is a case: its citations are the gold, and what must be said again are
its numbers, or, where it has none that the question has not, its words (to be shortened by hand). A
refusal that was found good is a case that nothing answers. Of an answer that was found bad nobody
has said what would be right: it waits in the file, with what was said, until somebody writes its
`answers`; `pincite evaluate` says how many wait.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from enum import StrEnum, auto
from pathlib import Path
from typing import Any

from filelock import FileLock

from rag.errors import ConversationError
from rag.records import Answer
from rag.turns import Turn, numbered

_NUMBER = re.compile(r"\d(?:[\d.,:]*\d)?")


class Thumb(StrEnum):
    """What was thought of an answer."""

    UP = auto()
    DOWN = auto()


def give(
    file: Path, name: str, thumb: Thumb | None, turn: Turn, before: Sequence[Turn] = ()
) -> None:
    """Write what was thought of a turn, in the place of what was thought before; None: nothing.

    `name` tells the turn from all others; `before` are the turns that it follows. Raises
    ConversationError where the turn has no answer, or the file cannot be written.
    """
    if turn.answer is None:
        raise ConversationError("there is no answer to think well or ill of")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_name(f".{file.name}.lock")):
            lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
            kept = [line for line in lines if _id(line) != name]
            if thumb:
                kept.append(json.dumps(case(name, thumb, turn.answer, before)))
            _write(file, "".join(f"{line}\n" for line in kept))
    except OSError as error:
        raise ConversationError(f"cannot write {file}: {error.strerror or error}") from error


def given(file: Path) -> dict[str, Thumb]:
    """Return what was thought of turns, by their names."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConversationError(f"cannot read {file}: {error}") from error
    found = [_read(line) for line in lines]
    kinds = {f"thumb {thumb.value}": thumb for thumb in Thumb}
    return {str(one["id"]): kinds[one["kind"]] for one in found if one.get("kind") in kinds}


def case(name: str, thumb: Thumb, answer: Answer, before: Sequence[Turn]) -> dict[str, Any]:
    """Return a case, or, of an answer that was found bad, what one can be made of."""
    found: dict[str, Any] = {
        "id": name,
        "kind": f"thumb {thumb.value}",
        "question": answer.question,
        "history": [
            {"question": one.question, "answer": one.answer.text} for one in before if one.answer
        ],
    }
    evidence = [
        {"document": one.document, "start": one.start, "end": one.end, "quote": one.quote}
        for one in numbered(answer.shown)
    ]
    if thumb is Thumb.DOWN:
        return found | {"said": answer.text, "cited": evidence}
    return found | {"answers": _groups(answer), "evidence": evidence}


def _groups(answer: Answer) -> list[list[str]] | None:
    """Return what must be said again; None where it was right to say nothing."""
    if answer.abstained:
        return None
    asked = set(_NUMBER.findall(answer.standalone_question))
    told = dict.fromkeys(_NUMBER.findall(answer.text))
    return [[number] for number in told if number not in asked] or [[answer.text]]


def _read(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _id(line: str) -> str | None:
    return _read(line).get("id")


def _write(file: Path, text: str) -> None:
    """Write the file all or nothing."""
    handle, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        Path(part).replace(file)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
