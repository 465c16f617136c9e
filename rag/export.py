"""Conversations -> files to hand on: Markdown with footnotes, HTML, JSON; plain text to paste.

Only what was shown as fact is in them, with its quotes; the JSON has the withheld sentences too,
each with its verdict. Texts and names of documents are hostile here as everywhere: they are shown
as text, and characters that would turn the writing direction are left out of all but the JSON.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from rag import escape
from rag.conversations import Entry
from rag.records import Citation
from rag.turns import Phase, Turn, numbered, span_of

_SHORT_HASH = 12  # digits
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ANYWHERE = re.compile(r"([\\`*_{}\[\]<>#|~^$&!@])")
_LINK = re.compile(r"(?i)\b(?:(https?|ftp|mailto|xmpp)(?=:)|(www)(?=\.))(.)")
_AT_START = re.compile(r"^(?:([-+=])|(\d{1,9})([.)]))")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
body { max-width: 42rem; margin: 3rem auto; padding: 0 1.5rem; color: #1f1f1c; background: #fff;
  font: 1.05rem/1.6 Georgia, "Times New Roman", serif; overflow-wrap: anywhere; }
header p, footer, .notes, h2 { font-family: system-ui, sans-serif; }
header p, footer { color: #63635d; font-size: .85rem; }
h1 { font-size: 1.5rem; } h2 { margin-top: 2.5rem; font-size: 1.05rem; }
.notes { padding-left: 1.6rem; color: #44443f; font-size: .85rem; } .notes q { color: #1f1f1c; }
a { color: #1f5c4a; text-decoration: none; } sup { line-height: 0; }
:target { background: #fbe38a; }
code { font-size: .9em; }
@media print { body { margin: 0; max-width: none; } section { break-inside: avoid; } }
"""
ABSTAINED = "Your documents do not say."
DIFFER = "The sources say different things:"


def plain(turn: Turn) -> str:
    """Return an answer with its numbered citations as plain text."""
    cited = numbered(turn.shown)
    said = " ".join(
        sentence.text + "".join(f" [{number}]" for number in _numbers(sentence.citations, cited))
        for sentence in turn.shown
    )
    notes = [
        f"[{number}] {', '.join(filter(None, (one.document, _place(one))))}: “{one.quote}”"
        for number, one in enumerate(cited, start=1)
    ]
    return _undirected("\n".join((said, "", *notes)))


def data(entry: Entry, turns: Sequence[Turn]) -> dict[str, Any]:
    """Return a conversation as one JSON object: its answers are those of the public face."""
    return {
        "schema": 1,
        "id": entry.id,
        "title": entry.title,
        "created": _moment(entry.created),
        "changed": _moment(entry.changed),
        "turns": [
            {
                "question": turn.question,
                "ended": "answered" if turn.phase is Phase.DONE else turn.phase.value,
                "error": turn.error or None,
                "answer": turn.answer.to_dict() if turn.answer else None,
                "sentences": [sentence.to_dict() for sentence in turn.sentences],
            }
            for turn in turns
        ],
    }


def markdown(entry: Entry, turns: Sequence[Turn]) -> str:
    """Return a conversation as Markdown; quotes stand in footnotes, as CommonMark's users have."""
    parts = [f"# {_md(entry.title)}", f"*{_head(entry, turns)}*"]
    for number, turn in enumerate(turns, start=1):
        cited = _cited(turn)

        marks = partial(_md_marks, turn=number, cited=cited)
        parts.append(f"## {_md(turn.question)}")
        said = " ".join(_md(s.text) + marks(s.citations) for s in turn.shown)
        parts += [_start(line) for line in (said, *map(_md, _remarks(turn))) if line]
        if turn.conflicts:
            parts.append(DIFFER)
            parts.append(
                "\n".join(
                    f"- “{_md(one.quote)}”{marks([one])}"
                    for conflict in turn.conflicts
                    for one in conflict.citations
                )
            )
        parts += [
            f"[^{number}-{place}]: “{_md(one.quote)}” — {_md(_from(one))}"
            for place, one in enumerate(cited, start=1)
        ]
    return "\n\n".join(parts) + "\n"


