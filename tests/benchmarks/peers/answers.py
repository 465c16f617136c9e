"""A peer's reply -> an answer in the shape of Answer.to_dict(), to be scored as Pincite's are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from index.split import sentences

Chunks = Sequence[Mapping[str, Any]]  # worker.Chunk as JSON

# A peer's ways to say that it does not know. Such a sentence makes no claim.
REFUSAL = re.compile(
    r"\b(?:do not|don['’]t) (?:\w+ )?know\b"
    r"|\b(?:do not|don['’]t) have (?:\w+ ){0,3}(?:information|data|details|answer|context)\b"
    r"|\b(?:sources?|contexts?|documents?|texts?|passages?|articles?|information|excerpts?)\b.{0,80}"
    r"\b(?:do(?:es)?|did)(?: not|n['’]t) (?:\w+ )?(?:contain|provide|mention|specify|include|state"
    r"|say|indicate|give|address|answer|discuss|have|offer|list|name)\b"
    r"|\b(?:not|never) (?:\w+ )?(?:mentioned|provided|specified|stated|given|available|included"
    r"|found|disclosed|addressed|discussed|answered)\b.{0,60}"
    r"\b(?:sources?|contexts?|documents?|texts?|passages?|articles?|information)\b"
    r"|\bit is not (?:\w+ )?(?:mentioned|provided|specified|stated|known|clear|possible)\b"
    r"|\b(?:there is|there are|contains?|provides?|have|has) no (?:\w+ )?"
    r"(?:information|mention|answer|data|details?|evidence)\b"
    r"|\b(?:no|none|neither) of the (?:\w+ )?(?:sources|documents|passages)\b"
    r"|\b(?:cannot|can ?not|can['’]t|unable to|not able to|impossible to) (?:\w+ )?"
    r"(?:determined?|answer(?:ed)?|find|found|provided?|say)\b"
    r"|\bI['’]?(?: a)?m sorry\b|\bI apologi[sz]e\b",
    re.IGNORECASE,
)
_NUMBERS = r"(?:sources? )?\d+(?:(?:,| and| &|,? and)? ?(?:sources? )?\d+)*"
_MARK = re.compile(rf" ?[\[(]{_NUMBERS}[\])]", re.IGNORECASE)  # [1], [1, 2], (Source 1)
_CITES = re.compile(rf"\[{_NUMBERS}\]|\bsources? \d+(?:(?:,| and|,? and) \d+)*", re.IGNORECASE)
_LATE_MARKS = re.compile(  # "deep.[1]" is of the sentence before
    rf"([.!?][\"'”’]?)((?:\s*\[{_NUMBERS}\])+)(?!\w)", re.IGNORECASE
)
_HEADING = re.compile(r"^source (\d+):\s*", re.IGNORECASE | re.MULTILINE)  # copied from the prompt


def answer_of(
    question: str,
    reply: Mapping[str, Any],
    *,
    marked: bool,
    sha256_of: Callable[[str], str],
    model: str,
    searched: Mapping[str, int],
) -> dict[str, Any]:
    """Return the reply as an answer whose every sentence is shown as fact, but refusals.

    A peer that marks its sources cites those that stand in a sentence; another cites every
    chunk that it read, for each sentence. Where the first sentence refuses, all is a refusal.
    """
    chunks: Chunks = reply["chunks"]
    text = reply["text"]
    if marked:
        text = _HEADING.sub(r"[\1] ", _LATE_MARKS.sub(r"\2\1", text))
    said = [text[start:end] for start, end in sentences(text)]
    refused = bool(said) and refuses(said[0])
    made: list[dict[str, Any]] = [
        {
            "text": unmarked(one, len(chunks)) if marked else one,
            "support": None,
            "relevance": None,
            "verdict": "no_claim" if refused or refuses(one) else "supported",
            "citations": [
                _citation(chunk, sha256_of) for chunk in (cited(one, chunks) if marked else chunks)
            ],
        }
        for one in said
    ]
    shown = [sentence["text"] for sentence in made if sentence["verdict"] == "supported"]
    return {
        "schema": 1,
        "question": question,
        "standalone_question": question,
        "abstained": not shown,
        "answer": " ".join(shown),
        "note": None,
        "sentences": made,
        "conflicts": [],
        "searched": dict(searched),
        "passages": [
            {"document": c["document"], "start": c["start"], "end": c["end"], "score": None}
            for c in chunks
        ],
        "model": model,
        "timings": {
            "evidence_s": None,
            "first_sentence_s": None,
            "total_s": round(reply["seconds"], 3),
        },
    }


def refuses(sentence: str) -> bool:
    """Whether a sentence says that the answer is not known."""
    return REFUSAL.search(" ".join(sentence.split())) is not None


def cited(sentence: str, chunks: Chunks) -> list[Mapping[str, Any]]:
    """Return the sources that a sentence names, from 1; a number that is no source's is none."""
    numbers = {int(n) for mark in _CITES.findall(sentence) for n in re.findall(r"\d+", mark)}
    return [chunk for number, chunk in enumerate(chunks, 1) if number in numbers]


def unmarked(sentence: str, sources: int) -> str:
    """Return the sentence without the marks of its sources; [2022] is none of three."""

    def without(mark: re.Match[str]) -> str:
        numbers = map(int, re.findall(r"\d+", mark[0]))
        return "" if all(1 <= number <= sources for number in numbers) else mark[0]

    return _MARK.sub(without, sentence).strip()


def _citation(chunk: Mapping[str, Any], sha256_of: Callable[[str], str]) -> dict[str, Any]:
    return {
        "document": chunk["document"],
        "sha256": sha256_of(chunk["document"]),
        "start": chunk["start"],
        "end": chunk["end"],
        "quote": chunk["text"],
        "page": None,
        "place": "",
    }
