"""Question, sentence and cited words -> support and relevance, as probabilities.

Each is a logistic regression over a few features that can be read off the texts, in [0, 1]; its
coefficients and what they were fitted on stand in judge.json (tests/benchmarks/fit_judge.py
makes it). Rules then cap what no amount of likeness may outweigh: a number that the quotes do
not have, a denial that they assert.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from index.embed import Encoder
from index.split import sentences
from rag import vetoes, words
from rag.attribute import cover
from rag.records import Verdict
from rag.words import Profile

COEFFICIENTS = Path(__file__).with_name("judge.json")
RULED_OUT = 0.02  # probability of what a rule refuses
LEAST_COVERED = 0.7  # share of a claim's words that the evidence must have, or have like
LEAST_ASKED = 0.7  # share of a question's words that the evidence or its surroundings must have
_WORD_BATCH = 64
_SAME_MEANING = 0.62  # least cosine of two words that may stand for one another

_HEDGES = re.compile(  # a sentence about the sources or the speaker, not about the world
    r"\b(?:the )?(?:given |provided |above )?(?:sources?|documents?|texts?|passages?|context)"
    r" (?:provided |given |above )?(?:do(?:es)? not|don't|doesn't|never)"
    r" (?:say|mention|state|specify|provide|contain|include|give|tell|answer|indicate|clarify)"
    r"|\b(?:is|are|was|were) not (?:mentioned|specified|provided|stated|given) in\b"
    r"|\bno information\b|^\W*(?:i am|i'm|i do|i don't|i can|i cannot|i can't|sorry)\b",
    re.IGNORECASE,
)
# What a question calls a quantity and a source may not: the kind of the answer is judged instead.
_MEASURES = frozenset(
    words.stem(word)
    for word in "value amount number share percentage percent proportion size total sum".split()
)


def verdict(
    claim: str, support: float, relevance: float, *, support_at: float, relevance_at: float
) -> Verdict:
    """Decide what becomes of a sentence; the two thresholds are probabilities."""
    if not makes_claim(claim):
        return Verdict.NO_CLAIM
    if support < support_at:
        return Verdict.UNSUPPORTED
    return Verdict.SUPPORTED if relevance >= relevance_at else Verdict.OFF_TOPIC


def makes_claim(sentence: str) -> bool:
    """Whether a sentence states something of the world that could be true or false."""
    keys = words.profile(sentence)
    return bool(keys.content or keys.numbers) and not _HEDGES.search(sentence)


def support(
    claim: str, quotes: Sequence[str], encoder: Encoder, *, given: frozenset[str] = frozenset()
) -> float:
    """Return the probability that the quotes together support all of the claim.

    Long quotes are read as the sentences they consist of; nothing is cut off. `given` are keys
    of words that need no support: the question has them, and what stands around the quotes.
    """
    texts = [quote[start:end] for quote in quotes for start, end in sentences(quote)]
    chosen = [texts[index] for index in cover(claim, texts, encoder)]
    if not chosen:
        return RULED_OUT
    if vetoes.unsupported(claim, chosen, given=given):
        return RULED_OUT
    features = support_features(claim, chosen, encoder, given=given)
    return RULED_OUT if support_ruled_out(features) else _probability("support", features)


def support_ruled_out(features: Mapping[str, float]) -> bool:
    """Whether a rule refuses the claim, however alike the texts are."""
    return features["words_covered"] < LEAST_COVERED or bool(features["name_lacking"])


def support_features(
    claim: str, chosen: Sequence[str], encoder: Encoder, *, given: frozenset[str] = frozenset()
) -> dict[str, float]:
    """Return what the regression of support sees; `chosen` are sentences that cover the claim."""
    keys = words.profile(claim)
    together = " ".join(chosen)
    plain = keys.content - keys.names
    lacking = lacking_words(plain - given, claim, together, encoder)
    vectors = encoder.encode([claim, together])
    return {
        "words_covered": 1 - len(lacking) / max(len(plain), 1),
        "all_covered": float(not lacking),
        "name_lacking": float(any(word[0].isupper() for word in lacking)),
        "cosine": float(vectors[0] @ vectors[1]),
    }


def lacking_words(keys: frozenset[str], text: str, evidence: str, encoder: Encoder) -> list[str]:
    """Return those of the text's words for which the evidence has neither it nor one like it."""
    there = words.profile(evidence)
    missing = [key for key in sorted(keys) if not words.has_name(key, there)]
    if not missing:
        return []
    written = words.surfaces(text)
    here = words.profile(text)
    free = [  # a word that is in both texts cannot stand for yet another one
        word for key, word in words.surfaces(evidence).items() if not words.has_name(key, here)
    ]
    asked = [word.lower() for word in (*free, *(written[key] for key in missing))]
    vectors = encoder.encode(asked, batch_size=_WORD_BATCH)
    known, unknown = vectors[: len(free)], vectors[len(free) :]
    likeness = unknown @ known.T if free else np.zeros((len(missing), 1), np.float32)
    return [
        written[key]
        for key, row in zip(missing, likeness, strict=True)
        if row.max() < _SAME_MEANING
    ]


