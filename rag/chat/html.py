"""Records -> HTML. Pure functions; every character that is not ours goes through `text`.

No document, file name, question or model sentence is ever read as HTML or Markdown here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from index.records import AddReport, DocumentInfo, Hit
from rag.chat import words
from rag.chat.turns import Phase, Target, Turn, span_of
from rag.escape import name as name
from rag.escape import shown as shown
from rag.escape import text as text
from rag.records import Citation, Conflict, Sentence

SNIPPET = 220  # characters of a passage in the list of the evidence
AROUND = 1_600  # characters of a document shown on either side of the cited words
LISTED = 200  # documents in the list


def welcome(documents: int) -> str:
    """Return what stands where no question has been asked."""
    hint = words.WELCOME_FULL if documents else words.WELCOME_EMPTY
    return f'<div class="welcome"><h2>{text(words.WELCOME)}</h2><p>{text(hint)}</p></div>'


def thread(turns: Sequence[Turn], first: int = 0) -> str:
    """Return turns, the first of which has the given number in its conversation."""
    return "".join(turn(one, index) for index, one in enumerate(turns, start=first))


def turn(one: Turn, index: int) -> str:
    """Return a question, its answer as far as it is known, and the evidence below."""
    parts = (
        f'<h2 class="question" dir="auto">{text(one.question)}</h2>',
        _answer(one, index),
        _status(one),
        *(_conflict(conflict, one, index) for conflict in one.conflicts),
        _withheld(one, index),
        _evidence(one, index),
        _meta(one),
    )
    return f'<article class="turn{" live" if one.busy else ""}">{"".join(parts)}</article>'


def _answer(one: Turn, index: int) -> str:
    if one.shown:
        sentences = " ".join(_sentence(sentence, one, index) for sentence in one.shown)
        return f'<p class="answer" dir="auto">{sentences}</p>'
    if one.answer is None:
        return ""
    searched = words.searched(one.answer.documents_searched, one.answer.passages_searched)
    note = f'<p class="note" dir="auto">{text(one.answer.note)}</p>' if one.answer.note else ""
    return (
        f'<div class="abstained"><p><strong>{text(words.ABSTAINED)}</strong> {text(searched)}.</p>'
        f"{note}</div>"
    )


def _sentence(sentence: Sentence, one: Turn, index: int) -> str:
    pills = "".join(_pill(citation, one, index) for citation in sentence.citations)
    return f'<span class="sentence">{text(sentence.text)}{pills}</span>'


def _pill(citation: Citation, one: Turn, index: int) -> str:
    number = _number(citation, one)
    label = words.citation(number, citation.document, place(citation))
    return (
        f'<button type="button" class="cite" {_opens("citation", index, number)}'
        f' aria-label="{text(label)}" title="{text(citation.quote)}">{number}</button>'
    )


def _number(citation: Citation, one: Turn) -> int:
    return [span_of(known) for known in one.citations].index(span_of(citation)) + 1


def _opens(kind: str, index: int, number: int) -> str:
    return f'data-opens="{kind}" data-turn="{index}" data-number="{number}"'


def _status(one: Turn) -> str:
    match one.phase:
        case Phase.ASKED | Phase.SEARCHING:
            line = words.SEARCHING
        case Phase.READING:
            line = words.reading(len(one.hits))
        case Phase.STOPPED:
            line = words.STOPPED
        case Phase.FAILED:
            return f'<p class="status failed" role="alert" dir="auto">{text(one.error)}</p>'
        case Phase.DONE:
            return ""
    kind = "status working" if one.busy else "status"
    return f'<p class="{kind}" role="status">{text(line)}</p>'


def _conflict(conflict: Conflict, one: Turn, index: int) -> str:
    sides = "".join(
        f'<figure><blockquote dir="auto">{text(citation.quote)}{_pill(citation, one, index)}'
        f"</blockquote><figcaption>{name(citation.document)}"
        f' <span class="place">{text(place(citation))}</span></figcaption></figure>'
        for citation in conflict.citations
    )
    return f'<section class="conflict"><h3>{text(words.DISAGREE)}</h3>{sides}</section>'


def _withheld(one: Turn, index: int) -> str:
    if one.busy or not one.withheld:
        return ""
    items = "".join(
        f'<li dir="auto">{_sentence(sentence, one, index)}'
        f' <span class="why">{text(words.REASONS[sentence.verdict.value])}</span></li>'
        for sentence in one.withheld
    )
    return _fold(
        "withheld",
        words.withheld(len(one.withheld)),
        f"<p>{text(words.WITHHELD_WHY)}</p><ul>{items}</ul>",
    )


def _evidence(one: Turn, index: int) -> str:
    """Return the passages: open while the model reads them, folded away below its answer."""
    if not one.hits:
        return f'<p class="meta">{text(words.NOTHING_FOUND)}</p>' if one.answer else ""
    head = words.found(len(one.hits), len({hit.document for hit in one.hits}))
    if one.busy:
        title = f'<h3 class="found">{text(head)}</h3>'
        return f'<section class="evidence">{title}{_hits(one, index, one.hits)}</section>'
    if not one.shown:
        return _fold("evidence", words.NEAREST, _hits(one, index, one.hits))
    cited = [hit for hit in one.hits if _cites(one, hit)]
    rest = [hit for hit in one.hits if hit not in cited]
    body = _hits(one, index, cited)
    if rest:
        body += _fold("uncited", words.uncited(len(rest)), _hits(one, index, rest))
    return _fold("evidence", head, body)


def _hits(one: Turn, index: int, hits: Iterable[Hit]) -> str:
    return f'<ol class="hits">{"".join(_hit(one, index, hit) for hit in hits)}</ol>'


def _hit(one: Turn, index: int, hit: Hit) -> str:
    rank = one.hits.index(hit) + 1
    where = f' <span class="place">{text(place(hit))}</span>' if place(hit) else ""
    badges = "".join(f'<span class="badge">{number}</span>' for number in _cites(one, hit))
    copies = f'<span class="copies">{text(words.also_in(hit.copies))}</span>' if hit.copies else ""
    return (
        f'<li><button type="button" class="hit" {_opens("passage", index, rank)}>'
        f'<span class="from">{name(hit.document)}{where}{badges}</span>'
        f'<span class="snippet" dir="auto">{text(snippet(hit.text))}</span>{copies}</button></li>'
    )


def _cites(one: Turn, hit: Hit) -> list[int]:
    """Return the numbers of the answer's citations that lie in a passage."""
    count = len({span_of(citation) for sentence in one.shown for citation in sentence.citations})
    return [
        number
        for number, citation in enumerate(one.citations[:count], start=1)
        if citation.document == hit.document
        and citation.start < hit.end
        and hit.start < citation.end
    ]


