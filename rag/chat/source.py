"""A document at the cited words -> HTML: the text, or the page as it is drawn. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.records import Box, Document, Hit, Place, place_at
from rag.chat import words
from rag.chat.pages import Sheet, lines, percent
from rag.chat.turns import Conversation, View
from rag.escape import name, text
from rag.records import Citation
from rag.turns import Target

AROUND = 6_000  # characters of a document shown on either side of the cited words
_IDLE = 'aria-disabled="true"'
SPOKEN = 300  # characters of a quote that name a mark


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a document's text that is marked."""

    start: int
    end: int
    opened: bool  # part of what was clicked; else of what the conversation cites besides
    rests: tuple[str, ...]  # the sentences that rest on it, as Conversation.resting names them
    first: bool = False  # of what was clicked


def quote_of(target: Target) -> str:
    """Return the words of a target, as they were when they were shown."""
    return target.quote if isinstance(target, Citation) else target.text


def place(target: Target) -> str:
    """Return where a citation or a passage stands, in words; "" where its format has no places."""
    if isinstance(target, Hit):
        found = target.place(target.start)
        label = found.label if found else ""
    else:
        label = target.place
    return label or (words.page(target.page) if target.page is not None else "")


def stretches(view: View, conversation: Conversation) -> list[Stretch]:
    """Return what is marked in a document, in order, disjoint, cut where sentences' grounds end."""
    target = view.target
    cited = [
        (citation.start, citation.end)
        for turn in conversation.turns
        for sentence in turn.shown
        for citation in sentence.citations
        if (citation.document, citation.sha256) == (target.document, target.sha256)
    ]
    edges = sorted({edge for span in (*cited, (target.start, target.end)) for edge in span})
    found = []
    for start, end in pairwise(edges):
        opened = target.start <= start and end <= target.end
        rests = conversation.resting(target, start, end)
        if opened or rests:
            found.append(Stretch(start, end, opened, rests, first=start == target.start))
    return found


def as_cited(view: View, why: str) -> str:
    """Return the words as they were cited, where their document does not show them any more."""
    body = f'{_warning(why)}<blockquote dir="auto">{text(quote_of(view.target))}</blockquote>'
    return _pane(view, body)


def of_text(
    view: View,
    document: Document,
    marked: Sequence[Stretch],
    warning: str = "",
) -> str:
    """Return a document's text around what is viewed, with exactly the cited words marked."""
    whole, target = document.text, view.target
    if view.at is None or document.pages is not None:
        first, last = window(whole, target.start, target.end)
    else:
        middle = min(view.at, len(whole))
        first, last = window(whole, middle, middle)
    page = (
        f'<div class="page" dir="auto" tabindex="0" role="region" aria-label="{text(words.TEXT)}">'
        f"{_text(document, marked, first, last)}</div>"
    )
    paged = document.pages is not None  # then the page's own buttons lead elsewhere
    above = (
        _elsewhere(view, "earlier", words.EARLIER, max(0, first - AROUND))
        if first and not paged
        else ""
    )
    rest = last < len(whole) and not paged
    below = _elsewhere(view, "later", words.LATER, last + AROUND) if rest else ""
    tools = _tools(view, document, at=None)
    return _pane(view, f"{_warning(warning)}{tools}{above}{page}{below}")


def of_page(
    view: View,
    document: Document,
    marked: Sequence[tuple[Stretch, Sequence[Box]]],
    number: int,
    page: Sheet | None,
) -> str:
    """Return a page as it is drawn, with exactly the cited words marked on it.

    Without a sheet it is still being drawn. Where no box says where the words of the target
    stand, it says so, and marks nothing in their place.
    """
    exact = any(boxes for stretch, boxes in marked if stretch.opened)
    label = words.page_of(number, document.name)
    if page is None:
        drawn = f'<p class="drawing" role="status">{text(words.DRAWING)}</p>'
    else:
        marks = "".join(
            _boxes(stretch, boxes, number, page, _spoken(document, stretch))
            for stretch, boxes in marked
        )
        drawn = f'<img src="{text(page.url)}" alt="{text(label)}"><div class="marks">{marks}</div>'
    size = f' style="--wide:{page.width:.2f};--high:{page.height:.2f}"' if page else ""
    body = (
        f"{'' if exact else _inexact(view)}{_tools(view, document, at=number)}"
        f'<div class="page drawn" tabindex="0" role="region" aria-label="{text(label)}">'
        f'<div class="paper"{size}>{drawn}</div></div>'
    )
    return _pane(view, body)


