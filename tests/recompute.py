"""Compute every number of a report again from its JSON; shares no code with what made it.

    python -m tests.recompute report.json

Prints each number that differs and exits with 1 if one does. The formulas are those of the README
and of rag/evaluate/metrics.py, written a second time; the draws of the bootstrap are those of
numpy's default generator with the report's seed: `resamples` rows of as many cases as there are.
"""

from __future__ import annotations

import json
import math
import sys
import unicodedata
from collections import Counter
from itertools import product
from pathlib import Path
from string import punctuation
from typing import Any

import numpy as np

Case = dict[str, Any]
Pair = tuple[float, float]


def differences(report: dict[str, Any]) -> list[str]:
    """Return a line for each number of the report that is not what its JSON gives."""
    pairs = [pairs_of(case) for case in report["cases"]]
    found = [
        f"case {case['id']}: {name} is {case['scores'][name]}, not {pair}"
        for case, of_case in zip(report["cases"], pairs, strict=True)
        for name, pair in of_case.items()
        if not _close(pair, case["scores"][name])
    ]
    draws = report["seed"], report["resamples"]
    found += _unlike("", report["metrics"], numbers(pairs, *draws) | times(report["cases"], *draws))
    for kind, part in report["by_kind"].items():
        of_kind = [p for c, p in zip(report["cases"], pairs, strict=True) if c["kind"] == kind]
        found += _unlike(f"{kind}: ", part["metrics"], numbers(of_kind, *draws))
        if part["cases"] != len(of_kind):
            found.append(f"{kind}: {part['cases']} cases, not {len(of_kind)}")
    return found


def numbers(pairs: list[dict[str, Pair]], seed: int, resamples: int) -> dict[str, list[Any]]:
    """Return value, N, low and high of each metric over the cases."""
    columns = {name: np.array([one[name] for one in pairs], float) for name in pairs[0]}
    picks = np.random.default_rng(seed).integers(0, len(pairs), (resamples, len(pairs)))
    found = {}
    for name, column in columns.items():
        drawn = column[picks].sum(axis=1)
        found[name] = _with_interval(
            _divided(*column.sum(axis=0)), int(column[:, 1].sum()),
            [_divided(*sums) for sums in drawn], int((column[:, 1] > 0).sum()),
        )  # fmt: skip
    for of in ("", "_retrieved"):
        good, hit = columns["gold_precision" + of], columns["gold_recall" + of]
        drawn = zip(good[picks].sum(axis=1), hit[picks].sum(axis=1), strict=True)
        value = _harmonic(good.sum(axis=0), hit.sum(axis=0))
        spans = int(hit[:, 1].sum())
        found["gold_f1" + of] = _with_interval(value, spans, [_harmonic(*d) for d in drawn], 0)
    return found


def times(cases: list[Case], seed: int, resamples: int) -> dict[str, list[Any]]:
    """Return the same of the seconds."""
    found: dict[str, list[Any]] = {}
    for key in ("evidence_s", "first_sentence_s", "total_s"):
        seconds = [c["answer"]["timings"][key] for c in cases]
        sample = np.array([s for s in seconds if s is not None], float)
        for label, q in (("median", 50), ("p95", 95)):
            if not len(sample):
                found[f"{key}_{label}"] = [None, 0, None, None]
                continue
            picks = np.random.default_rng(seed).integers(0, len(sample), (resamples, len(sample)))
            ends = np.percentile(np.percentile(sample[picks], q, axis=1), [2.5, 97.5])
            found[f"{key}_{label}"] = [np.percentile(sample, q), len(sample), *ends]
    return found


