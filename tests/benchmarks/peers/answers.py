"""A peer's reply -> an answer in the shape of Answer.to_dict(), to be scored as Pincite's are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from index.split import sentences
from tests.benchmarks.peers.refusals import refuses

Chunks = Sequence[Mapping[str, Any]]  # worker.Chunk as JSON

# Numbers of up to two digits, since [2022] is a year; a comma joins them in brackets alone, since
# "According to Source 1, 3 boats sank" names one.
_ONE = r"(?:sources? )?\d{1,2}(?: ?[-–] ?\d{1,2})?"
_LIST = rf"{_ONE}(?:(?:[,;]| and|,? and| &) ?{_ONE})*"
_BRACKETS = rf"(?:\[{_LIST}\]|\((?=source){_LIST}\))"
_MARK = re.compile(
    rf" ?{_BRACKETS}|\bsource \d{{1,2}}\b|\bsources \d{{1,2}}(?: ?(?:[-–&]|and) ?\d{{1,2}})*\b",
    re.IGNORECASE,
)
_LATE_MARKS = re.compile(  # "deep.[1]" is of the sentence before, and so is [1] on the next line
    rf"([.!?][\"'”’]?)((?:[^\S\n]*{_BRACKETS})+|(?:\s*{_BRACKETS})+(?=[^\S\n]*$))(?!\w)",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(r"^source (\d{1,2}):\s*", re.IGNORECASE | re.MULTILINE)  # of the prompt


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

    A peer that marks its sources cites those that stand in a sentence, or else that of the
    heading above it; another cites every chunk that it read, for each sentence.
    """
    chunks: Chunks = reply["chunks"]
    everything = list(range(1, len(chunks) + 1))
    said = marked_sentences(reply["text"]) if marked else plain_sentences(reply["text"], everything)
    made: list[dict[str, Any]] = [
        {
            "text": text,
            "support": None,
            "relevance": None,
            "verdict": "no_claim" if refuses(text) or is_bare(text) else "supported",
            "citations": [_citation(n, chunks, sha256_of) for n in numbers if chunks],
        }
        for text, numbers in said
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


def plain_sentences(text: str, numbers: list[int]) -> Iterator[tuple[str, list[int]]]:
    """Yield each sentence with these numbers of sources."""
    for start, end in sentences(text):
        yield text[start:end], numbers


def marked_sentences(text: str) -> Iterator[tuple[str, list[int]]]:
    """Yield each sentence without its marks in brackets, and the numbers of its sources.

    A heading "Source 1:" that was copied from the prompt is the mark of every sentence below it
    that has none of its own.
    """
    before, *headed = _HEADING.split(_LATE_MARKS.sub(_early, text))
    below = zip(headed[::2], headed[1::2], strict=True)
    for above, part in [([], before), *(([int(number)], part) for number, part in below)]:
        for sentence, _ in plain_sentences(part, []):
            yield unmarked(sentence), numbers_in(sentence) or above


def _early(late: re.Match[str]) -> str:
    return " ".join(late[2].split()) + late[1]


def numbers_in(sentence: str) -> list[int]:
    """Return the numbers of the sources that a sentence names, in order."""
    found = {
        number
        for mark in _MARK.finditer(sentence)
        for first, last in re.findall(r"(\d+)(?: ?[-–] ?(\d+))?", mark[0])
        for number in range(int(first), int(last or first) + 1)
    }
    return sorted(found)


def unmarked(sentence: str) -> str:
    """Return the sentence without marks in brackets; "Source 1 says" are words of it."""
    return _MARK.sub(lambda m: "" if m[0].endswith(("]", ")")) else m[0], sentence).strip()


def is_bare(sentence: str) -> bool:
    """Whether a sentence has no word and no number beyond the marks of sources; ² is none."""
    return not any(c.isalpha() or c.isdecimal() for c in _MARK.sub("", sentence))


def _citation(number: int, chunks: Chunks, sha256_of: Callable[[str], str]) -> dict[str, Any]:
    """Return the citation of a source; of one that does not exist, a quote that is nowhere."""
    there = 1 <= number <= len(chunks)
    chunk = chunks[number - 1] if there else {**chunks[0], "start": 0, "end": 0, "text": "[?]"}
    return {
        "document": chunk["document"],
        "sha256": sha256_of(chunk["document"]),
        "start": chunk["start"],
        "end": chunk["end"],
        "quote": chunk["text"],
        "page": None,
        "place": "",
    }