def relevance(
    question: str, claim: str, quotes: Sequence[str], context: str, encoder: Encoder
) -> float:
    """Return the probability that the claim, resting on the quotes, answers the question.

    `context` is what stands around the quotes: the text before and after them, the document's
    ends, headings and name. What the question fixes (names, years) must be there; the claim
    itself does not count for it, since a model repeats the words of the question.
    """
    if (
        not quotes
        or not makes_claim(claim)
        or vetoes.beside_the_point(question, claim, quotes, context)
    ):
        return RULED_OUT
    features = relevance_features(question, claim, quotes, context, encoder)
    return RULED_OUT if relevance_ruled_out(features) else _probability("relevance", features)


def relevance_ruled_out(features: Mapping[str, float]) -> bool:
    """Whether too little of what the question asks about is in or around the quotes."""
    return features["words_around"] < LEAST_ASKED


def relevance_features(
    question: str, claim: str, quotes: Sequence[str], context: str, encoder: Encoder
) -> dict[str, float]:
    """Return what the regression of relevance sees."""
    asked = words.profile(question)
    quoted = " ".join(quotes)
    around = words.profile(f"{quoted}\n{context}")
    plain = asked.content - asked.names - _MEASURES
    lacking = lacking_words(plain, question, quoted, encoder)
    nowhere = [w for w in lacking if not words.has_name(words.stem(words.fold(w)), around)]
    vectors = encoder.encode([question, quoted, claim])
    return {
        "words_near": 1 - len(lacking) / max(len(plain), 1),
        "words_around": 1 - len(nowhere) / max(len(plain), 1),
        "all_words_around": float(not nowhere),
        "names_near": _covered(asked.names, words.profile(quoted)),
        "cosine_quotes": float(vectors[0] @ vectors[1]),
        "cosine_claim": float(vectors[0] @ vectors[2]),
    }


def _covered(wanted: frozenset[str], evidence: Profile) -> float:
    """Return the share of the words that the evidence has; 1 where none is wanted."""
    return sum(words.has_name(word, evidence) for word in wanted) / max(len(wanted), 1) or float(
        not wanted
    )


@lru_cache(maxsize=1)
def _coefficients() -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads(COEFFICIENTS.read_text(encoding="utf-8"))
    return found


def provenance() -> str:
    """Return what judges support, and its own quality on labelled data, in one line."""
    return f"rules, then a {_coefficients()['support_provenance']}"


def _probability(what: str, features: Mapping[str, float]) -> float:
    weights = _coefficients()[what]
    score = weights["intercept"] + sum(
        weight * features[name] for name, weight in weights.items() if name != "intercept"
    )
    return 1 / (1 + math.exp(-score))
