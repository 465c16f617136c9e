"""Hits -> the excerpts that the model reads. On a CPU every word of a prompt costs time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

from index.embed import Encoder
from index.records import Hit
from rag.attribute import Span, spans

_GAP = " … "  # between sentences that are not neighbours


def excerpts(question: str, hits: Sequence[Hit], encoder: Encoder, *, max_chars: int) -> list[str]:
    """Return, for each hit that has any, its sentences nearest to the question, in their order.

    Sentences are taken by cosine with the question, each with the one before it, which may say
    what it is about, until max_chars are full.
    """
    found = spans(hits)
    if sum(span.end - span.start for span in found) <= max_chars:
        return [hit.text for hit in hits]
    vectors = encoder.encode([question, *(span.text for span in found)])
    nearest = sorted(range(len(found)), key=lambda i: -float(vectors[i + 1] @ vectors[0]))
    chosen: set[int] = set()
    room = max_chars
    for i in nearest:
        for j in (i, i - 1):
            size = found[j].end - found[j].start
            if j >= 0 and found[j].hit is found[i].hit and j not in chosen and size <= room:
                chosen.add(j)
                room -= size
    kept = [found[i] for i in sorted(chosen)]
    return [_joined(list(group)) for _, group in groupby(kept, key=lambda span: id(span.hit))]


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