def pairs_of(case: Case) -> dict[str, Pair]:
    """Return what counts in a case, and out of how many, for each metric but F1 of two others."""
    answer, wanted = case["answer"], case["answers"]
    is_answerable = wanted is not None
    shown = [i for i, s in enumerate(answer["sentences"]) if s["verdict"] == "supported"]
    citations = [c for i in shown for c in answer["sentences"][i]["citations"]]
    refused = not shown
    holds = is_answerable and all(any(says(answer["answer"], a) for a in g) for g in wanted)
    right = holds if is_answerable else refused
    spans = groups(case["evidence"]) if is_answerable else []
    retrieved = [any(_inside(span, answer["passages"]) for span in group) for group in spans]
    hit = [any(_half(c, span) for span in group for c in citations) for group in spans]
    valid = [
        quote["found"] == c["quote"] and _inside(c, answer["passages"])
        for s, quotes in zip(answer["sentences"], case["quotes"], strict=True)
        for c, quote in zip(s["citations"], quotes, strict=True)
    ]
    good = [
        any(_half(c, span) for span in case["evidence"])
        or all(any(says(c["quote"], a) for a in group) for group in wanted)
        for c in citations
        if is_answerable
    ]
    first = [any(_inside(s, answer["passages"][:8]) for s in group) for group in spans]
    recall, iou = excerpts(spans, answer["passages"][:5])
    short = wanted[0] if is_answerable and len(wanted) == 1 else []
    entailed, needed = alce(case, shown)
    return {
        "right": (right, 1),
        "answer_contains": (holds, is_answerable),
        "exact_match": (any(bare(answer["answer"]) == bare(a) for a in short), bool(short)),
        "token_f1": (max([overlap(answer["answer"], a) for a in short] or [0]), bool(short)),
        "citation_validity": (sum(valid), len(valid)),
        "citation_coverage": (
            sum(len(answer["sentences"][i]["citations"]) > 0 for i in shown), len(shown)
        ),
        "gold_retrieved": (sum(retrieved), len(spans)),
        "all_gold@8": (bool(first) and all(first), bool(spans)),
        "excerpt_recall@5": (recall, bool(spans)),
        "excerpt_iou@5": (iou, bool(spans)),
        "gold_recall": (sum(hit), len(spans)),
        "gold_recall_retrieved": (sum(hit), len(spans)) if spans and all(retrieved) else (0, 0),
        "gold_precision": (sum(good), len(good)),
        "gold_precision_retrieved": (sum(good), len(good)) if spans and all(retrieved) else (0, 0),
        "pin_f1": (pin(citations, spans), bool(spans)),
        "alce_recall": (entailed, len(shown)),
        "alce_precision": (needed, len(citations)),
        "abstain_recall": (refused and not is_answerable, not is_answerable),
        "false_abstain": (refused and is_answerable, is_answerable),
        "unsupported_shown": (not refused and not right, 1),
    }  # fmt: skip


def groups(evidence: list[Case]) -> list[list[Case]]:
    """Return the gold spans, each with those that will do in its place."""
    found: list[list[Case]] = []
    for span in evidence:
        if span["alternative"] and found:
            found[-1].append(span)
        else:
            found.append([span])
    return found


def pin(citations: list[Case], spans: list[list[Case]]) -> float:
    """Return the F1 of the characters that are cited and gold, the best choice of spans."""
    cited = _characters(citations)
    best = 0.0
    for chosen in product(*spans) if spans else ():
        gold = _characters(chosen)
        best = max(best, 2 * len(cited & gold) / (len(cited) + len(gold)))
    return best


def excerpts(spans: list[list[Case]], passages: list[Case]) -> tuple[float, float]:
    """Return the share of gold characters in the passages, and that of both of either."""
    found, gold = _characters(passages), set()
    for group in spans:
        shares = []
        for span in group:
            there = _characters([span])
            shares.append(len(there & found) / len(there))
        gold |= _characters([group[shares.index(max(shares))]])
    if not gold:
        return 0, 0
    return len(gold & found) / len(gold), len(gold & found) / len(gold | found)


def alce(case: Case, shown: list[int]) -> tuple[int, int]:
    """Return the sentences that their quotes entail, and the citations that these need."""
    said = {(e["sentence"], tuple(e["quotes"])): e["entails"] for e in case["entailment"]}
    entailed = needed = 0
    for i in shown:
        sentence = case["answer"]["sentences"][i]
        text, quotes = sentence["text"], tuple(c["quote"] for c in sentence["citations"])
        if not quotes or not said[text, quotes]:
            continue
        entailed += 1
        for at in range(len(quotes)):
            rest = quotes[:at] + quotes[at + 1 :]
            needed += not rest or said[text, quotes[at : at + 1]] or not said[text, rest]
    return entailed, needed


