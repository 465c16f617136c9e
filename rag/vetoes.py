"""What no likeness may outweigh: rules that refuse a sentence, each precise where it speaks.

A number that the quotes do not have, a denial of what they assert, another year, name or kind of
thing than the question's. What they let pass is weighed by the judge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag import measures, words
from rag.words import Profile

_QUANTITY = re.compile(
    r"\b(?:how (?:many|much|large|big|long|old|far|high|often|fast|tall|wide|deep|heavy)"
    r"|(?:what|which) (?:[\w'’-]+ ){0,3}?(?:share|percentage|percent|proportion|number|amount|value"
    r"|price|cost|rate|size|population|turnover|total|sum|speed|stake|budget|revenue|salary|fee))\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"^\W*(?:and )?(?:since |until |by )?when\b"
    r"|\b(?:what|which) (?:(?:is|was) the )?(?:\w+ )?(?:year|date|day|month|decade)\b",
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
_MONTHS = frozenset(
    words.stem(word)
    for word in "january february march april may june july august september october november "
    "december".split()
)


OF_SUPPORT = (  # the rules of `unsupported`
    "name_missing", "name_unbound", "number_missing", "number_unbound", "unit_differs", "negation",
    "opposite",
)  # fmt: skip


def given(question: str, context: str) -> frozenset[str]:
    """Return the words and years of the question that the surroundings confirm."""
    asked, around = words.profile(question), words.profile(context)
    years = frozenset(number for number in asked.numbers if _YEAR.match(number))
    return (asked.content - asked.names) & around.content | years & around.numbers


def asks_for_time(question: str) -> bool:
    """Whether a question asks when."""
    return bool(_TIME.search(question))


def is_date(key: str) -> bool:
    """Whether a word's or number's key is a year or a month."""
    return bool(_YEAR.match(key)) or key in _MONTHS


def unsupported(
    claim: str, evidence: Sequence[str], *, given: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Return the rules by which the sentences of the evidence cannot support all of the claim."""
    keys = words.profile(claim)
    together = " ".join(evidence)
    there = words.profile(together)
    found = {
        "name_missing": bool(words.missing_names(claim, there)),
        "name_unbound": _name_unbound(keys, evidence),
        "number_missing": bool(keys.numbers - given - there.numbers),
        "number_unbound": _number_unbound(keys, given, evidence),
        "unit_differs": measures.unit_differs(claim, together),
        "negation": words.negation_differs(claim, together),
        "opposite": words.opposite(claim, together),
    }
    return frozenset(rule for rule in OF_SUPPORT if found[rule])


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


def _of_another(asked: Profile, near: Profile) -> bool:
    """Whether the quotes name things, and none of those that the question names."""
    return bool(asked.names and near.names) and not any(
        words.has_name(name, near) for name in asked.names
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
