"""Sentence and evidence -> the exact spans that it rests on. Computed, never asked of a model.

A claim is broken into keys (numbers, names, content words); spans are chosen greedily, first
the one that covers most of them, then those that cover what is left, and more of the claim than
one bare name or year; of another document only for a number that this one does not have.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from index.embed import Encoder
from index.records import Hit
from rag import tables, words
from rag.records import Citation
from rag.words import Profile

MAX_SPANS = 3  # that one sentence may rest on
_CLOSEST = 5  # spans, by covered keys, whose meaning is compared too

_NUMBER, _NAME, _WORD = 3.0, 2.0, 1.0  # what a covered key counts
_WORTH = 2.0  # weight of uncovered keys that a further span must cover
_BOUND = 2  # keys of the claim that a further span must have: one alone says nothing of the rest
_BOUND_ELSEWHERE = 3  # where it is of another document, which may speak of other things


_ENDS = re.compile(r"[.!?…][\"'”’»)\]]*$")
_YEAR = re.compile(r"(?:1[5-9]|20)\d{2}")
_LEAST_QUOTE = 12  # characters: less says nothing by itself
_PART_END = re.compile(r"[;:]\s+")
_CLAUSE_END = re.compile(
    r"[,;:]\s+|\s[–—-]\s+|\)\s+|\s(?=\()"
    r"|\s(?=(?:and|but|or|while|whereas|which|who|because|although|though|after|before)\b)"
)
_QUALIFIES = re.compile(  # a clause without which the others would say more than the sentence does
    r"\b(?:not|no|never|nor|neither|none|nobody|nothing|without|unless|except|if|only|hardly|denie[sd]"
    r"|deny|refused?|reject(?:s|ed)?|alleged(?:ly)?|claim(?:s|ed)?|should|would|could|may|might"
    r"|otherwise|provided|until|subject to)\b|n[’']t\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Span:
    """A sentence of a passage that was retrieved, or a part of one."""

    hit: Hit
    start: int
    end: int

    @property
    def text(self) -> str:
        """The words of the span."""
        return self.hit.text[self.start - self.hit.start : self.end - self.hit.start]

    @property
    def likeness(self) -> float:
        """Cosine with the question, as the search has it; 0 for what it did not find."""
        cosines = zip(self.hit.passage.sentences, self.hit.likeness, strict=False)
        return next((cosine for (_, end), cosine in cosines if end >= self.end), 0.0)

    def cite(self) -> Citation:
        """Return the span as a citation, with its place and its document's hash."""
        place = self.hit.place(self.start)
        return Citation(
            document=self.hit.document,
            sha256=self.hit.sha256,
            start=self.start,
            end=self.end,
            quote=self.text,
            page=place.page if place else None,
            place=place.label if place else "",
        )


def spans(hits: Sequence[Hit]) -> list[Span]:
    """Return the sentences of the hits, best hit first."""
    return [Span(hit, start, end) for hit in hits for start, end in hit.passage.sentences]


def with_previous(span: Span) -> Span:
    """Return the span with the sentence before it, which may say what it is about."""
    before = [start for start, end in span.hit.passage.sentences if end <= span.start]
    return Span(span.hit, before[-1], span.end) if before else span


def whole(span: Span) -> Span:
    """Return the sentence that has the beginning of the span."""
    ends = (place for place in span.hit.passage.sentences if place[1] > span.start)
    return Span(span.hit, *next(ends, (span.start, span.end)))


def attribute(claim: str, candidates: Sequence[Span], encoder: Encoder) -> list[Span]:
    """Return the spans that the claim rests on, the main one first; none where none fits.

    Each is a sentence or as much of it as the claim needs. A row of a table comes with the table's
    first, where that is in its passage.
    """
    chosen = cover(
        claim,
        [span.text for span in candidates],
        encoder,
        groups=[span.hit.document for span in candidates],
    )
    for row in tuple(chosen):
        if (head := head_of_row(candidates, row)) not in chosen and len(chosen) < MAX_SPANS:
            chosen.append(head)
    keys = words.profile(claim)
    return [narrowed(candidates[index], keys) for index in chosen]