def _md_marks(citations: Sequence[Citation], *, turn: int, cited: Sequence[Citation]) -> str:
    return "".join(f"[^{turn}-{number}]" for number in _numbers(citations, cited))


def page(entry: Entry, turns: Sequence[Turn]) -> str:
    """Return a conversation as one HTML file without scripts, which fetches nothing."""
    sections = "".join(_section(turn, number) for number, turn in enumerate(turns, start=1))
    title = _shown(entry.title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f'<header><h1 dir="auto">{title}</h1><p>{_shown(_head(entry, turns))}</p></header>'
        f"<main>{sections}</main></body></html>\n"
    )


def _section(turn: Turn, number: int) -> str:
    cited = _cited(turn)

    def marks(citations: Sequence[Citation]) -> str:
        return "".join(
            f'<sup><a href="#n{number}-{place}">[{place}]</a></sup>'
            for place in _numbers(citations, cited)
        )

    said = " ".join(f"{_shown(s.text)}{marks(s.citations)}" for s in turn.shown)
    lines = [said, *map(_shown, _remarks(turn))]
    body = "".join(f'<p dir="auto">{line}</p>' for line in lines if line)
    if turn.conflicts:
        quotes = "".join(
            f'<li dir="auto"><q>{_shown(one.quote)}</q>{marks([one])}</li>'
            for conflict in turn.conflicts
            for one in conflict.citations
        )
        body += f"<p>{DIFFER}</p><ul>{quotes}</ul>"
    notes = "".join(
        f'<li id="n{number}-{place}" dir="auto"><q>{_shown(one.quote)}</q> — {_shown(_from(one))}'
        f' <a href="#t{number}" aria-label="Back to the answer">↩</a></li>'
        for place, one in enumerate(cited, start=1)
    )
    notes = f'<ol class="notes">{notes}</ol>' if notes else ""
    head = f'<h2 dir="auto">{_shown(turn.question)}</h2>'
    return f'<section id="t{number}">{head}{body}{notes}</section>'


def _remarks(turn: Turn) -> list[str]:
    """Return what is said of a turn beside its sentences."""
    match turn.phase:
        case Phase.STOPPED:
            return ["(Stopped here.)"]
        case Phase.FAILED:
            return [f"(Failed: {turn.error})"]
    if turn.answer is None or turn.shown:
        return []
    searched = (
        f"{ABSTAINED} Searched {turn.answer.documents_searched} documents, "
        f"{turn.answer.passages_searched} passages."
    )
    return [searched, *filter(None, [turn.answer.note])]


def _cited(turn: Turn) -> tuple[Citation, ...]:
    return numbered((*turn.shown, *turn.conflicts))


def _numbers(citations: Sequence[Citation], cited: Sequence[Citation]) -> list[int]:
    """Return the numbers under which citations stand below their answer."""
    spans = [span_of(one) for one in cited]
    return list(dict.fromkeys(spans.index(span_of(one)) + 1 for one in citations))


def _head(entry: Entry, turns: Sequence[Turn]) -> str:
    models = dict.fromkeys(turn.answer.model for turn in turns if turn.answer)
    by = f", answered with {', '.join(models)}" if models else ""
    return f"Kept by Pincite; last changed {_moment(entry.changed)}{by}"


def _from(citation: Citation) -> str:
    """Return where a quote is from, to the character."""
    where = ", ".join(filter(None, (citation.document, _place(citation))))
    span = f"characters {citation.start}–{citation.end}"
    return f"{where}; {span}; SHA-256 {citation.sha256[:_SHORT_HASH]}"


def _place(citation: Citation) -> str:
    return citation.place or (f"page {citation.page}" if citation.page is not None else "")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _undirected(text: str) -> str:
    return _DIRECTIONS.sub("", text)


def _shown(text: str) -> str:
    return escape.text(_undirected(text))


def _md(text: str) -> str:
    """Return a text as one line of Markdown that says it, and nothing else."""
    line = " ".join(escape.shown(_undirected(text)).split())
    return _LINK.sub(lambda m: f"{m[1] or m[2]}\\{m[3]}", _ANYWHERE.sub(r"\\\1", line))


def _start(line: str) -> str:
    """Return a line that begins no list and underlines no heading."""
    return _AT_START.sub(lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", line)
