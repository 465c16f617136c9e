"""Question, sentence and cited words -> support and relevance, as probabilities.

Each is a logistic regression over features (rag.features); its coefficients and what they were
fitted on stand in judge.json (tests/benchmarks/fit_judge.py makes it). Rules then cap what no
amount of likeness may outweigh: a number that the quotes do not have, a denial that they assert.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from index.embed import Encoder
from rag import features, vetoes, words
from rag.attribute import cover
from rag.crossencoder import JUDGE, Reader
from rag.errors import SettingsError
from rag.records import Verdict

COEFFICIENTS = Path(__file__).with_name("judge.json")
RULED_OUT = 0.02  # probability of what a rule refuses
FATAL = (*vetoes.OF_SUPPORT, "name_lacking")  # rules that no likeness outweighs
A_FEW = 5  # sentences that are quoted
ALIKE = 0.5  # share of a claim's words that sentences have which say nearly the same
LEAST_COVERED = 0.7  # share of a claim's words that the evidence must have, or have like
LEAST_ASKED = 0.7  # share of a question's words that the evidence or its surroundings must have

_HEDGES = re.compile(  # a sentence about the sources or the speaker, not about the world
    r"\b(?:the )?(?:given |provided |above )?(?:sources?|documents?|texts?|passages?|context)"
    r" (?:provided |given |above )?(?:do(?:es)? not|don't|doesn't|never)"
    r" (?:say|mention|state|specify|provide|contain|include|give|tell|answer|indicate|clarify)"
    r"|\b(?:is|are|was|were) not (?:mentioned|specified|provided|stated|given) in\b"
    r"|\bno information\b|^\W*(?:i am|i'm|i do|i don't|i can|i cannot|i can't|sorry)\b",
    re.IGNORECASE,
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
    claim: str,
    quotes: Sequence[str],
    encoder: Encoder,
    reader: Reader,
    *,
    given: frozenset[str] = frozenset(),
    chosen: bool = False,
) -> float:
    """Return the probability that the quotes together support all of the claim.

    Long quotes are read as the sentences they consist of; nothing is cut off. `given` are keys
    of words that need no support: the question has them, and what stands around the quotes.
    `chosen` says that the quotes were: see support_features. A quote's own words need no support.
    """
    if claim in quotes:
        return 1.0
    seen = support_features(claim, quotes, encoder, reader, given=given, chosen=chosen)
    return RULED_OUT if seen is None else probability("support", seen)


def support_features(
    claim: str,
    quotes: Sequence[str],
    encoder: Encoder,
    reader: Reader,
    *,
    given: frozenset[str] = frozenset(),
    chosen: bool = False,
) -> features.Features | None:
    """Return what the regression of support sees; None where a rule refuses the claim.

    Where the quotes were chosen, of all that was found, to cover the claim, a rule is sure. Of
    others it is where a few sentences say nearly the same; in other words they may mean it, and of
    a page a rule knows only what covers the claim best: there it is weighed with the rest.
    """
    texts = features.split_all(quotes)
    covering = cover(claim, texts, encoder)
    if not covering:
        return None
    seen = features.of_support(claim, texts, covering, encoder, reader, given=given)
    covered = seen["words_covered"]
    if chosen:
        refused = covered < LEAST_COVERED or breaks_a_rule(seen)
    else:
        refused = covered >= ALIKE and len(texts) <= A_FEW and breaks_a_rule(seen)
    return None if refused else seen


def breaks_a_rule(seen: Mapping[str, float]) -> bool:
    """Whether a rule says that a claim is not supported, by its features."""
    return any(seen[rule] for rule in FATAL)


def relevance(
    question: str,
    claim: str,
    quotes: Sequence[str],
    context: str,
    passage: str,
    encoder: Encoder,
    reader: Reader,
) -> float:
    """Return the probability that the claim, resting on the quotes, answers the question.

    `context` is what stands around the quotes: the text before and after them, the document's
    ends, headings and name. What the question fixes (names, years) must be there; the claim
    itself does not count for it, since a model repeats the words of the question. `passage` is the
    one that has the first quote.
    """
    seen = relevance_features(question, claim, quotes, context, passage, encoder, reader)
    return RULED_OUT if seen is None else probability("relevance", seen)


def relevance_features(
    question: str,
    claim: str,
    quotes: Sequence[str],
    context: str,
    passage: str,
    encoder: Encoder,
    reader: Reader,
) -> features.Features | None:
    """Return what the regression of relevance sees; None where a rule refuses the claim."""
    if (
        not quotes
        or not makes_claim(claim)
        or vetoes.beside_the_point(question, claim, quotes, context)
    ):
        return None
    seen = features.of_relevance(question, claim, quotes, context, passage, encoder, reader)
    return None if seen["words_around"] < LEAST_ASKED else seen


@lru_cache(maxsize=1)
def _coefficients() -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads(COEFFICIENTS.read_text(encoding="utf-8"))
    return found


def languages() -> list[str]:
    """Return the ISO 639-1 codes of the languages that the judge was calibrated for."""
    return list(_coefficients()["languages"])


def provenance(reader: Reader) -> str:
    """Return what judges support, and its own quality on labelled data, in one line."""
    fitted = f"rules, then a {_coefficients()['support_provenance']}"
    if reader.name == JUDGE:
        return fitted
    return f"{reader.name} in the place of the embedded cross-encoder, not calibrated: {fitted}"


def support_threshold(unsupported_at_most: float) -> float:
    """Return the probability of support from which on sentences are shown, to keep the promise.

    Raises SettingsError where the calibration knows of none that keeps it.
    """
    kept = {float(share): found for share, found in _coefficients()["promises"].items() if found}
    fitting = [share for share in kept if share <= unsupported_at_most]
    if not fitting:
        raise SettingsError(
            f"the setting unsupported_at_most must be {min(kept):g} or more, not "
            f"{unsupported_at_most:g}: the judge's calibration cannot promise less"
        )
    return float(kept[max(fitting)]["threshold"])


def promise(reader: Reader, unsupported_at_most: float, relevance_threshold: float) -> str:
    """Return what is promised of the sentences that are shown, and what was calibrated on."""
    if reader.name != JUDGE:
        return f"nothing is promised: {reader.name} was not calibrated"
    if relevance_threshold != (calibrated := _coefficients()["promised_relevance"]):
        return f"nothing is promised: calibrated with a relevance_threshold of {calibrated:g}"
    share, on = f"{100 * unsupported_at_most:g} %", _coefficients()["promised_on"]
    return f"at most {share} of the sentences shown are unsupported, calibrated on {on}"


def probability(
    what: str, seen: Mapping[str, float], weights: Mapping[str, float] | None = None
) -> float:
    """Return the regression's probability of `what`, "support" or "relevance".

    With other `weights` by feature, and an intercept, that of another regression.
    """
    chosen = weights or _coefficients()[what]
    score = chosen["intercept"] + sum(
        weight * seen[name] for name, weight in chosen.items() if name != "intercept"
    )
    return 1 / (1 + math.exp(-score))
