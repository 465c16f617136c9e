"""Records -> HTML. Pure functions; every character that is not ours goes through `text`.

No document, file name, question or model sentence is ever read as HTML or Markdown here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from index.records import AddReport, DocumentInfo, Hit
from rag.chat import words
from rag.chat.source import opening, place
from rag.escape import name as name
from rag.escape import shown as shown
from rag.escape import text as text
from rag.export import plain
from rag.records import Citation, Conflict, Sentence
from rag.turns import Phase, Turn, span_of

SNIPPET = 220  # characters of a passage in the list of the evidence
HOVERED = 420  # characters of a quote that are shown where the pointer is on its number
LISTED = 200  # documents in the list


def welcome(documents: int) -> str:
    """Return what stands where no question has been asked."""
    hint = words.WELCOME_FULL if documents else words.WELCOME_EMPTY
    add = "" if documents else _drawer_button("primary", words.ADD)
    return f'<div class="welcome"><h2>{text(words.WELCOME)}</h2><p>{text(hint)}</p>{add}</div>'


def _drawer_button(kind: str, label: str) -> str:
    return f'<button type="button" class="{kind}" popovertarget="shelf">{text(label)}</button>'


def thread(turns: Sequence[Turn], first: int = 0) -> str:
    """Return turns, the first of which has the given number in its conversation."""
    return "".join(turn(one, index) for index, one in enumerate(turns, start=first))


def turn(one: Turn, index: int) -> str:
    """Return a question, its answer as far as it is known, and the evidence below.

    The parts are the same from the first event to the last, so that the page can keep what it
    shows already: nothing flickers, and nobody loses their place.
    """
    done = one.answer is not None
    busy = ' aria-busy="true"' if one.busy else ""
    return (
        f'<article class="turn{" live" if one.busy else ""}"{busy}>'
        f'<h2 class="question" dir="auto">{text(one.question)}</h2>'
        f'<div class="said">{_said(one, index)}</div>'
        f"{_status(one)}"
        f'<div class="beside">{_beside(one, index) if done else ""}</div>'
        f'<div class="evidence">{_evidence(one, index)}</div>'
        f'<div class="rest">{_withheld(one, index) + _details(one, index) if done else ""}</div>'
        "</article>"
    )


def _said(one: Turn, index: int) -> str:
    if one.shown:
        sentences = " ".join(
            _sentence(sentence, one, index, f' data-sentence="{index}.{number}" tabindex="-1"')
            for number, sentence in enumerate(one.shown)
        )
        return f'<p class="answer" dir="auto">{sentences}</p>'
    if one.answer is None:
        return ""
    searched = words.searched(one.answer.documents_searched, one.answer.passages_searched)
    note = f'<p class="note" dir="auto">{text(one.answer.note)}</p>' if one.answer.note else ""
    return (
        f'<div class="abstained"><p><strong>{text(words.ABSTAINED)}</strong> {text(searched)}.</p>'
        f"{note}</div>"
    )


def _sentence(sentence: Sentence, one: Turn, index: int, attributes: str = "") -> str:
    pills = "".join(_pill(citation, one, index) for citation in sentence.citations)
    cites = f'<span class="cites">{pills}</span>' if pills else ""
    return f'<span class="sentence"{attributes}>{text(sentence.text)}{cites}</span>'


def _pill(citation: Citation, one: Turn, index: int) -> str:
    number = _number(citation, one)
    label = words.citation(number, citation.document, place(citation))
    return (
        f'<button type="button" class="cite" {opening("citation", index, number)}'
        f' aria-label="{text(label)}" data-quote="{text(_cut(citation.quote, HOVERED))}"'
        f' data-from="{text(label)}">{number}</button>'
    )


def _number(citation: Citation, one: Turn) -> int:
    return [span_of(known) for known in one.citations].index(span_of(citation)) + 1


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
            line = ""
    kind = "status working" if one.busy else "status"
    return f'<p class="{kind}" role="status">{text(line)}</p>'


def _beside(one: Turn, index: int) -> str:
    """Return what stands below an answer: how well it is supported, and where sources disagree."""
    conflicts = "".join(_conflict(conflict, one, index) for conflict in one.conflicts)
    if not one.shown:
        return conflicts
    copy = (
        f'<button type="button" class="action" data-copy="{text(plain(one))}"'
        f' data-said="{text(words.COPIED)}">{text(words.COPY)}</button>'
    )
    return f'<div class="actions">{_support(one, index)}{copy}</div>{conflicts}'


def _support(one: Turn, index: int) -> str:
    """Return how well the sentences are supported: in words, the numbers folded away."""
    weakest = min(one.shown, key=lambda sentence: sentence.support)
    items = "".join(
        f'<li><span class="about" dir="auto">{text(_cut(sentence.text, SNIPPET))}</span>'
        f' <span class="numbers">{text(_supported(sentence))}:'
        f" {text(words.numbers(sentence.support, sentence.relevance))}</span></li>"
        for sentence in one.shown
    )
    body = f"<ul>{items}</ul><p>{text(words.NUMBERS_MEAN)}</p>"
    return _fold("support", _supported(weakest), body, index)


def _supported(sentence: Sentence) -> str:
    if any(citation.quote == sentence.text for citation in sentence.citations):
        return words.VERBATIM
    return words.support(sentence.support)


def _conflict(conflict: Conflict, one: Turn, index: int) -> str:
    sides = "".join(
        f'<figure><blockquote dir="auto">{text(citation.quote)}{_pill(citation, one, index)}'
        f"</blockquote><figcaption>{name(citation.document)}"
        f' <span class="place">{text(place(citation))}</span></figcaption></figure>'
        for citation in conflict.citations
    )
    return f'<section class="conflict"><h3>{text(words.DISAGREE)}</h3>{sides}</section>'


def _withheld(one: Turn, index: int) -> str:
    if not one.withheld:
        return ""
    items = "".join(
        f'<li dir="auto"><span class="why">{text(words.REASONS[sentence.verdict.value])}</span> '
        f"{_sentence(sentence, one, index)}</li>"
        for sentence in one.withheld
    )
    return _fold(
        "withheld",
        words.withheld(len(one.withheld)),
        f"<p>{text(words.WITHHELD_WHY)}</p><ul>{items}</ul>",
        index,
    )


def _evidence(one: Turn, index: int) -> str:
    """Return the passages: all while the model reads them; then those cited, the others folded."""
    if not one.hits:
        return f'<p class="meta">{text(words.NOTHING_FOUND)}</p>' if one.answer else ""
    head = words.found(len(one.hits), len({hit.document for hit in one.hits}))
    if not one.shown and one.answer:
        return _fold("uncited", words.NEAREST, _hits(one, index, one.hits), index)
    if one.busy or not one.answer:
        return f'<h3 class="found">{text(head)}</h3>{_hits(one, index, one.hits)}'
    cited = sorted(filter(partial(_cites, one), one.hits), key=partial(_cites, one))
    rest = [hit for hit in one.hits if hit not in cited]
    body = ""
    if cited:
        body += f'<h3 class="found">{text(words.SOURCES)}</h3>{_hits(one, index, cited, "cited")}'
    if rest:
        body += _fold("uncited", words.uncited(len(rest)), _hits(one, index, rest), index)
    return body


def _hits(one: Turn, index: int, hits: Iterable[Hit], kind: str = "") -> str:
    items = "".join(_hit(one, index, hit) for hit in hits)
    return f'<ol class="hits {kind}">{items}</ol>'


def _hit(one: Turn, index: int, hit: Hit) -> str:
    rank = one.hits.index(hit) + 1
    where = f' <span class="place">{text(place(hit))}</span>' if place(hit) else ""
    badges = "".join(f'<span class="badge">{number}</span>' for number in _cites(one, hit))
    copies = f'<span class="copies">{text(words.also_in(hit.copies))}</span>' if hit.copies else ""
    return (
        f'<li><button type="button" class="hit" {opening("passage", index, rank)}>'
        f'<span class="from"><span class="badges">{badges}</span>{name(hit.document)}{where}</span>'
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


def _details(one: Turn, index: int) -> str:
    """Return what was searched, how long it took, by which model, and how passages were ranked."""
    if one.answer is None:
        return ""
    answer = one.answer
    parts = (
        words.searched(answer.documents_searched, answer.passages_searched),
        words.took(answer.timings.total_s),
        answer.model,
    )
    spans = "".join(f"<span>{name(part)}</span>" for part in parts if part)
    asked = answer.standalone_question
    understood = (
        f'<p dir="auto">{text(words.understood(asked))}</p>' if asked != one.question else ""
    )
    body = f'{understood}<p class="meta">{spans}</p>{_scores(one.hits)}'
    return _fold("details", words.DETAILS, body, index)


def _scores(hits: Sequence[Hit]) -> str:
    if not hits:
        return ""
    heads = "".join(f'<th scope="col">{text(head)}</th>' for head in words.SCORES)
    rows = "".join(
        f'<tr><th scope="row">{name(hit.document)}</th><td>{text(place(hit))}</td>'
        f"<td>{hit.score:.2f}</td><td>{hit.dense:.2f}</td><td>{hit.lexical:.1f}</td></tr>"
        for hit in hits
    )
    return (
        f'<div class="scores" tabindex="0" role="region" aria-label="{text(words.SCORES_HEAD)}">'
        f"<table><caption>{text(words.SCORES_HEAD)}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _fold(kind: str, head: str, body: str, index: int) -> str:
    """Return a fold; the page keeps it open by its key."""
    return (
        f'<details class="{kind}" data-fold="{index}.{kind}">'
        f"<summary>{text(head)}</summary>{body}</details>"
    )


def snippet(passage: str) -> str:
    """Return the beginning of a passage on one line."""
    return _cut(" ".join(passage.split()), SNIPPET)


def _cut(line: str, most: int) -> str:
    return line if len(line) <= most else line[:most].rsplit(" ", 1)[0] + " …"


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


def library(documents_count: int) -> str:
    """Return the size of the library, for the head of the page: it opens the documents."""
    return _drawer_button("size", words.plural(documents_count, "document"))


def shelf_head() -> str:
    """Return the head of the drawer of documents."""
    return (
        f'<header><h2>{text(words.DOCUMENTS)}</h2><button type="button" class="tool"'
        f' popovertarget="shelf" popovertargetaction="hide" aria-label="{text(words.CLOSE)}">'
        f'<span aria-hidden="true">×</span></button></header>'
    )


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
