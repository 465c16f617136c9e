"""Cases and answers -> the report: one JSON object with every number and what it is made of."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from index.records import Document, place_at
from rag import judge
from rag.assistant import Assistant
from rag.evaluate.cases import Case, Gold, load
from rag.evaluate.metrics import (
    METRICS,
    AnswerDict,
    Scores,
    citations,
    hits,
    in_a_passage,
    is_gold,
    scores,
    times,
    total,
)
from rag.evaluate.run import code_version, harness_version, run, settings_of
from rag.evaluate.statistics import RESAMPLES, SEED, Metric

SCHEMA = 3
_AROUND = 120  # characters of context before and after a quote


def evaluate(path: Path, assistant: Assistant, *, again: bool = False) -> dict[str, Any]:
    """Ask every case of a file and return the report. Raises CasesError, and what asking raises."""
    cases = load(path, assistant.library.text)
    return assemble(path, cases, run(cases, assistant, again=again), assistant)


def assemble(
    path: Path, cases: Sequence[Case], answers: Sequence[AnswerDict], assistant: Assistant
) -> dict[str, Any]:
    """Return the report of the answers to the cases of a file, in their order.

    The judge and the documents are the assistant's; the answers need not be.
    """
    library = assistant.library
    document_of = cache(library.document)  # each is read once, however often it is cited
    items = [
        _item(case, one, assistant, document_of) for case, one in zip(cases, answers, strict=True)
    ]
    return {
        "schema": SCHEMA,
        "pincite": importlib.metadata.version("pincite"),
        "code": code_version(),
        "harness": harness_version(),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seed": SEED,
        "resamples": RESAMPLES,
        "model": assistant.model_name,
        "embedding_model": library.encoder.name,
        "judge": judge.provenance(assistant.reader),
        "promise": assistant.promise,
        "settings": settings_of(assistant.settings),
        "library": {
            "documents": [{"name": d.name, "sha256": d.sha256} for d in library.documents()],
            "passages": library.count()[1],
        },
        "cases_file": {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
        "metrics": {
            metric.name: _number(metric)
            for metric in (*total([item["scores"] for item in items]), *times(answers))
        },
        "by_kind": _by_kind(items),
        "cases": items,
    }


def _item(
    case: Case, answer: AnswerDict, assistant: Assistant, document_of: Callable[[str], Document]
) -> dict[str, Any]:
    judged: list[dict[str, Any]] = []

    def entails(sentence: str, quotes: Sequence[str]) -> bool:
        support = judge.support(sentence, quotes, assistant.library.encoder, assistant.reader)
        said = support >= assistant.support_threshold
        judged.append({"sentence": sentence, "quotes": list(quotes), "entails": said})
        return said

    counted = scores(case, answer, lambda name: document_of(name).text, entails)
    return {
        "id": case.id,
        "kind": case.kind,
        "question": case.question,
        "history": [{"question": asked, "answer": said} for asked, said in case.history],
        "answers": case.answers,
        "evidence": [_evidence(gold, answer, document_of(gold.document)) for gold in case.evidence],
        "answer": answer,
        "quotes": [
            [_quote(c, case, document_of(c["document"]).text) for c in sentence["citations"]]
            for sentence in answer["sentences"]
        ],
        "entailment": judged,
        "scores": counted,
        "right": bool(counted["right"][0]),
        "passed": passed(counted),
        "failures": failures(counted, answerable=case.answerable),
    }


def passed(counted: Scores) -> bool:
    """Whether a case is right and all that it shows is cited with words that are there."""
    pairs = (counted[name] for name in ("right", "citation_validity", "citation_coverage"))
    return all(part == whole for part, whole in pairs)


def failures(counted: Scores, *, answerable: bool) -> list[str]:
    """Return in words what went wrong in a case."""
    less = {name for name, (part, whole) in counted.items() if part < whole}
    more = {name for name in ("false_abstain", "unsupported_shown") if counted[name][0]}
    said = {
        "bad citation": "citation_validity" in less,
        "no citation": "citation_coverage" in less,
        "refused": "false_abstain" in more,
        "wrong claim shown": "unsupported_shown" in more and answerable,
        "answered what nothing answers": "abstain_recall" in less,
        "gold not retrieved": "gold_retrieved" in less,
        "gold not cited": "gold_recall" in less,
        "cites beside gold": "gold_precision" in less,
    }
    return [words for words, is_so in said.items() if is_so]


def _evidence(gold: Gold, answer: AnswerDict, document: Document) -> dict[str, Any]:
    place = place_at(document.places, gold.start)
    return {
        **asdict(gold),
        "page": place.page if place else None,
        "place": place.label if place else "",
        **_context(document.text, gold.start, gold.end),
        "retrieved": in_a_passage(asdict(gold), answer),
        "hit": any(hits(citation, gold) for citation in citations(answer)),
    }


def _quote(citation: Mapping[str, Any], case: Case, text: str) -> dict[str, Any]:
    return {
        **_context(text, citation["start"], citation["end"]),
        "found": text[citation["start"] : citation["end"]],
        "gold": is_gold(citation, case),
    }


def _context(text: str, start: int, end: int) -> dict[str, Any]:
    return {
        "before": text[max(0, start - _AROUND) : start],
        "after": text[end : end + _AROUND],
        "cut_before": start > _AROUND,
        "cut_after": end + _AROUND < len(text),
    }


def _by_kind(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    kinds = dict.fromkeys(item["kind"] for item in items if item["kind"])
    of_kind = {kind: [i["scores"] for i in items if i["kind"] == kind] for kind in kinds}
    return {
        kind: {"cases": len(found), "metrics": {m.name: _number(m) for m in total(found)}}
        for kind, found in of_kind.items()
    }


def _number(metric: Metric) -> dict[str, Any]:
    known = METRICS.get(metric.name)
    return {
        "value": metric.value,
        "n": metric.n,
        "low": metric.low,
        "high": metric.high,
        "better": known.better if known else "lower",
        "unit": "share" if known else "s",
        "about": known.about if known else "seconds since the question was asked",
    }
