"""Document -> passages on sentence boundaries, with exact offsets.

Nothing is searched for: every span is carried from the scan that made it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from index.language import clear_language, language
from index.records import Document, Passage
from index.sentences import Span, break_before, spans, trim
from index.titles import above, title_of

MAX_CHARS = 650  # of a passage: about 150 word pieces of English, within the encoder's 256; where
# they are more, as in Chinese, the encoder reads window by window

_NEWLINE = re.compile(r"\n")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_LIST_ITEM = re.compile(r"\s*(?:[-*+•–|>#]|\(?\w{1,3}[.)])\s")
_ITEM_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{2,5})[.)]")
_CELL_END = re.compile(r"\t| \| ")  # what parts the cells of a table's row
# "§ 3", "3.1", "(a)": what numbers a paragraph
_ROW_MARK = re.compile(r"(?:§ ?|[^\W\d_]{1,7}\.? )?\(?[\w.]{0,6}[\d.)]|[-*+•–]")
_HEADING_MARKS = 8  # characters that may stand before a heading: "### "
_COLONS = ":："
_MOST_LEADING = 2  # a heading and the line that leads to a list
_BLANK_BEFORE = re.compile(r"\n[^\S\n]*\n[^\S\n]*$")
_ENDS_SENTENCE = re.compile(r"[.!?:;。！？…][\"'”’»)\]]*$")
_TOLD_BY = 150  # characters of a paragraph that tell its language
_WRAPPED_LINE = 40  # characters; a shorter line that stops is a heading or item, not wrapped text


def split(document: Document, *, max_chars: int = MAX_CHARS) -> tuple[Passage, ...]:
    """Pack the document's sentences into passages of at most max_chars characters.

    Passages are disjoint, in order, and hold every character that is not white space. They
    break at headings, then between paragraphs, else between sentences. What leads to what
    follows, a heading or "The fees are:", stands with it where both fit.
    """
    text = document.text
    main_language = language(text)
    title = title_of(text)
    sections, headings = _sections(document)
    groups: list[list[Span]] = []
    section = -1
    for paragraph in paragraphs(text, sections, headings):
        pieces = [piece for span in paragraph for piece in _cut(text, span, max_chars)]
        before, section = section, bisect_right(sections, pieces[0][0])
        group = groups[-1] if groups and section == before else []
        room = max_chars - (pieces[-1][1] - group[0][0]) if group else -1
        if not group or (room < 0 and group[-1][1] - group[0][0] > max_chars // 2):
            group = _begin(text, group, pieces[0], max_chars)
            groups.append(group)
        for span in pieces:
            if group and span[1] - group[0][0] > max_chars:
                group = _begin(text, group, span, max_chars)
                groups.append(group)
            group.append(span)
    return tuple(
        Passage(
            document=document.name,
            start=group[0][0],
            end=group[-1][1],
            text=(inside := text[group[0][0] : group[-1][1]]),
            sentences=tuple(group),
            language=language(inside, main_language),
            above=above(document, title, group[0][0]),
        )
        for group in groups
    )


def _begin(text: str, before: list[Span], span: Span, max_chars: int) -> list[Span]:
    """Return the start of a new group: what led to the span, taken from the group before it."""
    led = 0
    while led <= _MOST_LEADING and led + 1 < len(before) and _leads(text, before[-1 - led]):
        led += 1
    if led > _MOST_LEADING:  # a list of short lines
        return []
    while led and span[1] - before[-led][0] > max_chars:
        led -= 1
    taken = before[len(before) - led :]
    del before[len(before) - led :]
    return taken


def _leads(text: str, span: Span) -> bool:
    """Whether a sentence says what follows: "The fees are:", or a heading on a line of its own."""
    start, end = span
    return text[end - 1] in _COLONS or bool(
        end - start < _WRAPPED_LINE * 2
        and _BLANK_BEFORE.search(text, max(0, start - 40), start)
        and _BLANK_LINE.match(text, end)
        and not _ENDS_SENTENCE.search(text[start:end])
        and not _CELL_END.search(text, start, end)
        and not _LIST_ITEM.match(text, start, end)
    )


def _sections(document: Document) -> tuple[list[int], list[int]]:
    """Return where sections start, and those of them that start with their heading."""
    starts: list[int] = []
    headings: list[int] = []
    heading: str | None = None
    for place in document.places:
        own = (place.heading or "").rsplit(" > ", 1)[-1]
        shown = document.text[place.start : place.start + len(own) + _HEADING_MARKS]
        if own and own in shown and place.unit is None:
            headings.append(place.start)
        if place.heading != heading or place.start in headings[-1:]:
            starts.append(place.start)
        heading = place.heading
    return starts, headings


def sentences(text: str) -> list[Span]:
    """Return the spans of the text's sentences: in order, disjoint, without outer white space."""
    return [span for paragraph in paragraphs(text) for span in paragraph]


def paragraphs(
    text: str, sections: Sequence[int] = (), headings: Sequence[int] = ()
) -> Iterator[list[Span]]:
    """Yield the sentences of each paragraph; every character but white space is in one.

    A paragraph ends where a section starts on a new line; the line of a heading is a sentence.
    """
    spoken = clear_language(text)
    for block in _blocks(text, sections):
        spoken = clear_language(text[block[0] : min(block[1], block[0] + _TOLD_BY)], spoken)
        found: list[Span] = []
        for start, end in _lines(text, block, headings):
            row = trim(text, start, end)
            if row and _is_row(text, row):
                found.append(row)
                continue
            line = list(spans(text, start, end, spoken))
            if len(line) > 1 and _ITEM_NUMBER.fullmatch(text, *line[0]):  # "2." and its item
                line[:2] = [(line[0][0], line[1][1])]
            found += line
        if found:
            yield found


def _blocks(text: str, sections: Sequence[int]) -> Iterator[Span]:
    start = 0
    for gap in _BLANK_LINE.finditer(text):
        yield from _parts(text, (start, gap.start()), sections)
        start = gap.end()
    yield from _parts(text, (start, len(text)), sections)


def _parts(text: str, block: Span, sections: Sequence[int]) -> Iterator[Span]:
    start, end = block
    for section in sections[bisect_right(sections, start) : bisect_left(sections, end)]:
        line = text.rfind("\n", start, section)
        if line >= 0 and not text[line:section].strip():
            yield start, section
            start = section
    yield start, end


def _lines(text: str, block: Span, headings: Sequence[int]) -> Iterator[Span]:
    """Join the lines of a block where a line was only wrapped, not ended."""
    start, end = block
    line_start = start
    following = bisect_left(headings, start)
    heading = headings[following] if following < len(headings) else end
    for match in _NEWLINE.finditer(text, start, end):
        at = match.start()
        line = text[line_start:at].rstrip()
        wrapped = (
            len(line) >= _WRAPPED_LINE
            and not _ENDS_SENTENCE.search(line)
            and not _CELL_END.search(line)
            and not _LIST_ITEM.match(text, at + 1, end)
            and not (line_start <= heading < at)
        )
        line_start = at + 1
        if not wrapped:
            yield start, at
            start = at + 1
    yield start, end


def _is_row(text: str, span: Span) -> bool:
    """Whether a line is a row of a table, which is a sentence, however many stops are in it.

    A number and a tab before a text make no row; nor does what no passage would hold.
    """
    if span[1] - span[0] > MAX_CHARS or not _CELL_END.search(text, *span):
        return False
    line = text[span[0] : span[1]].strip("| \t")
    cells = _CELL_END.split(line)
    return "\n" not in line and len(cells) > (2 if _ROW_MARK.fullmatch(cells[0]) else 1)


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