def _spoken(document: Document, stretch: Stretch) -> str:
    """Return the first words of a stretch, on one line, for a screen reader."""
    return " ".join(document.text[stretch.start : stretch.end].split())[:SPOKEN]


def _inexact(view: View) -> str:
    return (
        f'{_warning(words.NO_EXACT_PLACE)}<blockquote class="unplaced" dir="auto">'
        f"{text(quote_of(view.target))}</blockquote>"
    )


def _warning(why: str) -> str:
    return f'<p class="warning" role="alert" dir="auto">{text(why)}</p>' if why else ""


def _pane(view: View, body: str) -> str:
    """Return the pane around a body."""
    target = view.target
    where = (("place", place(target)), ("span", words.span(target.start, target.end)))
    places = "".join(f'<span class="{kind}">{name(part)}</span>' for kind, part in where if part)
    flashes = "" if view.at is not None else " data-flashes"
    return (
        f'<section class="source" aria-label="{text(words.SOURCE)}" data-ticket="{view.ticket}"'
        f"{flashes}><header>"
        f'<div class="what" role="status"><h2>{name(target.document)}</h2>'
        f'<p class="meta">{places}</p></div>'
        f'{_neighbours(view)}<button type="button" class="tool close" data-closes data-key="Escape"'
        f' aria-label="{text(words.SOURCE_CLOSE)}"><span aria-hidden="true">×</span></button>'
        f'</header>{body}<p class="resting" role="status"></p></section>'
    )


def _neighbours(view: View) -> str:
    """Return the way to the citations, or passages, before and after the one that is shown."""
    many = words.CITATIONS if view.kind == "citation" else words.PASSAGES
    previous, following = words.NEIGHBOURS[view.kind]
    return (
        f'<nav class="tools" aria-label="{text(many)}">'
        f"{_tool('‹', previous, 'p', _other(view, view.number - 1))}"
        f"<span>{text(words.position(view.number, view.of))}</span>"
        f"{_tool('›', following, 'n', _other(view, view.number + 1))}</nav>"
    )


def _other(view: View, number: int) -> str:
    """Return what opens another citation, or passage, of the same answer."""
    return opening(view.kind, view.turn, number) if 1 <= number <= view.of else ""


def _tool(sign: str, label: str, key: str, does: str) -> str:
    """Return a button with a sign on it, and a key; one that does nothing keeps the focus."""
    return (
        f'<button type="button" class="tool" {does or _IDLE} data-key="{text(key)}"'
        f' aria-label="{text(label)}" title="{text(words.with_key(label, key))}">'
        f'<span aria-hidden="true">{sign}</span></button>'
    )


def opening(kind: str, turn: int, number: int) -> str:
    """Return the attributes of a button that opens a source."""
    return f'data-opens="{text(kind)}" data-turn="{turn}" data-number="{number}"'


def _again(view: View, extra: str) -> str:
    return f"{opening(view.kind, view.turn, view.number)} {extra}"


def _elsewhere(view: View, kind: str, label: str, at: int) -> str:
    opens = _again(view, f'data-at="{at}"')
    return f'<button type="button" class="more {kind}" {opens}>{text(label)}</button>'


