"""Word overlap: what a judge must beat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

OVERLAPS_AT = 0.47  # taken to say "supported" from here; fitted on AttributionBench's dev rows

_TOKEN = re.compile(r"\w+")


def word_overlap(claim: str, texts: Sequence[str]) -> float:
    """Return how much of the claim's words and pairs of words is in the texts, in [0, 1].

    The mean of unigram and bigram containment.
    """
    said, there = tokens(claim), [tokens(text) for text in texts]
    words = {word for text in there for word in text}
    pairs = {pair for text in there for pair in pairwise(text)}
    return (_contained(said, words) + _contained(pairwise(said), pairs)) / 2


def numbers_are_there(claim: str, texts: Sequence[str]) -> bool:
    """Whether every token of the claim that begins with a digit is in the texts."""
    words = {word for text in texts for word in tokens(text)}
    return all(word in words for word in tokens(claim) if word[0].isdigit())


def tokens(text: str) -> list[str]:
    """Return the words and numbers of the text, folded."""
    return _TOKEN.findall(text.casefold())


def _contained(wanted: Iterable[object], there: set[Any]) -> float:
    kinds = set(wanted)
    return len(kinds & there) / len(kinds) if kinds else 1.0
