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
_LEAST_BYTES = 30  # of letters; fewer say too little
_CHARS = 2000  # of a text that are read

_loading = threading.Lock()


def language(text: str, otherwise: str = "en") -> str:
    """Return the language of the text; `otherwise` where it has too few letters to tell.

    By py3langid, a naive Bayes over byte n-grams (Lui and Baldwin 2012, "langid.py").
    """
    start = text[:_CHARS]
    if sum(len(c.encode()) for c in start if c.isalpha()) < _LEAST_BYTES:
        return otherwise
    with _loading:  # decompressing its model takes a second
        identifier = _identifier()
    return str(identifier.classify(start)[0])


def language_among(text: str, languages: Sequence[str]) -> str:
    """Return that of the languages which the text is likeliest to be in, however short it is."""
    if len(languages) == 1:
        return languages[0]
    with _loading:
        identifier = _identifier()
    likeliest: list[tuple[str, float]] = identifier.rank(text[:_CHARS])
    return next((code for code, _ in likeliest if code in languages), languages[0])


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    known = set(identifier.labels)
    identifier.set_languages([code for code in LANGUAGES if code in known])
    return identifier
