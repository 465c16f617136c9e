"""Hits -> the excerpts that the model reads. On a CPU every word of a prompt costs time.

Where a question asks for all there is, the model reads every passage that may have some of it, a
few at a time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np

from index.embed import Encoder
from index.records import Hit
from rag.attribute import Span, head_of_row, spans
from rag.crossencoder import Reader

_LIST_SHARE = 0.6  # of the greatest likeness to the question, that a passage read for it has
_LIST_CHARS = 2000  # of the passages that are read at a time
_ONLY_ASKS = re.compile(  # what can be left out, for what is listed stands after it
    r"""^\W*(?:please\s+)?
    (?:
        (?:list|enumerate)\s+(?:me\s+|us\s+)?(?:(?:all|every|each)\b(?:\s+of\b)?|the\b|(?=\w))
        |(?:name|give|show|find|collect)\s+(?:me\s+|us\s+)?(?:all|every|each)\b(?:\s+of\b)?
        |(?:what|who|which)\s+are\s+all\b(?:\s+of\b)?
        |(?:\w+\s+){0,3}(?:full|complete)\s+list\s+of\b
    )\s*(?=\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_ASKS_FOR_ALL = re.compile(
    r"\blist\s+(?:all|every|each)\b|^\W*(?:what|who|which)\s+are\s+(?:\w+\s+){0,4}all\b",
    re.IGNORECASE,
)
_NEAREST = 16  # sentences, by the vectors of the search, that are compared once more
_ANSWERING = 2  # sentences that are read whatever their likeness, for they read like answers
_LED = 4  # sentences, the nearest, that are read with the one before them and with their list
_WITHIN = 0.5  # of the best sentence's worth, that another one must reach
_OF_HIT = 0.5  # what the score of a hit, of the best one's, counts beside a cosine
_ITEM = re.compile(r"(?:[-*•–·‣]|\(?(?:\d{1,2}|[a-z])[.)])\s")  # as a line of a list begins
_LEADS = ":"  # as a sentence ends that a list follows
_GAP = " … "  # between sentences that are not neighbours


def excerpts(
    question: str, hits: Sequence[Hit], encoder: Encoder, reader: Reader, *, max_chars: int
) -> list[str]:
    """Return, for each hit that has any, its sentences nearest to the question, in their order.

    First come those that read most like an answer, then sentences by their worth, the cosine with
    the question and the score of their hit: a row of a table with the table's first, the nearest
    with the one before them, which may say what they are about, and with the list that they lead
    to or belong to, until max_chars are full or the rest is worth too little. The cosine is first
    that of the vectors that the search has; the nearest by these are read anew, each by itself.
    """
    found = spans(hits)
    if sum(span.end - span.start for span in found) <= max_chars:
        return [hit.text for hit in hits]
    best = max(hit.score for hit in hits) or 1
    of_hits = np.array([_OF_HIT * span.hit.score / best for span in found])
    nearest = np.argsort(-(of_hits + [span.likeness for span in found]), kind="stable")[:_NEAREST]
    vectors = encoder.encode([question, *(found[i].text for i in nearest)])
    worth = vectors[1:] @ vectors[0] + of_hits[nearest]
    chosen: set[int] = set()
    room = max_chars
    order = np.argsort(-worth, kind="stable")
    near_enough = order[worth[order] >= worth[order[0]] - _WITHIN]
    read_as = [r.answer for r in reader.read([(question, span.text) for span in found])]
    by_reading = sorted((-said, i) for i, said in enumerate(read_as) if said is not None)
    answering = [i for _, i in by_reading[:_ANSWERING]]
    for n, i in enumerate(dict.fromkeys([*answering, *nearest[near_enough].tolist()])):
        row = {i, head_of_row(found, i)}
        near = n < _LED
        before = {i - 1} if near and i > 0 and found[i - 1].hit is found[i].hit else set()
        listed = _list(found, i) if near else set()
        for wanted in (row, before, listed):
            size = sum(found[j].end - found[j].start for j in wanted - chosen)
            if size > room:
                break
            chosen |= wanted
            room -= size
    kept = [found[i] for i in sorted(chosen or {int(nearest[order[0]])})]  # at least the best
    return [_joined(list(group)) for _, group in groupby(kept, key=lambda span: id(span.hit))]


def _list(found: Sequence[Span], at: int) -> set[int]:
    """Return the list of which the sentence is an item or the lead, with both; else nothing."""
    first = at
    while first > 0 and _is_item(found, first) and found[first - 1].hit is found[at].hit:
        first -= 1
    if not found[first].text.endswith(_LEADS):
        return set()
    last = first
    while (
        last + 1 < len(found)
        and _is_item(found, last + 1)
        and (found[last + 1].hit is found[at].hit)
    ):
        last += 1
    return set(range(first, last + 1))


def _is_item(found: Sequence[Span], at: int) -> bool:
    return bool(_ITEM.match(found[at].text))


def asks_for_all(question: str) -> bool:
    """Whether a question wants every thing of a kind, not the best answer: "List all …"."""
    return bool(_ONLY_ASKS.search(question) or _ASKS_FOR_ALL.search(question))


def subject(question: str) -> str:
    """Return what a question asks for, without the words that ask for all of it."""
    return _ONLY_ASKS.sub("", question, count=1)


def worth_reading(hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits, best first, that may have some of what a list wants.

    By the scores that do not depend on what else was found, as the score of a hit does.
    """
    near = _LIST_SHARE * max((hit.sentence for hit in hits), default=0)
    worded = _LIST_SHARE * max((hit.lexical for hit in hits), default=0)
    return [
        hit
        for n, hit in enumerate(hits)
        if n == 0 or 0 < near <= hit.sentence or 0 < worded <= hit.lexical
    ]


def batches(hits: Sequence[Hit]) -> list[list[str]]:
    """Return the hits' texts in groups that fit a prompt, each in the order of its document."""
    found: list[list[str]] = []
    room = 0
    for hit in sorted(hits, key=lambda hit: (hit.document, hit.start)):
        if not found or len(hit.text) > room:
            found.append([])
            room = _LIST_CHARS
        found[-1].append(hit.text)
        room -= len(hit.text)
    return found


def _joined(kept: Sequence[Span]) -> str:
    """Join sentences of one hit; those that are neighbours keep what stands between them."""
    hit = kept[0].hit
    ends = [span[1] for span in hit.passage.sentences]
    text = kept[0].text
    for before, after in pairwise(kept):
        neighbours = ends.index(before.end) + 1 == hit.passage.sentences.index(
            (after.start, after.end)
        )
        between = hit.text[before.end - hit.start : after.start - hit.start]
        text += (between if neighbours else _GAP) + after.text
    return text
