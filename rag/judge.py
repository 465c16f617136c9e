"""Question, sentence and cited words -> calibrated support and relevance.

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

from index.embed import Encoder
from index.split import sentences
from rag import words
from rag.attribute import cover, left
from rag.records import Verdict
from rag.words import Profile

COEFFICIENTS = Path(__file__).with_name("judge.json")
RULED_OUT = 0.02  # probability of what a rule refuses

_HEDGES = re.compile(
    r"\b(?:(?:sources?|documents?|texts?|passages?|context)\b.{0,40}\b(?:not|no)\b"
    r"|not? (?:mention|specif|provid|stat|clear)|no information|cannot (?:be determined|answer)"
    r"|i (?:am|do|can|cannot|don't|can't)\b|sorry|unknown|unclear)",
    re.IGNORECASE,
)
_QUANTITY = re.compile(
    r"\b(?:how (?:many|much|large|big|long|old|far|high|often|fast|tall|wide|deep|heavy)"
    r"|(?:what|which) (?:[\w'’-]+ ){0,3}?(?:share|percentage|percent|proportion|number|amount|value"
    r"|price|cost|rate|size|population|turnover|total|sum|speed|stake|budget|revenue|salary|fee))\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:when|(?:what|which|by which|in which) (?:\w+ )?(?:year|date|day|month|decade))\b",
    re.IGNORECASE,
)
_PERSON = re.compile(r"^\W*(?:and )?(?:who|whom|whose)\b|\bby whom\b|\bwho (?:is|was|are)\b", re.I)
_PLACE = re.compile(r"^\W*(?:and )?where\b|\b(?:what|which) (?:city|country|town|place)\b", re.I)
_DATE = re.compile(
    r"\b(?:1\d{3}|20\d{2}|january|february|march|april|may|june|july|august|september|october"
    r"|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|day|week|month"
    r"|year|decade|century|today|yesterday|tomorrow|morning|evening|immediately|soon)s?\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"^(?:1[5-9]|20)\d{2}$")


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


def support(claim: str, quotes: Sequence[str], encoder: Encoder) -> float:
    """Return the probability that the quotes together support all of the claim.

    Long quotes are read as the sentences they consist of; nothing is cut off.
    """
    texts = [quote[start:end] for quote in quotes for start, end in sentences(quote)]
    chosen = [texts[index] for index in cover(claim, texts, encoder)]
    if not chosen or not makes_claim(claim):
        return RULED_OUT
    features = support_features(claim, chosen, encoder)
    ruled_out = features["numbers_missing"] or features["negation"] or features["opposite"]
    return RULED_OUT if ruled_out else _probability("support", features)


def support_features(claim: str, chosen: Sequence[str], encoder: Encoder) -> dict[str, float]:
    """Return what the regression of support sees; `chosen` are sentences that cover the claim."""
    keys = words.profile(claim)
    together = " ".join(chosen)
    evidence = words.profile(together)
    rest = left(keys, [evidence])
    missing_names = words.missing_names(claim, evidence)
    plain = keys.content - keys.names
    vectors = encoder.encode([claim, together])
    return {
        "words_covered": 1 - len(rest.content - keys.names) / max(len(plain), 1),
        "names_missing": len(missing_names) / max(len(keys.names), 1),
        "any_name_missing": float(bool(missing_names)),
        "numbers_missing": len(rest.numbers) / max(len(keys.numbers), 1),
        "cosine": float(vectors[0] @ vectors[1]),
        "negation": float(words.negation_differs(claim, together)),
        "opposite": float(words.opposite(claim, together)),
        "length": math.log1p(len(keys.content)) / 4,
    }


def relevance(
    question: str, claim: str, quotes: Sequence[str], context: str, encoder: Encoder
) -> float:
    """Return the probability that the claim, resting on the quotes, answers the question.

    `context` is what stands around the quotes: their passages, the head of the document, its
    name. What the question fixes (names, years, numbers) must be there; the claim itself does
    not count for it, since a model repeats the words of the question.
    """
    if not quotes or not makes_claim(claim):
        return RULED_OUT
    features = relevance_features(question, claim, quotes, context, encoder)
    ruled_out = features["names_missing"] or features["year_differs"] or features["wrong_kind"]
    return RULED_OUT if ruled_out else _probability("relevance", features)


def relevance_features(
    question: str, claim: str, quotes: Sequence[str], context: str, encoder: Encoder
) -> dict[str, float]:
    """Return what the regression of relevance sees."""
    asked = words.profile(question)
    quoted = " ".join(quotes)
    near, around = words.profile(quoted), words.profile(f"{quoted} {context}")
    plain = asked.content - asked.names
    vectors = encoder.encode([question, quoted, claim])
    return {
        "words_near": _covered(plain, near),
        "words_around": _covered(plain, around),
        "all_words_around": float(_covered(plain, around) == 1),
        "names_near": _covered(asked.names, near),
        "names_missing": float(bool(words.missing_names(question, around))),
        "numbers_missing": len(asked.numbers - around.numbers) / max(len(asked.numbers), 1),
        "year_differs": float(_year_differs(asked, near, around)),
        "wrong_kind": float(not _right_kind(question, claim, asked)),
        "cosine_quotes": float(vectors[0] @ vectors[1]),
        "cosine_claim": float(vectors[0] @ vectors[2]),
    }


def _covered(wanted: frozenset[str], evidence: Profile) -> float:
    """Return the share of the words that the evidence has; 1 where none is wanted."""
    return sum(words.has_name(word, evidence) for word in wanted) / max(len(wanted), 1) or float(
        not wanted
    )


def _year_differs(asked: Profile, near: Profile, around: Profile) -> bool:
    """Whether the question fixes a year that the quotes do not have, though they have others."""
    years = {number for number in asked.numbers if _YEAR.match(number)}
    quoted = {number for number in near.numbers if _YEAR.match(number)}
    return bool(years) and not years & quoted and (bool(quoted) or not years & around.numbers)


def _right_kind(question: str, claim: str, asked: Profile) -> bool:
    """Whether the claim has the kind of thing that is asked for, beyond what the question has."""
    said = words.profile(claim)
    if _TIME.search(question):
        return bool(_DATE.search(claim)) or bool(said.numbers - asked.numbers)
    if _QUANTITY.search(question):
        return bool(said.numbers - asked.numbers) or bool(
            re.search(r"\b(?:one|no|none|half|third|quarter|many|most|few|all)\b", claim, re.I)
        )
    if _PERSON.search(question):
        return bool(_capitalised(claim) - asked.content) or bool(said.content - asked.content)
    if _PLACE.search(question):
        return bool(_capitalised(claim) - asked.content) or bool(said.content - asked.content)
    return bool((said.content | said.numbers) - asked.content - asked.numbers) or _yes_or_no(
        question
    )


def _capitalised(text: str) -> frozenset[str]:
    return frozenset(words.stem(words.fold(word)) for word in re.findall(r"\b[A-Z][\w’'-]+", text))


def _yes_or_no(question: str) -> bool:
    return bool(
        re.match(
            r"\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b",
            question,
            re.IGNORECASE,
        )
    )


@lru_cache(maxsize=1)
def _coefficients() -> Mapping[str, Mapping[str, float]]:
    found: dict[str, dict[str, float]] = json.loads(COEFFICIENTS.read_text(encoding="utf-8"))
    return found


def _probability(what: str, features: Mapping[str, float]) -> float:
    weights = _coefficients()[what]
    score = weights["intercept"] + sum(
        weight * features[name] for name, weight in weights.items() if name != "intercept"
    )
    return 1 / (1 + math.exp(-score))
