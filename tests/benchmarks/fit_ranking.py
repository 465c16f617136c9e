"""Fit what each signal of a search counts, and write index/ranking.json.

    python -m tests.benchmarks.fit_ranking [--data ../shared/data] [--work library/benchmarks]

The weights of the signals are the listwise softmax regression (Cao et al. 2007, "Learning to Rank:
From Pairwise Approach to Listwise Approach"; here the likelihood that the candidate drawn is a
relevant one) over the candidates of each question, none below 0; every set counts alike. The factor
for questions in a language that the model has not learnt is the mildest of those that do best on
XQuAD, what a document that a first hit mentions gets the least of those that do best on HotpotQA;
what one that the question names gets is set by hand. Prints what the weights give on each set,
fitted on all sets, on the others only, and for SciFact also on the others and four fifths of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from index import Library, rank
from index.passages import read as passages_of
from index.rank import Scores, Weights, scaled
from index.records import Passage
from index.search import candidates, query, signals
from rag.evaluate.retrieval import all_gold, excerpt_recall, ndcg
from tests.benchmarks import chunking, hotpot, scifact, xquad
from tests.benchmarks.common import Row, System, Texts, folders, progress, subset

FITTED = Path(rank.__file__).with_name("ranking.json")
SIGNALS = ("dense", "sentence", "document", "alone", "around")
LANGUAGES = ("ar", "es", "ru", "zh")
FOLDS = 5
FACTORS = (1.0, 0.75, 0.5, 0.35, 0.25, 0.1, 0.0)  # that are tried for foreign questions
MENTIONED = (0.0, 0.1, 0.2, 0.3, 0.4)  # bonuses that are tried
_SHRINK = 0.01  # of the squares of the weights, beside the mean loss of a question
_EVEN = 0.002  # differences below it count as none, so that the least change is made
_A_QUESTION = 0.011  # of HotpotQA's hundred
_COVERED = 0.3  # of a gold span, that a relevant passage holds

Gold = Callable[[Passage], bool]
Metric = Callable[[Sequence[Passage]], float]


@dataclass(frozen=True)
class Listed:
    """The candidates of one question."""

    scaled: NDArray[np.float64]  # (candidates, signals), from 0 to 1
    relevant: NDArray[np.bool_]  # (candidates,)
    passages: Sequence[Passage]
    metric: Metric


@dataclass(frozen=True)
class Asked:
    """A question of a set."""

    question: str
    is_gold: Gold
    metric: Metric


Set = tuple[Texts, list[Asked]]


def main() -> None:
    """Fit, print and write."""
    options = folders(__doc__).parse_args()
    system = System()
    sets = {
        name: listed(system, options.work, name, *of(options.data)) for name, of in SETS.items()
    }
    foreign = {
        language: listed(
            system, options.work, f"xquad-{language}", *of_xquad(options.data, language)
        )
        for language in LANGUAGES
    }
    fitted = fit(sets.values())
    for name, found in sets.items():
        others = fit(value for key, value in sets.items() if key != name)
        line = f"{name:9} N {len(found):4}  {score(found, fitted):.4f}  on the others only "
        print(f"{line}{score(found, others):.4f}")
    print(f"scifact, {FOLDS}-fold: {cross_validated(sets, 'scifact'):.4f}")
    weights = dict(zip(SIGNALS, map(float, fitted), strict=True))
    factors = {
        f: score_foreign(foreign, weights, f) for f in (1.0, 0.75, 0.5, 0.35, 0.25, 0.1, 0.0)
    }
    print("foreign", {factor: round(value, 4) for factor, value in factors.items()})
    made = replace(
        rank.weights(),
        **{name: round(weight, 3) for name, weight in weights.items()},
        foreign=max(f for f, value in factors.items() if value > max(factors.values()) - _EVEN),
    )
    hops = {m: hotpot_score(system, options, replace(made, mentioned=m)) for m in MENTIONED}
    print("mentioned", {bonus: round(value, 3) for bonus, value in hops.items()})
    near = [bonus for bonus, value in hops.items() if value >= max(hops.values()) - _A_QUESTION]
    made = replace(made, mentioned=min(near))
    provenance = {
        "command": "python -m tests.benchmarks.fit_ranking",
        "sets": {name: len(found) for name, found in sets.items()}
        | {"foreign": {name: len(found) for name, found in foreign.items()}}
        | {"mentioned": "hotpot", "asked": "by hand"},
    }
    kept = {"weights": asdict(made), "provenance": provenance}
    FITTED.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def fit(sets: Iterable[Sequence[Listed]]) -> NDArray[np.float64]:
    """Return the weights (signals,), which sum to 1."""
    lists = [
        (one, 1 / len(found))
        for found in map(list, sets)
        for one in found
        if one.relevant.any() and not one.relevant.all()
    ]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total, slope = _SHRINK * float(weights @ weights), 2 * _SHRINK * weights
        for one, share in lists:
            scores = one.scaled @ weights
            drawn = np.exp(scores - scores.max())
            drawn /= drawn.sum()
            right = drawn[one.relevant].sum()
            total -= share * np.log(right)
            slope -= share * one.scaled.T @ (np.where(one.relevant, drawn / right, 0) - drawn)
        return total, slope

    start = np.ones(len(SIGNALS))
    found = minimize(loss, start, jac=True, bounds=[(0, None)] * len(SIGNALS)).x
    weights: NDArray[np.float64] = found / found.sum()
    return weights


def cross_validated(sets: Mapping[str, Sequence[Listed]], name: str) -> float:
    """Return the score of a set, each fifth by weights that have not seen it."""
    others = [found for key, found in sets.items() if key != name]
    folds = [sets[name][fold::FOLDS] for fold in range(FOLDS)]
    scores: list[float] = []
    for held_out, fold in enumerate(folds):
        rest = [one for n, other in enumerate(folds) if n != held_out for one in other]
        weights = fit([*others, rest])
        scores += [one_score(one, weights) for one in fold]
    return float(np.mean(scores))


def score(found: Sequence[Listed], weights: NDArray[np.float64]) -> float:
    """Return the mean of the set's metric."""
    return float(np.mean([one_score(one, weights) for one in found]))