def _meta(one: Turn) -> str:
    if one.answer is None or not one.shown:
        return ""
    answer = one.answer
    parts = (
        words.searched(answer.documents_searched, answer.passages_searched),
        words.took(answer.timings.total_s),
        answer.model,
    )
    spans = "".join(f"<span>{name(part)}</span>" for part in parts if part)
    return f'<p class="meta">{spans}</p>'


def _fold(kind: str, head: str, body: str) -> str:
    return f'<details class="{kind}"><summary>{text(head)}</summary>{body}</details>'


def snippet(passage: str) -> str:
    """Return the beginning of a passage on one line."""
    line = " ".join(passage.split())
    return line if len(line) <= SNIPPET else line[:SNIPPET].rsplit(" ", 1)[0] + " …"


def place(target: Target) -> str:
    """Return where a citation or a passage stands, in words; "" where its format has no places."""
    if isinstance(target, Hit):
        found = target.place(target.start)
        label = found.label if found else ""
    else:
        label = target.place
    return label or (words.page(target.page) if target.page is not None else "")


def source_empty() -> str:
    """Return the source pane before anything was opened."""
    return f'<p class="source-empty">{text(words.SOURCE_EMPTY)}</p>'


def source(target: Target, document: str | None, *, serial: int) -> str:
    """Return a page of the document around the target, with exactly its words marked.

    `document` is the text that offsets refer to, None where the library has it no more. The serial
    number differs from one opening to the next, so that the page notices the same one twice.
    """
    words_cited = target.quote if isinstance(target, Citation) else target.text
    if document is None:
        body = _as_cited(words.SOURCE_GONE, words_cited)
    elif document[target.start : target.end] != words_cited:
        body = _as_cited(words.SOURCE_CHANGED, words_cited)
    else:
        body = _page(document, target.start, target.end)
    where = (place(target), words.span(target.start, target.end))
    places = "".join(f"<span>{name(part)}</span>" for part in where if part)
    return (
        f'<section class="source" data-serial="{serial}"><header>'
        f'<div><h2>{name(target.document)}</h2><p class="meta">{places}</p></div>'
        f'<button type="button" class="close" data-closes aria-label="{text(words.SOURCE_CLOSE)}">'
        f'<span aria-hidden="true">×</span></button></header>{body}</section>'
    )


