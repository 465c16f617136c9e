"""Text -> the language it is in, as an ISO 639-1 code."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

# Languages that are told apart: those that Snowball stems, and those written without spaces.
STEMMERS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech",
    "da": "danish", "nl": "dutch", "en": "english", "et": "estonian", "fi": "finnish",
    "fr": "french", "de": "german", "el": "greek", "hi": "hindi", "hu": "hungarian",
    "id": "indonesian", "ga": "irish", "it": "italian", "lt": "lithuanian", "ne": "nepali",
    "nb": "norwegian", "fa": "persian", "pl": "polish", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sr": "serbian", "es": "spanish", "sv": "swedish", "ta": "tamil",
    "tr": "turkish",
}  # fmt: skip
LANGUAGES = (
    *STEMMERS,
    *("bg", "he", "ja", "km", "ko", "lo", "my", "sk", "sl", "th", "uk", "vi", "zh"),
)
_NORWEGIAN = {"no", "nn"}  # what the identifier calls it, whose code here is "nb"
_LEAST_BYTES = 30  # of letters; fewer say too little
_CLEARLY = 30.0  # nats by which a language is likelier; names in an English text came to 11
_CHARS = 2000  # of a text that are read

_loading = threading.Lock()


def language(text: str, otherwise: str = "en") -> str:
    """Return the language of the text; `otherwise` where it has too few letters to tell.

    By py3langid, a naive Bayes over byte n-grams (Lui and Baldwin 2012, "langid.py").
    """
    start = text[:_CHARS]
    return _ranked(start)[0][0] if _has_letters(start) else otherwise


def clear_language(text: str, otherwise: str = "en") -> str:
    """Return the language of the text; `otherwise` unless another is likelier by far.

    For a line or a paragraph: names and numbers alone look like any language.
    """
    start = text[:_CHARS]
    if not _has_letters(start):
        return otherwise
    likeliest = _ranked(start)
    near = {code for code, score in likeliest if score > likeliest[0][1] - _CLEARLY}
    return otherwise if otherwise in near else likeliest[0][0]


def language_among(text: str, languages: Sequence[str]) -> str:
    """Return that of the languages which the text is likeliest to be in, however short it is."""
    if len(languages) == 1:
        return languages[0]
    likeliest = _ranked(text[:_CHARS])
    return next((code for code, _ in likeliest if code in languages), languages[0])


def _has_letters(text: str) -> bool:
    letters = 0
    for c in text:
        if c.isalpha():
            letters += len(c.encode())
            if letters >= _LEAST_BYTES:
                return True
    return False


def _ranked(text: str) -> list[tuple[str, float]]:
    """Return all languages that are told apart, likeliest first, and their log probabilities."""
    with _loading:  # decompressing its model takes a second
        identifier = _identifier()
    ranked: list[tuple[str, float]] = identifier.rank(text)
    return [("nb" if code in _NORWEGIAN else code, score) for code, score in ranked]


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    known = set(identifier.labels)
    identifier.set_languages([code for code in (*LANGUAGES, *_NORWEGIAN) if code in known])
    return identifier
