"""Bytes without a mark that are not UTF-8 -> the encoding that they were written in.

Letters of Latin scripts with marks stand singly among letters of ASCII; those of other scripts
stand together. Those of two bytes for a character are told by the characters that most texts are
of, Latin ones by the alphabets of languages, the others by charset-normalizer. What tells too
little is Windows-1252.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from charset_normalizer import from_bytes

_SAMPLE = 50_000  # bytes that are looked at
_MARGIN = 1  # oddity that Windows-1252 may have more than others: a single letter tells nothing
_HIGH = re.compile(rb"[\x80-\xff]")
_RUN = re.compile(rb"[\x80-\xff]{3,}")

# The letters beyond ASCII of languages, by the encodings that they were written in.
_WESTERN = (
    "äöüß", "àâçéèêëîïôùûüœæÿ", "áéíñóúü", "àèéìíòóùú", "áâãàçéêíóôõúü", "éëïóöüèêáíúû",
    "åäöé", "æøåéèòôó", "áéíóúýþæöð", "àçèéíïòóúül·",
)  # fmt: skip
_CENTRAL = (
    "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţșț", "čćđšž", "äöüß",
)  # fmt: skip
_TURKISH = ("çğıöşüâîû",)
_LATIN = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "iso8859_2": _CENTRAL,
    "cp1254": _TURKISH,
    "mac_roman": _WESTERN,
    "cp850": _WESTERN,
    "cp852": _CENTRAL,
    "mac_latin2": _CENTRAL,
}  # the likelier ones first
_SIGNS = frozenset("„“”‚‘’–—…«»‹›€§°£©®·¡¿ªº•™½¼¾²³µ±×¥†  ")
_APOSTROPHES = "’'‘·"

_OTHER_SCRIPTS = [
    "cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp866", "mac_cyrillic", "cp1253", "iso8859_7",
    "cp1255", "cp1256", "iso8859_6", "cp874", "cp932", "euc_jp", "gb18030", "big5", "cp949",
]  # fmt: skip
# Encodings of two bytes for a character, those of the fewest common ones first: the plain one, and
# those of its lead bytes that common characters have. Between them lie other scripts and rare ones.
_WIDE = (
    ("cp949", "euc_kr", {*range(0xA1, 0xA4), *range(0xB0, 0xC9)}),
    ("euc_jp", "euc_jp", {*range(0xA1, 0xA6), *range(0xB0, 0xD0)}),
    ("cp932", "shift_jis", {*range(0x81, 0x84), *range(0x88, 0x99)}),
    ("gb18030", "gb2312", {*range(0xA1, 0xA4), *range(0xB0, 0xD8)}),
    ("big5", "big5", {*range(0xA1, 0xC7)}),
)
_JAPANESE = ("euc_jp", "cp932")
_KANA = re.compile("[\u3041-\u30ff]")
_LEAST_WIDE = 6  # characters
_COMMON = 0.95  # share of them
_TWINS = {"cp1253": "iso8859_7", "iso8859_7": "cp1253"}  # that share their letters but a few

_LEAST_NULS = 0.2  # of the characters of UTF-16: more are of ASCII in any European language
_UNASSIGNED = ("Cn", "Co", "Cs")


def legacy_encodings(data: bytes) -> Iterator[str]:
    """Yield the encodings that the bytes may be in, the likeliest first."""
    sample = _sample(data)
    if wide := _wide(sample):
        yield wide
    high = len(_HIGH.findall(sample))
    together = sum(len(run[0]) for run in _RUN.finditer(sample))
    if together * 2 > high:
        found = from_bytes(sample, cp_isolation=_OTHER_SCRIPTS).best()
        if found is not None:
            twin = _TWINS.get(found.encoding, found.encoding)
            yield min(found.encoding, twin, key=lambda name: _oddity(sample, name, ()))
    oddities = {name: _oddity(sample, name, _LATIN[name]) for name in _LATIN}
    oddities["cp1252"] -= _MARGIN
    yield min(oddities, key=lambda name: oddities[name])
    yield "cp1252"


def unmarked_utf16(data: bytes) -> str | None:
    """Return the byte order of UTF-16 without a mark, as an encoding; None where it is not.

    Every text has line ends, spaces or digits: one of the two bytes of these is NUL.
    """
    sample = data[:_SAMPLE]
    nuls = sample.count(0)
    ascii_bytes = sum(0x20 <= byte < 0x7F for byte in sample)
    likely = nuls * 2 >= _LEAST_NULS * len(sample) or ascii_bytes < 0.9 * (len(sample) - nuls)
    if len(data) % 2 or not likely:
        return None
    usual = {encoding: _usual(data, encoding) for encoding in ("utf-16-le", "utf-16-be")}
    best = max(usual, key=lambda encoding: usual[encoding])
    return best if usual[best] > 0 else None


def _usual(data: bytes, encoding: str) -> int:
    """Count the signs that most texts have, of ASCII and kana; -1 where the bytes are no text."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return -1
    strange = any(unicodedata.category(sign) in _UNASSIGNED for sign in set(text))
    controls = any(sign < " " and not sign.isspace() for sign in text[:_SAMPLE])
    if strange or controls or "\0" in text:
        return -1
    return sum(sign < "\x7f" or "\u3000" <= sign <= "\u30ff" for sign in text[:_SAMPLE])


def _wide(sample: bytes) -> str | None:
    """Return the encoding in which the bytes are common characters of two bytes; None if none."""
    shares = {name: _common(sample, name, plain, leads) for name, plain, leads in _WIDE}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= _COMMON else None


def _common(sample: bytes, encoding: str, plain: str, leads: set[int]) -> float:
    """Return the share of the characters beyond ASCII that are common; 0 where they are few."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 0.0
    wide = [sign for sign in text if sign >= "\x80"]
    if len(wide) < _LEAST_WIDE or (encoding in _JAPANESE and not _KANA.search(text)):
        return 0.0
    coded = (sign.encode(plain, errors="ignore") for sign in wide)
    return sum(len(code) == 2 and code[0] in leads for code in coded) / len(wide)


def _sample(data: bytes) -> bytes:
    """Return the part of the bytes that tells most: from the line of the first high byte on."""
    first = _HIGH.search(data)
    start = max(data.rfind(b"\n", 0, first.start()) + 1, first.start() - 1000) if first else 0
    sample = data[start : start + _SAMPLE]
    if start + len(sample) == len(data):
        return sample
    return sample[: max(sample.rfind(b"\n"), sample.rfind(b" "), 0) or len(sample)]


def _oddity(sample: bytes, encoding: str, alphabets: tuple[str, ...]) -> int:
    """Count the characters that no text in one of the encoding's languages would have."""
    text = sample.decode(encoding, errors="replace")
    odd = 0
    letters: list[str] = []
    for at, sign in enumerate(text):
        if sign < "\x80":
            continue
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        if sign.isalpha():
            odd += sign.isupper() and before.islower()
            letters.append(sign.lower())
        elif sign not in _SIGNS:
            odd += 2
        else:
            odd += before.isalpha() and after.isalpha() and sign not in _APOSTROPHES
            odd += sign == "’" and not before.isalnum() and after.isalpha()
    foreign = [sum(letter not in known for letter in letters) for known in alphabets]
    return odd + min(foreign, default=0)
