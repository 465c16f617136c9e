"""Text -> the terms that BM25 compares: words as their language inflects them, folded and stemmed.

What is written without spaces has no words to find: there, each pair of neighbouring characters is
a term (Nie, Gao, Zhang and Zhou 2000, "On the use of words and n-grams for Chinese information
retrieval").
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Any

import regex
import Stemmer

from index.language import STEMMERS

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Japanese, Chinese
    "\U00020000-\U0003ffff"
)
_RUN = regex.compile(
    rf"(?P<unspaced>[{_UNSPACED}]+)|(?:(?![{_UNSPACED}])[\p{{L}}\p{{N}}\p{{M}}_])+(?:['’]s\b)?"
)

_POSSESSIVE = regex.compile(r"['’]s$")

Written = tuple[str, str]  # a term, and the letters that it was made of

_stemming = threading.Lock()  # a stemmer keeps state of its own


def terms(text: str, language: str) -> list[str]:
    """Return the terms of a text in that language, in order, recurring ones too."""
    return [term for term, _ in written_terms(text, language)]


def written_terms(text: str, language: str) -> Iterator[Written]:
    """Yield the terms, each with the letters that it was made of."""
    for match in _RUN.finditer(unicodedata.normalize("NFKC", text)):
        if match["unspaced"]:
            yield from ((pair, pair) for pair in _pairs(match.group()))
        else:
            yield _stem(match.group().casefold(), language), match.group()


def query_terms(question: str, languages: Iterable[str]) -> set[str]:
    """Return the terms of a question of texts in these languages."""
    return {term for language in languages for term in terms(question, language)}


def fingerprint(text: str) -> int:
    """Return 64 bits (signed) that two texts share which differ only in case and white space."""
    same = " ".join(text.casefold().split()).encode()
    return int.from_bytes(blake2b(same, digest_size=8).digest(), "little", signed=True)


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


@lru_cache(maxsize=100_000)
def _stem(word: str, language: str) -> str:
    """Return the stem without its accents: with them, so that the stemmer knows the word."""
    word = _POSSESSIVE.sub("", word)
    if language in STEMMERS and not word.isdigit():
        with _stemming:
            word = str(_stemmer(STEMMERS[language]).stemWord(word))
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(c for c in decomposed if not unicodedata.combining(c)) or word


@cache
def _stemmer(algorithm: str) -> Any:
    return Stemmer.Stemmer(algorithm)
