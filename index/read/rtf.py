"""Rich Text Format (.rtf) -> its text, under its headings.

striprtf knows no styles: a heading is marked by a character that no text has, before it is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from striprtf.striprtf import rtf_to_text

from index.errors import UnreadableError
from index.read.outline import Block, Reading, clean, flowed

_STARTS = b"{\\rtf"
_TOKEN = re.compile(
    r"\\(?P<word>[a-z]{1,32})(?P<number>-?\d{1,10})?[ ]?"
    r"|\\(?P<symbol>'[0-9a-f]{2}|.)|(?P<brace>[{}])|[^\\{}]+",
    re.IGNORECASE | re.DOTALL,
)
_HIDES = ("v", "deleted")  # what follows these in their group; "v0" ends it
_CODE = "fldinst"  # of a field: what it shows stands beside it
_ASIDE = ("footnote", "shptxt")  # groups that striprtf drops: words below, or in a box
_WORDS_OF_TEXT = frozenset(
    "u tab line bullet emdash endash emspace enspace qmspace lquote rquote ldblquote rdblquote"
    " chdate chtime chpgn".split()
)
_NOT_ASCII = re.compile("[\x80-\xff]")
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_STYLE = re.compile(r"\\s(?P<number>\d{1,5})\b(?P<rest>[^{}]{0,2000})\}")
_OUTLINE = re.compile(r"\\outlinelevel(?P<level>[0-8])(?!\d)")
_NAMED = re.compile(r"\bheading (?P<level>[1-9]);", re.IGNORECASE)
_HEADING = 0xFDD0  # and the level: no characters, which `clean` takes out of texts
_MARK = re.compile("[\ufdd1-\ufdd9]")
_BULLET = re.compile("[·•‣▪◦]\t+")


def read_rtf(data: bytes) -> Reading:
    """Read the paragraphs of an RTF document; a row of a table is a line.

    Footnotes and text boxes stand after their paragraph. Raises UnreadableError where it is no RTF.
    """
    if not data.lstrip().startswith(_STARTS):
        raise UnreadableError("is not RTF, or a broken one; save it again")
    source = _shown(data.decode("latin-1"))
    text: str = rtf_to_text(source, errors="replace")  # type: ignore[no-untyped-call]
    return flowed(_block(_paired(line)) for line in text.split("\n"))


def _levels(source: str) -> dict[str, int]:
    """Return the level of each style that is one of headings, by its number."""
    start = source.find("{\\stylesheet")
    found = {}
    for style in _STYLE.finditer(source, max(start, 0)) if start >= 0 else ():
        if outlined := _OUTLINE.search(style["rest"]):
            found[style["number"]] = int(outlined["level"]) + 1
        elif named := _NAMED.search(style["rest"]):
            found[style["number"]] = int(named["level"])
    return found


def _shown(source: str) -> str:
    """Return the source without what people do not see, all of it ASCII.

    What striprtf would drop although it is seen is moved behind its paragraph.
    """
    main: list[str] = []
    aside: list[str] = []  # of the paragraph at hand
    target = main
    hiding: frozenset[str] = frozenset()  # the words that hide what is at hand
    outer: list[tuple[frozenset[str], list[str]]] = []  # both, of the groups that are open
    levels, level = _levels(source), 0  # of the paragraph at hand, where it is a heading
    at = 0
    while token := _TOKEN.match(source, at):
        at = token.end()
        word, number, raw = token["word"], token["number"], token[0]
        if token["brace"] == "{":
            outer.append((hiding, target))
            target.append(raw)
        elif token["brace"]:
            if len(outer) == 1:
                main += aside
                aside.clear()
            target.append(raw)
            hiding, target = outer.pop() if outer else (hiding, main)
        elif word == "bin":
            at += max(0, int(number or 0))  # bytes of a picture, braces and all
        elif word == _CODE or word in _HIDES:
            hiding = hiding - {word} if number == "0" else hiding | {word}
        elif word in ("pard", "s", "outlinelevel"):
            level = _level(word, number or "", levels)
            target.append(raw)
        elif word in _ASIDE and target is main and outer and main[-1] == "{":
            target = aside
            main.pop()
            aside += ("\\par ", "{")
        elif not hiding or not _is_text(token):
            if word == "par" and level and target is main:
                target.append(f"\\u{_HEADING + level - 0x10000}?")
            target.append(_NOT_ASCII.sub(lambda byte: f"\\'{ord(byte[0]):02x}", raw))
            if word == "plain":
                hiding &= {_CODE}
            elif word in ("par", "row") and target is main and aside:
                main += (*aside[1:], "\\par ")
                aside.clear()
    return "".join(main)


def _level(word: str, number: str, levels: Mapping[str, int]) -> int:
    """Return the level of a heading that a paragraph's property says; 0 for other text."""
    if word == "outlinelevel":
        return int(number) + 1 if number in {*"012345678"} else 0
    return levels.get(number, 0) if word == "s" else 0


def _is_text(token: re.Match[str]) -> bool:
    if token["word"]:
        return token["word"] in _WORDS_OF_TEXT
    return token["symbol"] not in ("*", "\n", "\r")


def _paired(text: str) -> str:
    """Return the text with surrogates, which RTF writes for a letter beyond U+FFFF, made one."""
    return _SURROGATES.sub(
        lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text
    )


def _block(raw: str) -> Block:
    """Return a paragraph; a row, whose cells end with a bar, stands with those around it."""
    line = clean(raw).strip()
    if line.endswith("|"):
        cells = [cell.strip() for cell in line[:-1].split("|")]
        return Block(" | ".join(cells), item=True)
    if bullet := _BULLET.match(line):
        return Block(f"- {line[bullet.end() :]}", item=True)
    if mark := _MARK.search(raw):
        return Block(line, level=ord(mark[0]) - _HEADING)
    return Block(line)
