"""What each signal of the ranking is worth: every set again without it.

    python -m tests.benchmarks.ablation [--data ../shared/data] [--work library/benchmarks]

A row takes one signal out (the rest keep their weights), a column is a set with the measure that it
is known by, all questions asked; below a number stands what is lost, with its 95 % interval over
the questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from index import Library, rank
from index.embed import Encoder, Vectors
from index.records import Hit
from rag.evaluate.cases import Case, load
from rag.evaluate.metrics import gold_retrieved
from rag.evaluate.statistics import ratio
from rag.rewrite import refers_back
from rag.settings import Settings
from tests.benchmarks import financebench, fit_ranking, own, xquad
from tests.benchmarks.common import System, files_in, folders, progress, read

_NONE = dict.fromkeys(
    ("dense", "sentence", "document", "alone", "around", "mentioned", "asked"), 0.0
) | {"foreign": 1.0}
ROWS: Mapping[str, Mapping[str, float]] = {  # what is changed of the weights
    "all signals": {},
    "without the passage's vector": {"dense": 0.0},
    "without its sentences' vectors": {"sentence": 0.0},
    "without the document's vector": {"document": 0.0},
    "without BM25 of the passage": {"alone": 0.0},
    "without BM25 with its neighbours": {"around": 0.0},
    "without documents that a hit names": {"mentioned": 0.0},
    "without documents that the question names": {"asked": 0.0},
    "without the rule for other languages": {"foreign": 1.0},
    "the passage's vector only": _NONE | {"dense": 1.0},
    "BM25 of the passage only": _NONE | {"alone": 1.0},
    "half of each": _NONE | {"dense": 0.5, "alone": 0.5},
}
_HITS = 50  # passages of a search, of which each set looks at its first

Opened = Callable[[], AbstractContextManager[Library]]
Measure = Callable[[Sequence[Hit]], float]
Questions = list[tuple[str, Measure]]


@dataclass(frozen=True)
class AskedOnce:
    """An encoder that keeps the vectors of the questions, which every row asks again."""

    encoder: Encoder
    vectors: dict[str, Vectors]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.encoder, name)

    def __hash__(self) -> int:
        return hash(self.encoder)

    def encode_question(self, question: str) -> Vectors:
        if question not in self.vectors:
            self.vectors[question] = self.encoder.encode_question(question)
        return self.vectors[question]


def main() -> None:
    """Print a table in Markdown, a set at a time."""
    parser = folders(__doc__)
    parser.add_argument("--only", type=lambda value: value.split(","))
    options = parser.parse_args()
    system = System()
    for name, opened, questions in sets(options.data, options.work, system):
        if options.only and name not in options.only:
            continue
        with opened() as library:
            library.encoder = AskedOnce(library.encoder, {})
            asked = questions(library)
            whole: list[float] = []
            for row, changed in ROWS.items():
                library.ranking = replace(rank.weights(), **changed)
                found = [
                    measure(library.search(question, _HITS))
                    for question, measure in progress(asked, f"{name}: {row}", "question")
                ]
                whole = whole or found
                print(line(name, row, found, whole), flush=True)


def line(name: str, row: str, found: Sequence[float], whole: Sequence[float]) -> str:
    """Return a row of the table: the mean, and the change against all signals."""
    mean = ratio(row, [(value, 1) for value in found])
    change = ratio(row, [(a - b, 1) for a, b in zip(found, whole, strict=True)])
    of_all = f"[{mean.low:.3f}, {mean.high:.3f}]"
    lost = f"{change.value:+.3f} [{change.low:+.3f}, {change.high:+.3f}]" if found != whole else ""
    return f"| {name} | {row} | {mean.value:.3f} {of_all} | {lost} | {mean.n} |"


def sets(
    data: Path, work: Path, system: System
) -> Iterator[tuple[str, Opened, Callable[[Library], Questions]]]:
    """Yield name, library and questions of each set."""
    of_texts: dict[str, Callable[[Path], fit_ranking.Set]] = {
        **fit_ranking.SETS,
        **{f"xquad-{la}": partial(fit_ranking.of_xquad, language=la) for la in xquad.LANGUAGES},
    }
    for name, of in of_texts.items():
        texts, asked = of(data)
        yield name, partial(system.kept_library, work, name, texts), partial(_by_passage, asked)
    pdfs = sorted((data / "financebench" / "pdfs").glob("*.pdf"))
    opened = partial(system.kept_library_of_files, work, "financebench", pdfs)
    yield "financebench", opened, lambda _: _by_page(data)
    opened = partial(system.kept_library_of_files, work, own.NAME, files_in([own.DOCUMENTS]))
    yield own.NAME, opened, partial(_by_gold, own.CASES)
    corpus, seeds = data.parent / "corpus", data.parent / "cases" / "seeds_dev.jsonl"
    opened = partial(system.kept_library_of_files, work, "seeds", files_in([corpus]))
    yield "seeds", opened, partial(_by_gold, seeds)


def _by_passage(asked: Sequence[fit_ranking.Asked], _: Library) -> Questions:
    def measure(one: fit_ranking.Asked, hits: Sequence[Hit]) -> float:
        return one.metric([hit.passage for hit in hits])

    return [(one.question, partial(measure, one)) for one in asked]


def _by_page(data: Path) -> Questions:
    rows = read(data / "financebench" / "questions.jsonl")
    return [(row["question"], partial(financebench.shows_page, row)) for row in rows]


def _by_gold(cases: Path, library: Library) -> Questions:
    """Return the questions of cases, with the share of their gold that an answer could cite."""
    first = Settings().hits

    def measure(case: Case, hits: Sequence[Hit]) -> float:
        passages = [{"document": h.document, "start": h.start, "end": h.end} for h in hits[:first]]
        found, spans = gold_retrieved(case, {"passages": passages})
        return found / spans

    return [
        (_stand_alone(case), partial(measure, case))
        for case in load(cases, library.text)
        if case.gold
    ]


def _stand_alone(case: Case) -> str:
    """Return the question as it is searched where the model's rewriting is not kept."""
    follows = case.history and refers_back(case.question)
    return f"{case.history[-1][0]} {case.question}" if follows else case.question


if __name__ == "__main__":
    main()
