"""Document -> passages on sentence boundaries, with exact offsets.

Nothing is searched for: every span is carried from the scan that made it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.language import clear_language, language
from index.records import Document, Passage, place_at
from index.sentences import Span, break_before, spans, trim
from index.titles import above, title_of

MAX_CHARS = 650  # of a passage: about 150 word pieces of English, within the encoder's 256

_NEWLINE = re.compile(r"\n")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_LIST_ITEM = re.compile(r"\s*(?:[-*+•–|>#]|\(?\w{1,3}[.)])\s")
_ITEM_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{2,5})[.)]")
_CELL_END = re.compile(r"\t| \| ")  # what parts the cells of a table's row
_ENDS_SENTENCE = re.compile(r"[.!?:;。！？…][\"'”’»)\]]*$")
_TOLD_BY = 600  # characters of a paragraph that tell its language
_WRAPPED_LINE = (
    40  # characters; a shorter line that stops is a heading or an item, not wrapped text
)


def split(document: Document, *, max_chars: int = MAX_CHARS) -> tuple[Passage, ...]:
    """Pack the document's sentences into passages of at most max_chars characters.

    Passages are disjoint, in order, and hold every character that is not white space. They
    break at headings, then between paragraphs, else between sentences.
    """
    main_language = language(document.text)
    title = title_of(document.text)
    groups: list[list[Span]] = []
    heading: str | None = None
    for paragraph in paragraphs(document.text):
        pieces = [piece for span in paragraph for piece in _cut(document.text, span, max_chars)]
        place = place_at(document.places, pieces[0][0])
        same_heading = (place.heading if place else None) == heading
        heading = place.heading if place else None
        group = groups[-1] if groups and same_heading else []
        room = max_chars - (pieces[-1][1] - group[0][0]) if group else -1
        if not group or (room < 0 and group[-1][1] - group[0][0] > max_chars // 2):
            group = []
            groups.append(group)
        for span in pieces:
            if group and span[1] - group[0][0] > max_chars:
                group = []
                groups.append(group)
            group.append(span)
    return tuple(
        Passage(
            document=document.name,
            start=group[0][0],
            end=group[-1][1],
            text=(text := document.text[group[0][0] : group[-1][1]]),
            sentences=tuple(group),
            language=language(text, main_language),
            above=above(document, title, group[0][0]),
        )
        for group in groups
    )


def sentences(text: str) -> list[Span]:
    """Return the spans of the text's sentences: in order, disjoint, without outer white space."""
    return [span for paragraph in paragraphs(text) for span in paragraph]


def paragraphs(text: str) -> Iterator[list[Span]]:
    """Yield the sentences of each paragraph; every character but white space is in one."""
    spoken = clear_language(text)
    for block in _blocks(text):
        spoken = clear_language(text[block[0] : min(block[1], block[0] + _TOLD_BY)], spoken)
        found: list[Span] = []
        for start, end in _lines(text, block):
            line = list(spans(text, start, end, spoken))
            if len(line) > 1 and _ITEM_NUMBER.fullmatch(text, *line[0]):  # "2." and its item
                line[:2] = [(line[0][0], line[1][1])]
            found += line
        if found:
            yield found


def _blocks(text: str) -> Iterator[Span]:
    start = 0
    for gap in _BLANK_LINE.finditer(text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def _lines(text: str, block: Span) -> Iterator[Span]:
    """Join the lines of a block where a line was only wrapped, not ended."""
    start, end = block
    line_start = start
    for match in _NEWLINE.finditer(text, start, end):
        at = match.start()
        line = text[line_start:at].rstrip()
        wrapped = (
            len(line) >= _WRAPPED_LINE
            and not _ENDS_SENTENCE.search(line)
            and not _CELL_END.search(line)
            and not _LIST_ITEM.match(text, at + 1, end)
        )
        line_start = at + 1
        if not wrapped:
            yield start, at
            start = at + 1
    yield start, end


def _cut(text: str, span: Span, max_chars: int) -> Iterator[Span]:
    """Cut a sentence that is longer than a passage."""
    start, end = span
    while end - start > max_chars:
        cut = break_before(text, start, start + max_chars)
        piece = trim(text, start, cut)
        if piece:
            yield piece
        start = cut
    piece = trim(text, start, end)
    if piece:
        yield piece
