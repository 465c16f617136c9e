"""What kind of quantity a question asks for and a text gives: a length, a sum of money, a duration.

A number that is one of metres is no answer to a question for kilograms, however alike the texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from rag import words

_UNITS: Mapping[str, str] = {
    "mass": "mg g kg t gram grams kilogram kilograms kilo kilos ton tons tonne tonnes oz ounce "
    "ounces lb lbs pound pounds",
    "length": "mm cm m km millimetre millimetres millimeter millimeters centimetre centimetres "
    "centimeter centimeters metre metres meter meters kilometre kilometres kilometer kilometers "
    "mile miles yard yards foot feet ft inch inches",
    "money": "dollar dollars usd euro euros eur pound pounds gbp yuan rmb cny rouble roubles ruble "
    "rubles rub yen jpy franc francs chf krona kronor sek cent cents $ us$ € £ ¥",
    "duration": "second seconds minute minutes min hour hours h day days week weeks month months "
    "year years decade decades century centuries",
    "volume": "ml l litre litres liter liters gallon gallons barrel barrels",
    "speed": "knot knots kn kph mph km/h m/s",
    "power": "w kw mw gw watt watts kilowatt kilowatts megawatt megawatts gigawatt gigawatts hp "
    "horsepower",
    "energy": "wh kwh mwh gwh twh joule joules kj calorie calories kcal",
    "temperature": "degree degrees ° °c °f kelvin celsius fahrenheit",
    "area": "hectare hectares ha acre acres m² km²",
    "share": "% percent",
}
_KINDS: dict[str, frozenset[str]] = {}
for _kind, _list in _UNITS.items():
    for _unit in _list.split():
        _KINDS[_unit] = _KINDS.get(_unit, frozenset()) | {_kind}
_COUNT, _BARE = "count", "bare"  # of things that are no unit; a number alone, as in a table

_QUANTITY = re.compile(
    r"""(?P<before>(?:(?:\bus|\ba)?[$€£¥]|\b(?:eur|usd|gbp|chf|rmb|cny|sek|jpy)\b)\s?)?
        (?<![\w.,/-])(?P<number>\d+(?:[.,]\d+)*)(?![\w]*\d)
        (?P<scale>[\s-](?:hundred|thousand|million|billion|trillion|mln|bln|mn|bn))?
        (?:[\s-]?(?P<after>%|per\scent\b|percent\b|°[cf]?|[$€£¥]|km/h|m/s|[km]m?[²³]
           |(?:kilo|mega|giga)?watt[\s-]hours?|(?:square|cubic)\s\w+
           |(?:kilo)?met(?:re|er)s?\s(?:per|an)\shour|miles\s(?:per|an)\shour|[^\W\d_]+))?""",
    re.IGNORECASE | re.VERBOSE,
)
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_COMPOUND = (
    (re.compile(r"per\scent", re.IGNORECASE), "share"),
    (re.compile(r"watt[\s-]hour", re.IGNORECASE), "energy"),
    (re.compile(r"square\s|m²", re.IGNORECASE), "area"),
    (re.compile(r"cubic\s|m³", re.IGNORECASE), "volume"),
    (re.compile(r"\s(?:per|an)\shour", re.IGNORECASE), "speed"),
)
_VERB = r"(?:do|does|did|will|would|can|could)"
_ASKED = tuple(  # the first that fits a question
    (re.compile(pattern, re.IGNORECASE), frozenset(kinds.split()))
    for pattern, kinds in (
        (r"\b(?:what|which) (?:percentage|share|proportion)\b|\bhow many per ?cent\b", "share"),
        (rf"\bhow heavy\b|\b(?:what|how much) {_VERB} .*\bweigh\b|\bthe weight of\b", "mass"),
        (
            rf"\bhow much money\b|\bhow much .*\bcosts?\b|\bwhat {_VERB} .*\bcost\b"
            r"|\bwhat (?:is|was|are|were) the costs?\b"
            r"|\bvalue of .*\b(?:contract|deal|order|trade|exports|imports|sales|purchase)\b",
            "money",
        ),
        (r"\bhow long\b", "length duration"),
        (r"\bhow (?:tall|wide|deep|thick|far|broad)\b", "length duration share"),
        (r"\bhow high\b", "length money share temperature"),
        (r"\bhow (?:hot|cold|warm)\b|\bwhat temperature\b", "temperature"),
    )
)
_HOW_MANY = re.compile(
    r"\bhow many (?:more |fewer |of )?((?:(?:square|cubic) )?[^\W\d_]+(?:[\s-]hours?\b)?)", re.I
)


def is_of_another_kind(question: str, claim: str) -> bool:
    """Whether the claim's numbers, beyond the question's, are all of a kind not asked for."""
    wanted = _asked(question)
    if not wanted:
        return False
    known = words.numbers(question)
    found = [kinds for number, kinds in _quantities(claim) if number not in known]
    return bool(found) and not any(kinds & (wanted | {_BARE}) for kinds in found)


def unit_differs(claim: str, evidence: str) -> bool:
    """Whether a number of the claim has, wherever the evidence has it, a unit of another kind."""
    there: dict[str, list[frozenset[str]]] = {}
    for number, kinds in _quantities(evidence):
        there.setdefault(number, []).append(kinds)
    return any(
        number in there
        and not kinds & {_BARE, _COUNT}
        and not any(kinds & others or _BARE in others for others in there[number])
        for number, kinds in _quantities(claim)
    )


def _asked(question: str) -> frozenset[str]:
    """Return the kinds of which one is asked for; none where that cannot be told."""
    for pattern, kinds in _ASKED:
        if pattern.search(question):
            return kinds
    if match := _HOW_MANY.search(question):
        return _kinds(match[1]) or frozenset({_COUNT, "share"})
    return frozenset()


@lru_cache(maxsize=20_000)
def _quantities(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return the numbers of the text, in the spelling of `words.numbers`, and their kinds."""
    return tuple(_found(text))


def _found(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    for match in _QUANTITY.finditer(text):
        after = match["after"] or ""
        kinds = frozenset({"money"}) if match["before"] else _kinds(after)
        if not (kinds or after or match["scale"]) and _YEAR.fullmatch(match["number"]):
            continue
        written = match["number"] + (match["scale"] or "")
        share = " %" if "share" in kinds else ""
        for number in words.numbers(written + share):
            yield number, kinds or frozenset({_COUNT if _names_things(after) else _BARE})


def _kinds(unit: str) -> frozenset[str]:
    for pattern, kind in _COMPOUND:
        if pattern.search(unit):
            return frozenset({kind})
    return _KINDS.get(unit.casefold(), frozenset())


def _names_things(word: str) -> bool:
    return bool(words.content(word))