def narrowed(span: Span, keys: Profile) -> Span:
    """Return the fewest clauses in a row of the span that have all of the keys that it has.

    It begins where a sentence or its part after a colon does, so that its subject is in it. A row
    of a table stays whole, and so does what would lose a denial or a condition.
    """
    text = span.text
    if tables.is_row(text):
        return span
    begins = [0, *(match.end() for match in _PART_END.finditer(text))]
    ends = [*(match.end() for match in _CLAUSE_END.finditer(text)), len(text)]
    there = _kept(keys, text)
    runs = (
        (text[first:last].rstrip(), first)
        for first in begins
        for last in ends
        if first < last and _kept(keys, text[first:last]) == there
    )
    least, first = min(runs, key=lambda run: (len(run[0]), run[1]))
    rest = f"{text[:first]} {text[first + len(least) :]}"
    if _QUALIFIES.search(rest) or len(least) < _LEAST_QUOTE:
        return span
    start = span.start + first
    end = start + len(least.rstrip(",;:–—("))
    return Span(span.hit, start, end)


def _kept(keys: Profile, text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the numbers and words of the claim that a text has."""
    there = words.profile(text)
    found = frozenset(word for word in keys.content if words.has_name(word, there))
    return keys.numbers & there.numbers, found


def head_of_row(found: Sequence[Span], row: int) -> int:
    """Return the first of the rows of a table that end in this one; elsewhere the row itself."""
    while (
        row > 0
        and tables.is_row(found[row].text)
        and tables.is_row(found[row - 1].text)
        and found[row - 1].hit is found[row].hit
    ):
        row -= 1
    return row


def cover(
    claim: str, texts: Sequence[str], encoder: Encoder, *, groups: Sequence[str] | None = None
) -> list[int]:
    """Return the indices of the texts that together cover the claim best, the main one first.

    With groups, further texts are of the main one's, unless they cover a number, and have more of
    the claim than a name or year. Greedy set cover; the main text is chosen by covered keys and
    closeness in meaning (cosine), where the keys alone leave it open.
    """
    keys = words.profile(claim)
    total = _weight(keys, keys)
    profiles = [words.profile(text) for text in texts]
    covered = [_weight(keys, profile) for profile in profiles]
    nearest = sorted(range(len(texts)), key=lambda i: (-covered[i], i))[:_CLOSEST]
    if not nearest or total == 0:
        return []
    vectors = encoder.encode([claim, *(texts[i] for i in nearest)])
    likeness = dict(zip(nearest, np.asarray(vectors[1:] @ vectors[0]), strict=True))
    main = max(nearest, key=lambda i: (covered[i] / total + float(likeness[i]), -i))
    if covered[main] == 0:
        return []
    chosen = [main]
    while len(chosen) < MAX_SPANS:
        rest = left(keys, [profiles[i] for i in chosen])
        gains = {
            i: _weight(rest, profile)
            for i, profile in enumerate(profiles)
            if i not in chosen
            and (groups is None or _adds(keys, rest, texts[i], profile, groups[i] == groups[main]))
        }
        best = max(gains, key=lambda i: (gains[i], -abs(i - main)), default=None)
        if best is None or gains[best] < _WORTH:
            break
        chosen.append(best)
    return chosen


def _adds(keys: Profile, rest: Profile, text: str, evidence: Profile, here: bool) -> bool:
    """Whether a further span adds to what a claim with these keys rests on, whatever it covers.

    One bare name or year says nothing of the rest of the claim. A heading may say which year a
    number is of; another sentence that has the year does not. Another document's must have a number
    that is left.
    """
    after = left(rest, [evidence])
    numbers = rest.numbers - after.numbers
    years_only = after.content == rest.content and all(map(_YEAR.fullmatch, numbers))
    return (
        _shared(keys, evidence) >= (_BOUND if here else _BOUND_ELSEWHERE)
        and (here or bool(numbers))
        and not (years_only and _ENDS.search(text))
    )


def left(keys: Profile, evidence: Sequence[Profile]) -> Profile:
    """Return the keys that none of the evidence has."""
    have_numbers = frozenset().union(*(profile.numbers for profile in evidence))
    return Profile(
        names=frozenset(n for n in keys.names if not any(words.has_name(n, p) for p in evidence)),
        numbers=keys.numbers - have_numbers,
        content=frozenset(
            w for w in keys.content if not any(words.has_name(w, p) for p in evidence)
        ),
        acronyms=keys.acronyms,
        capitalised=keys.capitalised,
    )


def _shared(keys: Profile, evidence: Profile) -> int:
    """Return how many of the keys the evidence has."""
    rest = left(keys, [evidence])
    return len(keys.numbers | keys.content) - len(rest.numbers | rest.content)


def _weight(keys: Profile, evidence: Profile) -> float:
    """Return the weight of the keys that the evidence covers."""
    rest = left(keys, [evidence])
    return (
        _NUMBER * len(keys.numbers - rest.numbers)
        + _NAME * len(keys.names - rest.names)
        + _WORD * len((keys.content - keys.names) - rest.content)
    )
