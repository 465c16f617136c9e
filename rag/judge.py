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
from rag import measures, words
from rag.attribute import cover
from rag.records import Verdict
from rag.words import Profile

COEFFICIENTS = Path(__file__).with_name("judge.json")
RULED_OUT = 0.02  # probability of what a rule refuses
LEAST_COVERED = 0.7  # share of a claim's words that the evidence must have, or have like
LEAST_ASKED = 0.7  # share of a question's words that the evidence or its surroundings must have
_WORD_BATCH = 64
_SAME_MEANING = 0.62  # least cosine of two words that may stand for one another
_FATAL_TO_SUPPORT = (
    *("name_missing", "name_unbound", "number_missing", "number_unbound"),
    *("unit_differs", "negation", "opposite"),
)

_HEDGES = re.compile(  # a sentence about the sources or the speaker, not about the world
    r"\b(?:the )?(?:given |provided |above )?(?:sources?|documents?|texts?|passages?|context)"
    r" (?:provided |given |above )?(?:do(?:es)? not|don't|doesn't|never)"
    r" (?:say|mention|state|specify|provide|contain|include|give|tell|answer|indicate|clarify)"
    r"|\b(?:is|are|was|were) not (?:mentioned|specified|provided|stated|given) in\b"
    r"|\bno information\b|^\W*(?:i am|i'm|i do|i don't|i can|i cannot|i can't|sorry)\b",
    re.IGNORECASE,
)
_QUANTITY = re.compile(
    r"\b(?:how (?:many|much|large|big|long|old|far|high|often|fast|tall|wide|deep|heavy)"
    r"|(?:what|which) (?:[\w'’-]+ ){0,3}?(?:share|percentage|percent|proportion|number|amount|value"
    r"|price|cost|rate|size|population|turnover|total|sum|speed|stake|budget|revenue|salary|fee))\b",
    re.IGNORECASE,
)
# What a question calls a quantity and a source may not: the kind of the answer is judged instead.
_MEASURES = frozenset(
    words.stem(word)
    for word in "value amount number share percentage percent proportion size total sum".split()
)
_TIME = re.compile(
    r"^\W*(?:and )?(?:since |until |by )?when\b"
    r"|\b(?:what|which) (?:\w+ )?(?:year|date|day|month|decade)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(r"^\W*(?:and )?(?:who|whom|whose)\b|\bby whom\b|\bwho (?:is|was|are)\b", re.I)
_PLACE = re.compile(r"^\W*(?:and )?where\b|\b(?:what|which) (?:city|country|town|place)\b", re.I)
_DATE = re.compile(
    r"\b(?:1\d{3}|20\d{2}|January|February|March|April|June|July|August|September|October"
    r"|November|December|May(?= \d)|(?:[Ii]n|\d) May|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
    r"|(?:day|week|month|year|decade)s?|today|yesterday|tomorrow|immediately)\b"
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
    features = support_features(claim, chosen, encoder, given=given)
    return RULED_OUT if support_ruled_out(features) else _probability("support", features)


def support_ruled_out(features: Mapping[str, float]) -> bool:
    """Whether a rule refuses the claim, however alike the texts are."""
    return features["words_covered"] < LEAST_COVERED or any(
        features[name] for name in _FATAL_TO_SUPPORT
    )


def given(question: str, context: str) -> frozenset[str]:
    """Return the words and years of the question that the surroundings confirm."""
    asked, around = words.profile(question), words.profile(context)
    years = frozenset(number for number in asked.numbers if _YEAR.match(number))
    return (asked.content - asked.names) & around.content | years & around.numbers


def support_features(
    claim: str, chosen: Sequence[str], encoder: Encoder, *, given: frozenset[str] = frozenset()
) -> dict[str, float]:
    """Return what the regression of support sees; `chosen` are sentences that cover the claim."""
    keys = words.profile(claim)
    together = " ".join(chosen)
    evidence = words.profile(together)
    missing_names = words.missing_names(claim, evidence)
    plain = keys.content - keys.names
    lacking = lacking_words(plain - given, claim, together, encoder)
    vectors = encoder.encode([claim, together])
    return {
        "words_covered": 1 - len(lacking) / max(len(plain), 1),
        "all_covered": float(not lacking),
        "name_missing": float(bool(missing_names) or any(w[0].isupper() for w in lacking)),
        "name_unbound": float(_name_unbound(keys, chosen)),
        "number_missing": float(bool(keys.numbers - given - evidence.numbers)),
        "number_unbound": float(_number_unbound(keys, given, chosen)),
        "unit_differs": float(measures.unit_differs(claim, together)),
        "cosine": float(vectors[0] @ vectors[1]),
        "negation": float(words.negation_differs(claim, together)),
        "opposite": float(words.opposite(claim, together)),
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


def _number_unbound(keys: Profile, given: frozenset[str], chosen: Sequence[str]) -> bool:
    """Whether a number of the claim stands, in the evidence, only beside other things.

    So a number of one thing cannot be joined to the name of another: a sentence that holds it
    must share a word with the claim, and a name too if both have names.
    """
    profiles = [words.profile(text) for text in chosen]
    for number in keys.numbers - given if keys.content else ():
        holding = [profile for profile in profiles if number in profile.numbers]
        if holding and not any(_shares(keys, profile) for profile in holding):
            return True
    return False


def _name_unbound(keys: Profile, chosen: Sequence[str]) -> bool:
    """Whether a name of the claim stands, in the evidence, only where nothing else of it does.

    So what one sentence says of one thing cannot be joined to the name of another's.
    """
    profiles = [words.profile(text) for text in chosen]
    for name in keys.names:
        others = (keys.content | keys.numbers) - {name}
        holding = [profile for profile in profiles if words.has_name(name, profile)]
        if (
            others
            and holding
            and not any(
                key in profile.numbers or words.has_name(key, profile)
                for profile in holding
                for key in others
            )
        ):
            return True
    return False


def _shares(keys: Profile, evidence: Profile) -> bool:
    compared = keys.names if keys.names and evidence.names else keys.content
    return any(words.has_name(key, evidence) for key in compared)


def relevance(
    question: str, claim: str, quotes: Sequence[str], context: str, encoder: Encoder
) -> float:
    """Return the probability that the claim, resting on the quotes, answers the question.

    `context` is what stands around the quotes: the text before and after them, the document's
    ends, headings and name. What the question fixes (names, years) must be there; the claim
    itself does not count for it, since a model repeats the words of the question.
    """
    if not quotes or not makes_claim(claim) or beside_the_point(question, claim, quotes, context):
        return RULED_OUT
    features = relevance_features(question, claim, quotes, context, encoder)
    return RULED_OUT if relevance_ruled_out(features) else _probability("relevance", features)


def relevance_ruled_out(features: Mapping[str, float]) -> bool:
    """Whether too little of what the question asks about is in or around the quotes."""
    return features["words_around"] < LEAST_ASKED


def beside_the_point(question: str, claim: str, quotes: Sequence[str], context: str) -> bool:
    """Whether a rule says that the claim is no answer: another name, year or kind of thing."""
    asked, near = words.profile(question), words.profile(" ".join(quotes))
    if (
        _of_another(asked, near)
        or not _right_kind(question, claim, asked)
        or measures.is_of_another_kind(question, claim)
    ):
        return True  # before what stands around is read, which takes longer
    text = "\n".join([*quotes, context])
    around, labels = words.profile(text), words.labels(question)
    return (
        bool(words.missing_names(question, around))
        or (bool(labels) and not labels <= words.labels(text))
        or _year_differs(asked, near, around)
    )


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


def _of_another(asked: Profile, near: Profile) -> bool:
    """Whether the quotes name things, and none of those that the question names."""
    return bool(asked.names and near.names) and not any(
        words.has_name(name, near) for name in asked.names
    )


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
        return bool(said.names - asked.content)
    if _PLACE.search(question):
        return bool(said.names - asked.content) or bool(re.search(r"\b(?:in|at|on|near)\b", claim))
    return bool((said.content | said.numbers) - asked.content - asked.numbers) or _yes_or_no(
        question
    )


def _yes_or_no(question: str) -> bool:
    return bool(
        re.match(
            r"\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b",
            question,
            re.IGNORECASE,
        )
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
