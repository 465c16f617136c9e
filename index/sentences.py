"""Text -> the spans of its sentences, by the rules of its language.

A library finds the boundaries; it knows many languages less well than English, so those that it
sees in the middle of a sentence are taken back here.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex
import sentencex

from index.abbreviations import NAMES, NUMBERS

Span = tuple[int, int]  # (start, end) in code points, end exclusive

_WINDOW = 4000  # characters that the library sees at once: its time grows with the square
_NO_FULL_STOP = {"lo", "th"}  # languages that write "." after abbreviations only
_NUMBER = regex.compile(r"[\p{Nd}§№]|[IVXLC]+\b")
_LAST_WORD = regex.compile(r"(?<![\p{L}\p{M}])(\p{L}[\p{L}\p{M}]*)\.$")
_INITIAL = regex.compile(r"(?<![\w'’])\p{L}\.$")
_UNIT = regex.compile(r"\p{Nd}\s?\p{Ll}\.$")  # "1911 r.": of a year; it may well end a sentence
_LIST_MARK = regex.compile(r"\p{L}\)\s")
# "3. 5. 1911" is cut after each of its numbers by what does not know dates.
_DAY = regex.compile(r"(?<!\w)\p{Nd}{1,4}\.$")
_MONTH = regex.compile(r"\p{Nd}{1,2}\.|\p{Nd}{4}\b")
_YEAR_FIRST = regex.compile(r"(?<!\w)\p{Nd}{4}\. ?\p{Nd}{1,2}\. ?\p{Nd}{1,2}\.$")
_ORDINAL = {  # languages that write nouns with a capital: "der 2. Weltkrieg"
    "de": regex.compile(
        r"\b(?:d(?:er|ie|as|em|en|es)|[iav]m|zu[mr]|vom|beim|ins|und|bis|(?:jed|sein|ihr|ein)\w*)"
        r"\s\p{Nd}{1,2}\.$",
        regex.IGNORECASE,
    )
}
_QUOTED = regex.compile(r"[。！？…][」』]$")
_GOES_ON = regex.compile(r"と|って|など|という|の|を|が|は(?!い)")  # after a Japanese quotation
_ENDED = regex.compile(r"[.!?…。！？][\"'”’“»«)\]]*$")
_SPOKEN_BY = regex.compile(r"[-–—]\s?\p{Ll}")  # "—¿Viene? —preguntó."
# Ends that the library does not see: before a digit, after "etc."
_FULL_STOP = regex.compile(
    r"(?P<opens>[「『（《“])|(?P<closes>[」』）》”])|[。！？｡](?=[\p{Nd}A-Za-z])"
)
_STOP_BEFORE_NUMBER = regex.compile(r"(?<![\p{L}\p{M}])(\p{Ll}{5,})\.\s+(?=\p{Nd})")
_AND_SO_ON = regex.compile(
    r"(?<![\p{L}\p{M}])(?:etc|ecc|usw|itd|itp|enz|osv|stb|atd|apod|vb|vs|ym|yms|jne|dsb|dll"
    r"|m\. ?m|т\. ?[дп]|ș\. ?a|κ\. ?λπ|κ\. ?ά|κ\. ?τ\. ?λ|κτλ|и др)"
    r"\.\s+(?=\p{Lu})"
)
_EXTENDS = regex.compile(r"[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}]")
_SPACE = regex.compile(r"(?r)[\s\u200b]")  # the last one
_PAUSE = regex.compile(r"(?r)[，、；：。！？｡,;:।။…]")  # likewise
_CHARACTER = regex.compile(r"\X")  # with its marks; an emoji with all that it is made of
_LEADING_VOWELS = frozenset("เแโใไເແໂໃໄ")  # Thai and Lao ones stand before their consonant


def spans(text: str, start: int, end: int, language: str) -> Iterator[Span]:
    """Yield the spans of the sentences of text[start:end]: in order, without outer white space."""
    held: Span | None = None
    for span in _found(text, start, end, language):
        if held and _goes_on(text, held, span, language):
            span = held[0], span[1]
        elif held:
            yield from _parted(text, held, language)
        held = span
    if held:
        yield from _parted(text, held, language)


def trim(text: str, start: int, end: int) -> Span | None:
    """Drop outer white space; None where nothing is left."""
    inner = text[start:end]
    start += len(inner) - len(inner.lstrip())
    end -= len(inner) - len(inner.rstrip())
    return (start, end) if start < end else None


def break_before(text: str, start: int, limit: int) -> int:
    """Return where to cut a text that starts at `start` so that it ends at `limit` at the latest.

    Between words where there is white space, else after a mark, else between characters.
    """
    space = _SPACE.search(text, start + 1, limit)
    if space:
        return int(space.start())
    pause = _PAUSE.search(text, start, limit)
    if pause:
        return int(pause.end())
    cut = limit
    for character in _CHARACTER.finditer(text, start, min(limit + 64, len(text))):
        if character.end() > limit:
            break
        if text[character.end() - 1] not in _LEADING_VOWELS:
            cut = character.end()
    return cut


def _found(text: str, start: int, end: int, language: str) -> Iterator[Span]:
    """Yield what the library finds, a window at a time.

    The last sentence of a window may go on after it, so the next window starts with it.
    """
    while start < end:
        stop = end if end - start <= _WINDOW else break_before(text, start, start + _WINDOW)
        found = [
            (start + boundary["start_index"], start + boundary["end_index"])
            for boundary in sentencex.get_sentence_boundaries(language, text[start:stop])
        ]
        if stop < end and found and found[-1][0] > start:
            stop = found.pop()[0]
        for left, right in found:
            span = trim(text, left, right)
            if span:
                yield span
        start = stop


def _goes_on(text: str, before: Span, after: Span, language: str) -> bool:
    """Whether a sentence goes on after what the library took for its end."""
    last, first = text[before[1] - 1], text[after[0]]
    if before[1] == after[0] and _EXTENDS.match(first):
        return True
    if last in "」』":
        return bool(
            _QUOTED.search(text, before[1] - 2, before[1]) and _GOES_ON.match(text, after[0])
        )
    if language == "en":
        return last == "." and _refers(text, before, after, language)
    if first.islower() or _SPOKEN_BY.match(text, after[0]):
        return bool(_ENDED.search(text, *_end_of(before))) and not _LIST_MARK.match(text, after[0])
    return last == "." and (
        language in _NO_FULL_STOP
        or _within_word(text, before[1], after[0])
        or _is_initial(text, before, first)
        or _is_date(text, before, after)
        or (first == "§" and text[before[1] - 2].isdigit())
        or _refers(text, before, after, language)
        or (language in _ORDINAL and bool(_ORDINAL[language].search(text, *_end_of(before))))
    )


def _refers(text: str, before: Span, after: Span, language: str) -> bool:
    """Whether an abbreviation stands before the name or number that it belongs to."""
    word = _LAST_WORD.search(text, *_end_of(before))
    if not word:
        return False
    short = word[1].lower()
    known = language if language in NAMES else ""
    return (language != "en" and short in NAMES[known]) or (
        short in NUMBERS[known] and bool(_NUMBER.match(text, after[0]))
    )


def _within_word(text: str, stop: int, first: int) -> bool:
    """Whether a full stop stands within what is one word: "J.-S.", "n.º", "Dr.田中"."""
    if stop < first:
        return False
    letter, before = text[first], text[stop - 2 : stop - 1]
    return (
        letter.isdigit()
        or letter in "-–,;:"
        or (before.isascii() and letter.isalpha() and not letter.isupper())
    )


def _is_initial(text: str, before: Span, first: str) -> bool:
    window = _end_of(before)
    return bool(_INITIAL.search(text, *window)) and not (
        first.isupper() and _UNIT.search(text, *window)
    )


def _is_date(text: str, before: Span, after: Span) -> bool:
    window = _end_of(before)
    return bool(
        (_DAY.search(text, *window) and _MONTH.match(text, after[0]))
        or _YEAR_FIRST.search(text, *window)
    )


def _end_of(span: Span) -> Span:
    """Return the last characters of a sentence, enough to tell how it ends."""
    return max(span[0], span[1] - 40), span[1]


def _parted(text: str, span: Span, language: str) -> Iterator[Span]:
    """Cut a sentence at the ends in it that the library does not see."""
    start, end = span
    for stop in sorted(_missed_ends(text, span, language)):
        yield start, len(text[start:stop].rstrip()) + start
        start = stop
    yield start, end


def _missed_ends(text: str, span: Span, language: str) -> Iterator[int]:
    depth = 0
    for sign in _FULL_STOP.finditer(text, *span):
        depth += 1 if sign["opens"] else -1 if sign["closes"] else 0
        if not (sign["opens"] or sign["closes"]) and depth <= 0:
            depth = 0
            yield sign.end()
    if language != "en":
        known = language if language in NAMES else ""
        yield from (stop.end() for stop in _AND_SO_ON.finditer(text, *span))
        yield from (
            stop.end()
            for stop in _STOP_BEFORE_NUMBER.finditer(text, *span)
            if stop[1] not in NAMES[known] | NUMBERS[known]
        )