def one_score(one: Listed, weights: NDArray[np.float64]) -> float:
    order = np.argsort(-(one.scaled @ weights), kind="stable")
    return one.metric([one.passages[i] for i in order])


def score_foreign(
    foreign: Mapping[str, Sequence[Listed]], weights: Mapping[str, float], factor: float
) -> float:
    """Return the mean over the languages, with both cosines weighed down."""
    factors = {"dense": factor, "sentence": factor, "document": factor}
    down = np.array([weights[name] * factors.get(name, 1) for name in SIGNALS])
    return float(np.mean([score(found, down) for found in foreign.values()]))


def hotpot_score(system: System, options: argparse.Namespace, weights: Weights) -> float:
    """Return all_gold@8 of whole searches."""
    texts, asked = of_hotpot(options.data)
    with system.kept_library(options.work, "hotpot", texts) as library:
        library.ranking = weights
        return float(np.mean([one.metric(searched(library, one.question)) for one in asked]))


def searched(library: Library, question: str) -> list[Passage]:
    return [hit.passage for hit in library.search(question, hotpot.SHOWN)]


def listed(
    system: System, work: Path, name: str, texts: Texts, asked: Sequence[Asked]
) -> list[Listed]:
    """Return the candidates of each question, as the search has them before it ranks."""
    found = []
    with system.kept_library(work, name, texts) as library, library.current() as source:
        for one in progress(asked, f"{name}: candidates", "question"):
            encoded = partial(library.encoder.encode_question, one.question)
            read_as = query(one.question, encoded, source)
            ids = candidates(read_as, source)
            of_ids = signals(read_as, ids, source)
            passages = [p for _, p, _, _ in passages_of(source.catalog, ids.tolist())]
            found.append(
                Listed(
                    np.stack([_within(of_ids[signal]) for signal in SIGNALS], axis=1),
                    np.array([one.is_gold(passage) for passage in passages]),
                    passages,
                    one.metric,
                )
            )
    return found


def _within(scores: Scores) -> Scores:
    return scaled(scores, scores.min(), scores.max())


def by_document(
    gold: Sequence[str], metric: Callable[[Sequence[str]], float]
) -> tuple[Gold, Metric]:
    wanted = frozenset(gold)
    return (
        lambda passage: passage.document in wanted,
        lambda passages: metric([passage.document for passage in passages]),
    )


def of_scifact(data: Path) -> Set:
    claims = [with_ndcg(row["text"], row["cited_doc_ids"]) for row in scifact.claims(data)]
    return scifact.texts(data), claims


def of_xquad(data: Path, language: str) -> Set:
    chosen = subset(xquad.questions(data, language), xquad.SMALL, full=False, limit=None)
    asked = [with_ndcg(row["question"], [row["context_id"]]) for row in chosen]
    return xquad.texts(data, language), asked


def with_ndcg(question: str, gold: Sequence[str]) -> Asked:
    return Asked(question, *by_document(gold, lambda ranked: ndcg(gold, ranked, 10)))


def of_hotpot(data: Path) -> Set:
    return hotpot.texts(data), [
        Asked(row["question"], *by_document(row["gold_docs"], whole(row)))
        for row in hotpot.questions(data)
    ]


def whole(row: Row) -> Callable[[Sequence[str]], float]:
    gold = row["gold_docs"]
    return lambda ranked: float(all_gold(gold, ranked[: hotpot.SHOWN], hotpot.SHOWN))


def of_chunking(data: Path) -> Set:
    return chunking.texts(data), [with_spans(row) for row in chunking.questions(data)]


def with_spans(row: Row) -> Asked:
    gold = chunking.gold(row)

    def is_gold(passage: Passage) -> bool:
        return any(
            passage.document == document
            and min(passage.end, end) - max(passage.start, start) > _COVERED * (end - start)
            for document, start, end in gold
        )

    def metric(passages: Sequence[Passage]) -> float:
        first = passages[: chunking.SHOWN]
        return excerpt_recall(gold, [(p.document, p.start, p.end) for p in first])

    return Asked(row["question"], is_gold, metric)


SETS: Mapping[str, Callable[[Path], Set]] = {
    "scifact": of_scifact,
    "chunking": of_chunking,
    "hotpot": of_hotpot,
    "xquad-en": lambda data: of_xquad(data, "en"),
}


if __name__ == "__main__":
    main()
