"""What a text says, word by word: its names, numbers, content words and negations, as sets of keys.

Two texts say the same of something only if their keys meet. Knows nothing of documents.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import Stemmer

_TOKEN = re.compile(
    r"""(?P<number>\d+(?:[.,]\d+)*)(?:st|nd|rd|th)?
        |(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*(?:\.[^\W\d_])*)
        |(?P<percent>%)
        |(?P<money>(?:US)?[$€£¥])""",
    re.VERBOSE,
)
_SENTENCE_START = re.compile(r"(?:^|[.!?:;…]['\"”’)]*\s|\n)\W*$")

_STOPWORDS = frozenset(
    """a about above according after against all also am among an and any anyone anything are as at
    away back be because been before being below between both but by came can cannot come could did
    do does doing done down due during each either else especially etc even ever every everyone few
    for from further get gets getting give given go goes got had has have having he her here hers
    herself him himself his how however i if in indeed into is it its itself just know known last
    least less let like likely made mainly make makes making many may me might mine more most much
    must my name named namely near need neither never no nor not now of off often on once one only
    onto or other others our ours out over own part per perhaps put quite rather really regarding s
    said same say saying says see seem seems several shall she should since so some somebody someone
    something such take than that the their theirs them themselves then there therefore these they
    thing things this those though through thus to together too toward towards under until up upon
    us use used using very via was way we well were what whatever when where whether which while who
    whoever whole whom whose why will with within without would yes yet you your yours don't doesn't
    didn't isn't aren't wasn't weren't won't can't couldn't shouldn't wouldn't hasn't haven't hadn't
    it's there's that's let's i'm you're they're we're i've you've they've we've t d ll m re ve
    state stated states tell told describe described mention mentioned explain explained note noted
    kind type sort mean means answer question document documents text source sources article author
    writer passage additionally furthermore moreover consequently similarly overall currently
    approximately roughly nearly almost""".split()
) - {"states", "us"}  # countries

# Ways to write a currency; none is a name, so that no two amounts are joined by it.
_CURRENCIES = {
    "$": "dollar", "us$": "dollar", "usd": "dollar", "dollars": "dollar", "dollar": "dollar",
    "€": "euro", "eur": "euro", "euros": "euro", "euro": "euro",
    "£": "pound", "gbp": "pound", "pounds": "pound", "pound": "pound",
    "¥": "yuan", "rmb": "yuan", "cny": "yuan", "yuan": "yuan", "rub": "rubl", "rubles": "rubl",
    "roubles": "rubl", "rouble": "rubl", "ruble": "rubl",
}  # fmt: skip
_NEGATORS = frozenset(
    """not no never none nobody nothing neither nor without cannot hardly fails failed refuse
    refused refuses denied denies deny lack lacks lacked don't doesn't didn't isn't aren't wasn't
    weren't won't can't couldn't shouldn't wouldn't hasn't haven't hadn't""".split()
)

