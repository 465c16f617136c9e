"""Quotes alone, for a language that the judge was not calibrated for.

A judge that knows no Russian cannot say whether a Russian sentence is supported. The words of a
source need no support; which of them fit the question is told by the words that both have, each as
rare as it is among the sentences that were found (inverse document frequency, Spärck Jones 1972).
The share of them that a sentence has tells sentences of the paragraph that answers from others: of
80 questions of XQuAD in each of Arabic, Chinese, Russian and Spanish, asked with that paragraph
and without, it made the logistic curve below, and the best sentence held the answer in 60 to 70 %.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence

from index.language import language
from index.records import Hit
from index.terms import terms
from rag.attribute import Span

MOST = 2  # quotes that are shown
_SLOPE, _MIDDLE = 12.3, 0.36  # of the share of words, for the odds that a sentence fits
NOTE = (
    "The judge was calibrated for English only: these are quotes that share most words with the "
    "question, not judged as an answer."
)
NOTHING = (
    "The judge was calibrated for English only: of your documents' own words, none share enough "
    "with the question to be quoted."
)


def calibrated(question: str, hits: Sequence[Hit], languages: Collection[str]) -> bool:
    """Whether question and best hit are in languages that the judge was calibrated for."""
    spoken = {language(question), *(hit.passage.language for hit in hits[:1])}
    return spoken <= set(languages)


def fitting(question: str, candidates: Sequence[Span]) -> list[tuple[Span, float]]:
    """Return the candidates, best first, each with the probability that it fits the question.

    Of equal ones the one of the better hit comes first.
    """
    found = [set(terms(span.text, span.hit.passage.language)) for span in candidates]
    asked = {
        term
        for spoken in {span.hit.passage.language for span in candidates} | {language(question)}
        for term in terms(question, spoken)
    }
    held_by = Counter(term for held in found for term in held & asked)
    rarity = {term: math.log1p(len(candidates) / (held_by[term] or 0.5)) for term in asked}
    total = sum(rarity.values()) or 1.0
    shares = [sum(sorted(rarity[term] for term in held & asked)) / total for held in found]
    order = sorted(range(len(candidates)), key=lambda i: (-shares[i], i))
    return [(candidates[i], _probability(shares[i])) for i in order]


def _probability(share: float) -> float:
    return 1 / (1 + math.exp(-_SLOPE * (share - _MIDDLE)))
