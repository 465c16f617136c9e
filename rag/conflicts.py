"""Where sources say different things in answer to one question: both sides, each with its place.

Two sentences conflict that say the same but for one name, number or date: as two versions of a
contract do. That can be told without a model: the words are aligned (Ratcliff and Obershelp 1988,
as difflib has it), and what takes the place of what is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from index.records import Hit
from rag import vetoes, words
from rag.attribute import Span, spans
from rag.records import Conflict, Sentence, Verdict
from rag.words import Token

_ALIKE = 0.7  # least share of words that two sentences have in the same order
_NEAREST = 4  # sentences that are read where no answer is shown
_LEAST_WORDS = 5  # of a sentence: shorter ones are alike by chance


def of_answer(
    question: str, judged: Sequence[Sentence], hits: Sequence[Hit]
) -> tuple[Conflict, ...]:
    """Return where the hits say otherwise than what is shown, or than the nearest sentences."""
    candidates = spans(hits)
    cited = {
        (citation.document, citation.start)
        for sentence in judged
        if sentence.verdict is Verdict.SUPPORTED
        for citation in sentence.citations
    }
    read = [span for span in candidates if (span.hit.document, span.start) in cited]
    read = read or sorted(candidates, key=lambda span: -span.likeness)[:_NEAREST]
    return tuple(
        Conflict((one.cite(), other.cite())) for one, other in conflicts(question, read, candidates)
    )


def conflicts(
    question: str, read: Sequence[Span], candidates: Sequence[Span]
) -> list[tuple[Span, Span]]:
    """Return pairs of a span that was read as an answer and one that says otherwise, none twice."""
    found: list[tuple[Span, Span]] = []
    for one in read:
        for other in candidates:
            if not any(other in pair for pair in found) and differ(question, one.text, other.text):
                found.append((one, other))
    return found


def differ(question: str, one: str, other: str) -> bool:
    """Whether two sentences say the same but for one name, number or date that is asked for."""
    here, there = _tokens(one), _tokens(other)
    if min(len(here), len(there)) < _LEAST_WORDS:
        return False
    matcher = SequenceMatcher(
        None, [token.key for token in here], [token.key for token in there], autojunk=False
    )
    if matcher.quick_ratio() < _ALIKE or matcher.ratio() < _ALIKE:  # the quick one is no less
        return False
    known = words.profile(question)
    fixed = known.names | known.numbers
    swapped = set(_swapped(matcher, here, there, words.profile(one), words.profile(other)))
    if len(swapped) != 1:
        return False  # none, or of two things or years
    ((mine, theirs),) = swapped
    if (mine | theirs) & fixed:
        return False  # only one of them is about what is asked
    dated = any(vetoes.is_date(key) for key in mine | theirs)
    return dated == vetoes.asks_for_time(question)


@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[Token, ...]:
    """Return the words of a sentence, which is compared with many."""
    return tuple(words.tokens(text))


def _swapped(
    matcher: SequenceMatcher[str],
    here: Sequence[Token],
    there: Sequence[Token],
    one: words.Profile,
    other: words.Profile,
) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """Yield the names and numbers of the one text that stand in place of the other's."""
    for i, k, j, n in _replaced(matcher):
        mine = _particular(here[i:k], other)
        theirs = _particular(there[j:n], one)
        if mine and theirs:
            yield mine, theirs


def _replaced(matcher: SequenceMatcher[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield what is replaced, as ranges of either text; a word between two joins them.

    So "21 May 2017" is one thing beside "1 May 2007".
    """
    last: tuple[int, int, int, int] | None = None
    for kind, i, k, j, n in matcher.get_opcodes():
        if kind == "replace":
            if last and i - last[1] <= 1:
                last = (last[0], k, last[2], n)
            else:
                if last:
                    yield last
                last = (i, k, j, n)
    if last:
        yield last


def _particular(tokens: Sequence[Token], other: words.Profile) -> frozenset[str]:
    """Return the names and numbers that the other text does not have."""
    return frozenset(
        token.key
        for token in tokens
        if token.kind in ("name", "number")
        and token.key not in other.numbers
        and not words.has_name(token.key, other)
    )