def _tools(view: View, document: Document, *, at: int | None) -> str:
    """Return what turns the pages of a document, enlarges them, and shows their text."""
    if document.pages is None:
        return ""
    if at is None:
        parts = _switch(view, words.AS_PAGE, "")
    else:
        parts = (
            f"<span>{_tool('‹', words.PAGE_BACK, 'ArrowLeft', _turned(view, document, at - 1))}"
            f"<span>{text(words.page_in(at, document.pages))}</span>"
            f"{_tool('›', words.PAGE_ON, 'ArrowRight', _turned(view, document, at + 1))}</span>"
            f"<span>{_tool('−', words.SMALLER, '-', _zooms(-1))}"
            f'<output class="zoom"></output>'
            f"{_tool('+', words.LARGER, '+', _zooms(1))}</span>"
            f"{_switch(view, words.AS_TEXT, 'data-text')}"
        )
    return f'<div class="tools bar" role="toolbar" aria-label="{text(words.TOOLS)}">{parts}</div>'


def _zooms(step: int) -> str:
    return f'data-zoom="{step}"'


def _turned(view: View, document: Document, page: int) -> str:
    return _again(view, f'data-at="{page}"') if 1 <= page <= (document.pages or 0) else ""


def _switch(view: View, label: str, extra: str) -> str:
    return f'<button type="button" class="switch" {_again(view, extra)}>{text(label)}</button>'


def _mark(stretch: Stretch, content: str = "", *, stop: bool, label: str = "", at: str = "") -> str:
    """Return a mark; where it is a stop, the keyboard and a screen reader come to it."""
    said = words.resting(len(stretch.rests))
    kind = "opened" if stretch.opened else "also"
    first = " first" if stretch.first and stop else ""
    named = f' aria-label="{text(label)}"' if label else ""
    role = f' role="button" tabindex="0"{named}' if stop else ' aria-hidden="true"' if at else ""
    return (
        f'<mark class="{kind}{first}"{role}{at} title="{text(said)}" dir="auto"'
        f' data-rests="{" ".join(stretch.rests)}" data-said="{text(said)}">{content}</mark>'
    )


def _boxes(stretch: Stretch, boxes: Sequence[Box], number: int, page: Sheet, quote: str) -> str:
    """Return the marks of a stretch on a page, one for each line."""
    marks = []
    for line, box in enumerate(lines(box for box in boxes if box.page == number)):
        left, top, width, height = percent(box, page)
        at = f"left:{left:.3f}%;top:{top:.3f}%;width:{width:.3f}%;height:{height:.3f}%"
        marks.append(_mark(stretch, stop=not line, label=quote, at=f' style="{at}"'))
    return "".join(marks)


def _text(document: Document, marked: Sequence[Stretch], first: int, last: int) -> str:
    """Return a stretch of a document's text with its marks, and signs where a new place begins."""
    within = [one for one in marked if one.start < last and first < one.end]
    signs = {place.start: place for place in document.places if first <= place.start < last}
    edges = {first, last, *signs, *(e for one in within for e in (one.start, one.end))}
    html, before = [], place_at(document.places, first) if first else None
    for start, end in pairwise(sorted(edge for edge in edges if first <= edge <= last)):
        if start in signs:
            html.append(_sign(before, signs[start]))
            before = signs[start]
        piece = text(document.text[start:end])
        mark = next((one for one in within if one.start <= start and end <= one.end), None)
        html.append(_mark(mark, piece, stop=start == mark.start) if mark else piece)
    return "".join(html)


def _sign(before: Place | None, now: Place) -> str:
    """Return where a page, a slide or a row begins; the sign is no part of the text."""
    label = now.unit or (words.page(now.page) if now.page is not None else "")
    known = before and (before.unit, before.page) == (now.unit, now.page)
    return f'<span class="sign" data-place="{text(label)}"></span>' if label and not known else ""


def window(document: str, start: int, end: int, around: int = AROUND) -> tuple[int, int]:
    """Return the stretch of a document to show around a span, from line to line where it can."""
    first, last = max(0, start - around), min(len(document), end + around)
    if first:
        line = document.find("\n", first, start)
        first = line + 1 if line >= 0 else first
    if last < len(document):
        line = document.rfind("\n", end, last)
        last = line if line >= 0 else last
    return first, last


def empty() -> str:
    """Return the source pane before anything was opened."""
    return f'<p class="source-empty">{text(words.SOURCE_EMPTY)}</p>'