_SMALL = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
} | {
    word: value * 10
    for value, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
_ORDINALS = {  # of which none is as often a share, a time or "at first"
    word: value
    for value, word in enumerate(
        "fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        start=4,
    )
}
_SHARE = re.compile(r"\b(?:a|an|one)\s+$", re.IGNORECASE)  # before an ordinal: "a tenth"
_SCALES = {
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "millions": 1e6, "mln": 1e6, "mn": 1e6,
    "billion": 1e9, "billions": 1e9, "bln": 1e9, "bn": 1e9, "trillion": 1e12, "tn": 1e12,
}  # fmt: skip
_PERCENT = {"%", "percent", "percentage"}

# Pairs of which one says the opposite of the other, by stem.
_OPPOSITES = (
    ("increase", "decrease"), ("rise", "fall"), ("grow", "shrink"), ("grow", "decline"),
    ("increase", "decline"), ("rise", "decline"), ("rise", "drop"), ("increase", "drop"),
    ("grow", "drop"), ("gain", "lose"), ("more", "less"), ("more", "fewer"), ("higher", "lower"),
    ("above", "below"), ("before", "after"), ("export", "import"), ("buy", "sell"),
    ("accept", "reject"), ("accept", "refuse"), ("allow", "prohibit"), ("allow", "forbid"),
    ("support", "oppose"), ("begin", "end"), ("start", "end"), ("win", "lose"), ("open", "close"),
    ("join", "leave"), ("strengthen", "weaken"), ("improve", "worsen"), ("first", "last"),
    ("best", "worst"), ("largest", "smallest"), ("maximum", "minimum"), ("north", "south"),
    ("east", "west"), ("true", "false"), ("legal", "illegal"), ("profit", "loss"),
)  # fmt: skip

_ALIASES = {
    "sino": "china", "american": "usa", "america": "usa", "us": "usa", "u.s": "usa",
    "british": "uk", "britain": "uk", "french": "france", "dutch": "netherlands",
    "spanish": "spain", "german": "germany", "swiss": "switzerland", "danish": "denmark",
    "greek": "greece", "welsh": "wales", "soviets": "soviet", "prc": "china",
}  # fmt: skip
_MONTH = re.compile(r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b")
_DATE_IN_YEAR = re.compile(
    r"\b(?P<month>January|February|March|April|May|June|July|August|September|October|November"
    r"|December)(?:\s\d{1,2}(?:st|nd|rd|th)?)?,?\s(?P<year>(?:1[5-9]|20)\d\d)\b"
)
_BOUND = re.compile(  # after a negator: it sets a limit and denies nothing
    r"\s+(?:(?:more|less|fewer|later|earlier|sooner|longer|higher|lower|greater)\s+than|only)\b",
    re.IGNORECASE,
)
_ROOT = 4  # least letters that a name and its adjective share: Chin-a, Chin-ese
_ENDINGS = {"n", "an", "ian", "ean", "ese", "es", "ish", "i", "ic", "stan", "stani"}  # some stemmed

_stemmer = Stemmer.Stemmer("english")
_stemming = threading.Lock()  # a stemmer keeps state of its own


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number of a text."""

    key: str  # what it is compared by
    kind: str  # "number", "name", "content" or "function"
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Profile:
    """The keys of a text by kind, for comparing it with another."""

    names: frozenset[str]
    numbers: frozenset[str]
    content: frozenset[str]  # of names too: every word that is not a function word
    acronyms: frozenset[str]  # initials of runs of capitalised words: "iea" for "Energy ..."
    capitalised: frozenset[str]  # keys of the words with a capital, names or not


def profile(text: str) -> Profile:
    """Return the keys of the text."""
    return _profile(text)


def names(text: str) -> frozenset[str]:
    """Return the keys of the words that are written as names."""
    return _profile(text).names


def numbers(text: str) -> frozenset[str]:
    """Return the text's numbers, years and shares in one spelling: "190 billion" -> "1.9e+11"."""
    return _profile(text).numbers


def content(text: str) -> frozenset[str]:
    """Return the stems of the words that are neither function words nor numbers."""
    return _profile(text).content


@lru_cache(maxsize=20_000)
def labels(text: str) -> frozenset[str]:
    """Return the things that go by a number, "Berth 7" as "berth 7"; dates are none."""
    found = list(tokens(text))
    return frozenset(
        f"{word.key} {number.key}"
        for word, number in pairwise(found)
        if number.kind == "number"
        and text[word.start].isupper()
        and word.kind != "function"
        and text[word.end : number.start].isspace()
        and not _MONTH.match(text, word.start)
        and not re.fullmatch(r"(?:1[5-9]|20)\d\d", number.key)
    )


def dates(text: str) -> frozenset[tuple[str, str]]:
    """Return the keys of month and year of the text's dates that have both."""
    return frozenset(
        (stem(fold(match["month"])), match["year"]) for match in _DATE_IN_YEAR.finditer(text)
    )


def surfaces(text: str) -> dict[str, str]:
    """Return the text's content words and names by key, as they are written."""
    return {
        token.key: text[token.start : token.end]
        for token in tokens(text)
        if token.kind in ("name", "content")
    }


def has_name(name: str, text: Profile) -> bool:
    """Whether a text has a word: as it is, as a name's adjective, or as an acronym."""
    return (
        name in text.content
        or name in text.acronyms
        or any(_adjective(name, other) or _adjective(other, name) for other in text.capitalised)
    )


def _adjective(name: str, other: str) -> bool:
    """Whether the one is the adjective of the other: "russian" of "russia"."""
    root = name.removesuffix("a").removesuffix("y").removesuffix("e")
    return len(root) >= _ROOT and other.startswith(root) and other[len(root) :] in _ENDINGS


def missing_names(claim: str, evidence: Profile) -> frozenset[str]:
    """Return the claim's names that the evidence does not have."""
    spelled_out = {
        key
        for initials, keys in _capital_runs(claim)
        if initials in evidence.content
        for key in keys
    }
    return frozenset(
        name for name in names(claim) if not has_name(name, evidence) and name not in spelled_out
    )


def negation_differs(claim: str, evidence: str) -> bool:
    """Whether what one text negates the other asserts.

    A negator rules the three content words after it; the texts differ if such a word is in the
    other text, there with no negator before it.
    """
    denied, asserted = _polarity(claim)
    denied_there, asserted_there = _polarity(evidence)
    return bool((denied & asserted_there) - denied_there or (denied_there & asserted) - denied)


def opposite(claim: str, evidence: str) -> bool:
    """Whether the claim has a word whose opposite, and not itself, is in the evidence."""
    here, there = _all_stems(claim), _all_stems(evidence)
    return any(
        (one in here and one not in there and other in there and other not in here)
        or (other in here and other not in there and one in there and one not in here)
        for one, other in _opposites()
    )


@lru_cache(maxsize=20_000)
def _profile(text: str) -> Profile:
    found = list(tokens(text))
    return Profile(
        names=frozenset(t.key for t in found if t.kind == "name"),
        numbers=frozenset(t.key for t in found if t.kind == "number"),
        content=frozenset(t.key for t in found if t.kind in ("name", "content")),
        acronyms=frozenset(initials for initials, _ in _capital_runs(text)),
        capitalised=frozenset(
            t.key for t in found if t.kind in ("name", "content") and text[t.start].isupper()
        ),
    )


def tokens(text: str) -> Iterator[Token]:
    """Yield the text's words and numbers in order, with their keys."""
    pending: _Quantity | None = None  # a number that a scale, a unit place or % may follow
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        word = fold(match.group())
        if pending:
            longer = pending.followed_by(word, text[pending.end : start], end)
            if longer:
                pending = longer
                continue
            close = text[pending.end : start].strip(" \xa0-") == ""
            share = close and (word in _PERCENT or (word == "per" and _next_is_cent(text, end)))
            yield pending.token(share=share)
            pending = None
            if share:
                continue
        if match["number"]:
            pending = _Quantity(_number(match["number"]), start, end)
        elif word in _SMALL and word != "one":
            pending = _Quantity(float(_SMALL[word]), start, end)
        elif word in _ORDINALS and not _SHARE.search(text, max(0, start - 5), start):
            yield _Quantity(float(_ORDINALS[word]), start, end).token(share=False)
        elif match["word"] or match["money"]:
            yield _word(text, match.group(), start, end)
    if pending:
        yield pending.token(share=False)


@dataclass(frozen=True, slots=True)
class _Quantity:
    """A number while it is read: "two", "two hundred", "two hundred million"."""

    value: float | str  # a text where the digits are no number, as in "192.168.1.1"
    start: int
    end: int

    def followed_by(self, word: str, between: str, end: int) -> _Quantity | None:
        """Return the number that this and the next word make, if they make one."""
        if isinstance(self.value, str) or between.strip(" \xa0-–"):
            return None
        if word in _SCALES:
            return _Quantity(self.value * _SCALES[word], self.start, end)
        small = _SMALL.get(word, 0)
        if 20 <= self.value <= 90 and self.value % 10 == 0 and 0 < small < 10 and between in "-–":
            return _Quantity(self.value + small, self.start, end)
        return None

    def token(self, *, share: bool) -> Token:
        """Return the number as a token; `share` says that it is a percentage."""
        key = self.value if isinstance(self.value, str) else f"{self.value:.12g}"
        return Token(f"{key}%" if share else key, "number", self.start, self.end)


@lru_cache(maxsize=50_000)
def fold(word: str) -> str:
    """Return the word in lower case, without accents or a possessive."""
    plain = unicodedata.normalize("NFKD", word.replace("’", "'").casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return plain.removesuffix("'s").removesuffix("'").removesuffix(".")


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the Snowball stem of a folded word; a name of a country for its adjectives."""
    word = _ALIASES.get(word, word)
    with _stemming:
        return str(_stemmer.stemWord(word))


def _word(text: str, raw: str, start: int, end: int) -> Token:
    word = fold(raw)
    acronym = raw.isupper() and len(raw) > 1
    month = raw == "May" and start > 0
    if word in _CURRENCIES:
        return Token(_CURRENCIES[word], "content", start, end)
    if word in _STOPWORDS and not month and not acronym:
        return Token(word, "function", start, end)
    inner_capital = any(letter.isupper() for letter in raw[1:])
    first = _SENTENCE_START.search(text, max(0, start - 6), start) is not None or start == 0
    follows = re.match(r"\s+[A-Z]", text[end : end + 3])
    name = acronym or month or inner_capital or (raw[0].isupper() and (not first or bool(follows)))
    return Token(stem(word), "name" if name else "content", start, end)


def _capital_runs(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield initials and keys of every run of two to six capitalised words."""
    for match in re.finditer(
        r"[A-Z][\w’'-]*(?:\s+(?:(?:of|for|and|the|on)\s+)*[A-Z][\w’'-]*)+", text
    ):
        run = [word for word in match.group().split() if word[0].isupper()][:8]
        for size in range(2, min(len(run), 6) + 1):
            for at in range(len(run) - size + 1):
                part = run[at : at + size]
                initials = "".join(word[0] for word in part).casefold()
                yield initials, frozenset(stem(fold(word)) for word in part)


def _polarity(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the content stems that a negator rules, and the others."""
    denied: set[str] = set()
    asserted: set[str] = set()
    scope = 0
    for token in tokens(text):
        raw = fold(text[token.start : token.end])
        if raw in _NEGATORS or raw.endswith("n't"):
            scope = 0 if _BOUND.match(text, token.end) else 3
        elif token.kind in ("content", "name"):
            (denied if scope else asserted).add(token.key)
            scope = max(0, scope - 1)
        between = text[token.end : token.end + 1]
        if between in {",", ";", "."}:
            scope = 0
    return frozenset(denied), frozenset(asserted)


def _all_stems(text: str) -> frozenset[str]:
    return frozenset(stem(fold(match.group())) for match in re.finditer(r"[^\W\d_]+", text))


@lru_cache(maxsize=1)
def _opposites() -> tuple[tuple[str, str], ...]:
    return tuple((stem(one), stem(other)) for one, other in _OPPOSITES)


def _next_is_cent(text: str, end: int) -> bool:
    return text[end : end + 5].strip().casefold().startswith("cent")


def _number(digits: str) -> float | str:
    """Return the value of digits with separators; as they stand where they are no number.

    Of two kinds of separator the last is the decimal one; one that recurs, or a comma before
    three digits, parts thousands. "1.234" is read as 1.234, as English writes it.
    """
    commas, points = digits.count(","), digits.count(".")
    if commas and points:
        decimal = max(",.", key=digits.rindex)
        plain = digits.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    elif commas > 1 or re.fullmatch(r"\d{1,3},\d{3}", digits):
        plain = digits.replace(",", "")
    else:
        plain = digits.replace(",", ".")
    return float(plain) if re.fullmatch(r"\d+(?:\.\d+)?", plain) else digits
