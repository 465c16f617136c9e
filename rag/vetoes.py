"""What no likeness may outweigh: rules that refuse a sentence, each precise where it speaks.

A number that the quotes do not have, a denial of what they assert, another year, name or kind of
thing than the question's. What they let pass is weighed by the judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from rag import measures, tables, words
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
_OFTEN = re.compile(
    r"\b(?:every|each|once|twice|always|never|daily|weekly|monthly|yearly|annual(?:ly)?)\b", re.I
)
_WHY = re.compile(r"^\W*(?:and )?why\b|\b(?:for (?:what|which)|what (?:is|was) the) reason\b", re.I)
_REASON = re.compile(
    r"\b(?:because|since|due to|owing to|thanks to|so that|so as to|in order|as a result|reasons?"
    r"|therefore|in response|caused?|after)\b",
    re.IGNORECASE,
)
_BECAUSE = re.compile(
    r"\b(?:because(?: of)?|due to|owing to|thanks to|as a result of|in response to)\b", re.I
)
_LEAST_ALIKE = 0.5  # share of a claim's words that a sentence has which says the same of others
_LEAST_CAUSE = 0.5  # share of the words of a cause that a sentence must have which states it
# A term that a contract defines: … ("the Vessel").
_DEFINED = re.compile(r"\((?:hereinafter |hereafter )?(?:the )?[\"“”']([^\"“”'()]{2,40})[\"“”']\)")
_AND_ASKS = re.compile(  # where a question asks for a second thing
    r"(?:[,;]|\?)?\s+(?:and )?(?=(?:(?:at|in|by|for|from|to|of|on|with|since|until) )?"
    r"(?:what|how|who|whom|whose|which|when|where|why)\b)",
    re.IGNORECASE,
)
_OWN_WORDS = 2  # that a part of a question must have to be understood by itself
_MONTHS = frozenset(
    words.stem(word)
    for word in "january february march april may june july august september october november "
    "december".split()
)


OF_SUPPORT = (  # the rules of `unsupported`
    "name_missing", "name_unbound", "number_missing", "number_unbound", "year_differs",
    "swapped", "date_unbound", "cause_unbound", "unit_differs", "negation", "opposite",
)  # fmt: skip


def given(question: str, context: str, about: str) -> frozenset[str]:
    """Return the keys that a claim may have without support: the question has them.

    Words, where the surroundings have them too; names and years, where what the document says that
    it is `about` has them; and the names that the document defines.
    """
    asked, around, title = map(words.profile, (question, context, about))
    names = frozenset(name for name in asked.names if words.has_name(name, title))
    plain = (asked.content - asked.names) & around.content
    return names | plain | (_years(asked) & title.numbers) | _defined(context)


def parts(question: str) -> list[str]:
    """Return the questions that a question is made of: "How long is it, and who owns it?" is two.

    One that cannot be understood without the one before it ("and how many in 2023?") is none.
    """
    first, *more = _AND_ASKS.split(question)
    if not words.content(first):
        return [question]
    found = [first, *(part for part in more if len(words.content(part)) >= _OWN_WORDS)]
    return found if len(found) > 1 else [question]


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
    profiles = [words.profile(text) for text in evidence]
    if there.names - keys.content - given - _MONTHS:
        given -= keys.names  # what is said of another name holds not for the one that is asked for
    found = {
        "name_missing": bool(words.missing_names(claim, there) - given),
        "name_unbound": _name_unbound(keys, given, profiles),
        "number_missing": bool(keys.numbers - given - there.numbers),
        "number_unbound": _number_unbound(keys, given, evidence),
        "year_differs": _number_of_another_year(keys, evidence),
        "swapped": _swapped(claim, given, evidence),
        "date_unbound": _date_unbound(claim, given, profiles),
        "cause_unbound": _cause_unbound(claim, profiles),
        "unit_differs": measures.unit_differs(claim, together),
        "negation": words.negation_differs(claim, together),
        "opposite": words.opposite(claim, together),
    }
    return frozenset(rule for rule in OF_SUPPORT if found[rule])


def _number_unbound(keys: Profile, given: frozenset[str], evidence: Sequence[str]) -> bool:
    """Whether a number of the claim stands, in the evidence, only beside other things.

    So a number of one thing cannot be joined to the name of another: a sentence that holds it
    must share a word with the claim, and a name too if both have names. In a row of a table its
    label and the head of its column must be the claim's.
    """
    for number in keys.numbers - given if keys.content else ():
        holding = [text for text in evidence if number in words.numbers(text)]
        if holding and not any(
            tables.in_its_column(number, evidence, keys)
            if tables.is_row(text)
            else _shares(keys, given, words.profile(text))
            for text in holding
        ):
            return True
    return False


def _number_of_another_year(keys: Profile, evidence: Sequence[str]) -> bool:
    """Whether a number of the claim stands, in the evidence, only with years that are not its.

    A year is with a number where no other number stands between them: of "EUR 1.12, after EUR 0.74
    in 2021" it is with the second.
    """
    years = _years(keys)
    for number in keys.numbers - years if years else ():
        found = [with_it for text in evidence for with_it in _years_with(number, text)]
        if found and not any(not its or years & its for its in found):
            return True
    return False


def _years_with(number: str, text: str) -> Iterator[frozenset[str]]:
    """Yield, for each place of the number in a text, the years that stand next to it."""
    found = [token.key for token in words.tokens(text) if token.kind == "number"]
    for at, key in enumerate(found):
        if key == number:
            beside = found[max(0, at - 1) : at] + found[at + 1 : at + 2]
            yield frozenset(key for key in beside if _YEAR.match(key))


def _swapped(claim: str, given: frozenset[str], evidence: Sequence[str]) -> bool:
    """Whether a sentence says most of the claim, but has another number or name in a place of it.

    A place is what stands before and after: one sounds "at 92 °C" where the other does "at 82 °C".
    What a sentence has that says as much of the claim is not swapped.
    """
    keys = words.profile(claim)
    plain = keys.content - keys.names
    there = [words.profile(text) for text in evidence]
    alike = [sum(words.has_name(key, profile) for key in plain) for profile in there]
    known = keys.content | keys.numbers
    for text, much in zip(evidence, alike, strict=True):
        if not plain or much < _LEAST_ALIKE * len(plain):
            continue
        of_text = {place for value, place in _places(text) if value.isdisjoint(known)}
        for value, place in _places(claim):
            holding = (
                n
                for n, profile in enumerate(there)
                if any(key in profile.numbers or words.has_name(key, profile) for key in value)
            )
            if place in of_text and not value <= given and all(alike[n] < much for n in holding):
                return True
    return False


def _places(text: str) -> Iterator[tuple[frozenset[str], tuple[str, str, str]]]:
    """Yield the numbers and names of a text, each with its kind, the word before and the one after.

    The edge of the text stands for a word; a name may have several. A year has the number before it
    in the place of its kind: that of "EUR 0.74 in 2021" is not that of "EUR 1.12 in 2022".
    """
    found = [(kind, list(run)) for (kind, _), run in groupby(words.tokens(text), _run)]
    edge = words.Token("", "function", 0, 0)
    before = [edge, *(run[-1] for _, run in found[:-1])]
    after = [*(run[0] for _, run in found[1:]), edge]
    number = ""
    for (kind, run), one, other in zip(found, before, after, strict=True):
        if kind not in ("number", "name"):
            continue
        is_year = bool(_YEAR.match(run[0].key))
        place = (number if is_year else kind, one.key, other.key)
        yield frozenset(token.key for token in run), place
        number = run[0].key if kind == "number" and not is_year else number


def _run(token: words.Token) -> tuple[str, int]:
    """Return what is the same for the words of one name, and for no others."""
    return token.kind, 0 if token.kind == "name" else token.start


def _name_unbound(keys: Profile, given: frozenset[str], evidence: Sequence[Profile]) -> bool:
    """Whether a name of the claim stands, in the evidence, only where nothing else of it does.

    So what one sentence says of one thing cannot be joined to the name of another's.
    """
    for name in keys.names - given:
        others = (keys.content | keys.numbers) - {name}
        holding = [profile for profile in evidence if words.has_name(name, profile)]
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


def _date_unbound(claim: str, given: frozenset[str], evidence: Sequence[Profile]) -> bool:
    """Whether no sentence of the evidence has both the month and the year of a date."""
    return any(
        {month, year}.isdisjoint(given)
        and not any(year in p.numbers and words.has_name(month, p) for p in evidence)
        for month, year in words.dates(claim)
    )


def _cause_unbound(claim: str, evidence: Sequence[Profile]) -> bool:
    """Whether no sentence of the evidence has to do with both a cause and what is its effect."""
    effect, because, cause = _at_first(_BECAUSE, claim)
    of_cause, of_effect = words.profile(cause), words.profile(effect)
    causing = of_cause.content | of_cause.numbers - _years(of_cause)
    caused = of_effect.content - of_effect.names - causing
    if not because or not causing or not caused:
        return False
    return not any(
        any(words.has_name(key, profile) for key in caused)
        and sum(key in profile.numbers or words.has_name(key, profile) for key in causing)
        >= _LEAST_CAUSE * len(causing)
        for profile in evidence
    )


def _at_first(pattern: re.Pattern[str], text: str) -> tuple[str, str, str]:
    match = pattern.search(text)
    if not match:
        return text, "", ""
    return text[: match.start()], match.group(), text[match.end() :]


def _shares(keys: Profile, given: frozenset[str], evidence: Profile) -> bool:
    """Whether a sentence shares a name with the claim, or a word where one of them has no name."""
    names = evidence.names - given - _MONTHS
    compared = keys.names if keys.names and names else keys.content - (keys.names & given)
    return any(words.has_name(key, evidence) for key in compared)


def _years(text: Profile) -> frozenset[str]:
    return frozenset(number for number in text.numbers if _YEAR.match(number))


def beside_the_point(question: str, claim: str, quotes: Sequence[str], context: str) -> bool:
    """Whether a rule says that the claim is no answer: another name, year or kind of thing."""
    asked, near = words.profile(question), words.profile(" ".join(quotes))
    if not any(_right_kind(part, claim, asked) for part in parts(question)):
        return True  # before what stands around is read, which takes longer
    text = "\n".join([*quotes, context])
    around, labels = words.profile(text), words.labels(question)
    repeats = any(claim in quote for quote in quotes)  # then its names may be of another thing
    said = frozenset() if repeats else words.content(claim)
    return (
        _of_another(asked, near, said | _defined(text))
        or all(words.missing_names(part, around) for part in parts(question))
        or (bool(labels) and not labels <= words.labels(text))
        or _year_differs(asked, near, around)
    )


def _of_another(asked: Profile, near: Profile, known: frozenset[str]) -> bool:
    """Whether the quotes name things, and none of those that the question names.

    What the claim names as the answer, and what the document defines, is not another thing.
    """
    others = near.names - known - _MONTHS
    return bool(asked.names and others) and not any(
        words.has_name(name, near) for name in asked.names
    )


def _defined(text: str) -> frozenset[str]:
    """Return the names that a document gives to what it is about: ("the Vessel")."""
    return frozenset().union(*(words.content(term) for term in _DEFINED.findall(text)))


def _year_differs(asked: Profile, near: Profile, around: Profile) -> bool:
    """Whether the question fixes a year that the quotes do not have, though they have others."""
    years, quoted = _years(asked), _years(near)
    return bool(years) and not years & quoted and (bool(quoted) or not years & around.numbers)


def _right_kind(question: str, claim: str, asked: Profile) -> bool:
    """Whether the claim has the kind of thing that is asked for, beyond what the question has."""
    said = words.profile(claim)
    if measures.is_of_another_kind(question, claim):
        return False
    if _TIME.search(question):
        return bool(_DATE.search(claim)) or bool(said.numbers - asked.numbers)
    if _WHY.search(question):
        return bool(_REASON.search(claim))
    if _QUANTITY.search(question):
        often = "often" in question.casefold() and _OFTEN.search(claim)
        return (
            bool(often)
            or bool(said.numbers - asked.numbers)
            or bool(
                re.search(r"\b(?:one|no|none|half|third|quarter|many|most|few|all)\b", claim, re.I)
            )
        )
    if _PERSON.search(question):
        return bool(said.names - asked.content) or bool(re.search(r"\bby\b", claim))
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