def says(text: str, wanted: str) -> bool:
    """Whether the wanted words stand in the text, and no longer word or number goes on."""
    text, wanted = f"  {plain(text)}  ", plain(wanted)
    at = text.find(wanted)
    while at >= 0:
        before, after = text[at - 2 : at], text[at + len(wanted) :][:2]
        inside = (wanted[0].isalnum() and _is_word(before[1])) or (
            wanted[-1].isalnum() and _is_word(after[0])
        )
        number = (wanted[0].isdigit() and before[0].isdigit() and before[1] in ".,") or (
            wanted[-1].isdigit() and after[0] in ".," and after[1].isdigit()
        )
        if not inside and not number:
            return True
        at = text.find(wanted, at + 1)
    return False


def plain(text: str) -> str:
    """Return the text folded, typed and with commas between thousands."""
    marks = "\u00a0\u202f\u2009'\u2019"
    thousands = "".join(
        "," if c in marks and text[i - 1 : i].isdigit() and _three_digits(text[i + 1 : i + 5])
        else c
        for i, c in enumerate(text)
    )  # fmt: skip
    found = unicodedata.normalize("NFKC", thousands)
    for typed, printed in (("'", "\u2018\u2019"), ('"', "\u201c\u201d"),
                           ("-", "\u2010\u2011\u2012\u2013\u2014")):  # fmt: skip
        for mark in printed:
            found = found.replace(mark, typed)
    return " ".join(found.casefold().split())


def bare(text: str) -> list[str]:
    """Return the words as SQuAD compares them."""
    kept = "".join(" " if c.isspace() else c for c in text.casefold() if c not in punctuation)
    return [word for word in kept.split() if word not in {"a", "an", "the"}]


def overlap(text: str, wanted: str) -> float:
    """Return SQuAD's F1 of the words of two texts."""
    one, other = bare(text), bare(wanted)
    if not one or not other:
        return float(one == other)
    both = sum((Counter(one) & Counter(other)).values())
    return 2 * both / (len(one) + len(other))


def _three_digits(text: str) -> bool:
    return len(text) >= 3 and text[:3].isdigit() and not text[3:4].isdigit()


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _half(one: Case, other: Case) -> bool:
    if one["document"] != other["document"]:
        return False
    a, b = (range(span["start"], span["end"]) for span in (one, other))
    both = len(set(a) & set(b))
    return both > 0 and both >= min(len(a), len(b)) / 2


def _inside(span: Case, passages: list[Case]) -> bool:
    return any(
        p["document"] == span["document"] and p["start"] <= span["start"] <= span["end"] <= p["end"]
        for p in passages
    )


def _characters(spans: Any) -> set[tuple[str, int]]:
    return {(s["document"], i) for s in spans for i in range(s["start"], s["end"])}


def _divided(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _harmonic(good: Any, hit: Any) -> float:
    if not hit[1]:
        return math.nan
    precision, recall = good[0] / good[1] if good[1] else 0.0, hit[0] / hit[1]
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _with_interval(value: float, n: int, draws: list[float], cases: int) -> list[Any]:
    """Return value, N and interval; where all cases agree, that of as many trials."""
    if not n:
        return [None, 0, None, None]
    low, high = np.percentile([draw for draw in draws if not math.isnan(draw)], [2.5, 97.5])
    if cases and low == high == 1:
        low = 0.025 ** (1 / cases)
    elif cases and low == high == 0:
        high = 1 - 0.025 ** (1 / cases)
    return [value, n, low, high]


def _unlike(where: str, reported: dict[str, Any], found: dict[str, list[Any]]) -> list[str]:
    lines = [
        f"{where}{name} is {said}, not {found[name]}"
        for name, metric in reported.items()
        if name in found
        and not _close(said := [metric[key] for key in ("value", "n", "low", "high")], found[name])
    ]
    unknown = reported.keys() ^ found.keys()
    return [*lines, *(f"{where}{name} is not in both" for name in sorted(unknown))]


def _close(one: Any, other: Any) -> bool:
    return all(
        a is b if a is None or b is None else math.isclose(a, b, abs_tol=1e-9)
        for a, b in zip(one, other, strict=True)
    )


def main(path: str) -> int:
    """Print what differs in the report; return the exit code."""
    report = json.loads(Path(path).read_text(encoding="utf-8"))
    found = differences(report)
    counted = len(report["metrics"]) + sum(len(k["metrics"]) for k in report["by_kind"].values())
    print("\n".join(found) or f"all {counted} numbers and their intervals are as reported")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
