"""A question that takes for granted what the documents deny: the premise, and who denies it.

"Why did the board reject the tender?" says that the board rejected it. Where a sentence is about
the same things and contradicts that, the question has no answer; that sentence corrects it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag import words
from rag.attribute import Span
from rag.crossencoder import Reader

# Of the questions of tests/cases.csv that take something for granted, these two found 3 of the 17
# whose premise is false, and none of the 25 others.
_LEAST_COVERED = 0.6  # share of the premise's words that the sentence must have
_LEAST_CONTRARY = 1.0  # log-odds of contradiction, as the reader has it
_NEAREST = 24  # sentences, by likeness to the question, that are looked at

_ASKS = re.compile(
    r"^\W*(?:and |but |so )?(?:why|how come|how|when|since when|until when)\s+"
    r"(?:did|does|do|has|have|had|was|were|is|are|will|would)\s+(?P<premise>\S+\s.+?)\W*$",
    re.IGNORECASE | re.DOTALL,
)


def presupposed(question: str) -> str | None:
    """Return what a question takes for granted, without its auxiliary; None if nothing is."""
    found = _ASKS.match(question)
    return found["premise"] if found else None


def denied_by(question: str, candidates: Sequence[Span], reader: Reader) -> Span | None:
    """Return the sentence that denies what the question takes for granted, if one does."""
    premise = presupposed(question)
    if premise is None:
        return None
    near = sorted(candidates, key=lambda span: -span.likeness)[:_NEAREST]
    alike = [span for span in near if _covered(premise, span.text) >= _LEAST_COVERED]
    readings = reader.read([(premise, span.text) for span in alike])
    contrary = [
        (_denies(premise, span.text), reading.contradiction or 0.0, span)
        for reading, span in zip(readings, alike, strict=True)
    ]
    worst = max(contrary, key=lambda one: one[:2], default=(False, 0.0, None))
    return worst[2] if worst[0] or worst[1] >= _LEAST_CONTRARY else None


def correction(denying: Span) -> str:
    """Return what is said in place of an answer."""
    cited = denying.cite()
    where = ", ".join(filter(None, [cited.document, cited.place]))
    said = " ".join(cited.quote.split())
    return f"Your documents deny what the question takes for granted: “{said}” ({where})"


def _denies(premise: str, sentence: str) -> bool:
    """Whether the sentence has all the words of the premise, and says no to them."""
    return _covered(premise, sentence) == 1 and words.negation_differs(premise, sentence)


def _covered(premise: str, sentence: str) -> float:
    """Return the share of the premise's words and numbers that the sentence has."""
    keys, there = words.profile(premise), words.profile(sentence)
    wanted = keys.content | keys.numbers
    return sum(key in there.numbers or words.has_name(key, there) for key in wanted) / max(
        len(wanted), 1
    )