def _as_cited(why: str, quote: str) -> str:
    return (
        f'<p class="warning" role="alert">{text(why)}</p>'
        f'<blockquote dir="auto">{text(quote)}</blockquote>'
    )


def _page(document: str, start: int, end: int) -> str:
    first, last = window(document, start, end)
    return (
        f'<div class="page{" cut-above" if first else ""}'
        f'{" cut-below" if last < len(document) else ""}" dir="auto" tabindex="0">'
        f"{text(document[first:start])}"
        f'<mark dir="auto">{text(document[start:end])}</mark>'
        f"{text(document[end:last])}</div>"
    )


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


def documents(infos: Sequence[DocumentInfo]) -> str:
    """Return the list of documents."""
    if not infos:
        return f'<p class="meta">{text(words.NO_DOCUMENTS)}</p>'
    items = "".join(
        f'<li>{name(info.name)} <span class="place">{text(_size(info))}</span></li>'
        for info in infos[:LISTED]
    )
    rest = len(infos) - LISTED
    more = f'<p class="meta">{text(words.more_documents(rest))}</p>' if rest > 0 else ""
    return f'<ul class="documents">{items}</ul>{more}'


def _size(info: DocumentInfo) -> str:
    passages = words.plural(info.passages, "passage")
    return passages if info.pages is None else f"{words.plural(info.pages, 'page')}, {passages}"


def library(documents_count: int, passages: int) -> str:
    """Return the size of the library, for the head of the page."""
    return f'<p class="meta">{text(words.size(documents_count, passages))}</p>'


def masthead() -> str:
    """Return the name of the house."""
    return f'<h1>{text(words.TITLE)}<span class="motto">{text(words.MOTTO)}</span></h1>'


def promise(said: str) -> str:
    """Return what is promised of the sentences that are shown."""
    return f"<p>{text(words.promise(said))}</p>"


def report(added: AddReport) -> str:
    """Return a line for every file that was given."""
    lines = [
        *(_line("added", done) for done in added.added),
        *(_line("updated", done) for done in added.updated),
        *(_line("unchanged", same) for same in added.unchanged),
        *(_line("moved", new) for _, new in added.moved),
        *(_line("removed", gone) for gone in added.removed),
        *(_line("failed", failure.name, failure.reason) for failure in added.failed),
    ]
    return f'<ul class="report" role="status">{"".join(lines)}</ul>'


def _line(kind: str, document: str, reason: str = "") -> str:
    why = f'<span class="reason" dir="auto">{text(reason)}</span>' if reason else ""
    return f'<li class="{kind}">{name(document)} <span class="kind">{kind}</span>{why}</li>'


def failed(reason: str) -> str:
    """Return an error of ours, where a report would stand."""
    return f'<p class="status failed" role="alert" dir="auto">{text(reason)}</p>'
