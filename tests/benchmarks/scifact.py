"""SciFact: does the search find the abstracts that a claim cites?

Documents are all 5,183 abstracts (title, blank line, text); queries are 300 of the 809 training
claims in a fixed random order (full: all 809); relevant are the abstracts that a claim cites. A
document has the rank of its best passage. `ndcg@10` ranks what a search of 50 passages returns;
`recall@100`, the share of relevant abstracts among the first 100, searches 400 passages, so that
there are 100 documents. `dense_…` and `bm25_…` rank by the one index alone, 400 passages deep;
`dense_whole_…` by one vector for each abstract, of the 256 word pieces that the model sees.
Published numbers are of the 300 test claims.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from index import Library, lexical, passages
from index.embed import Encoder
from index.search import Source
from index.terms import query_terms
from rag.evaluate.retrieval import ndcg, recall
from rag.evaluate.statistics import Metric
from tests.benchmarks.common import Row, System, Texts, mean, progress, read, subset

REFERENCES = {
    "ndcg@10": "potion-base-8M .506, all-MiniLM .645, all-mpnet-base .656, BM25 .679, "
    "bm25s .687, e5-small .689, SPLADE++ .704, bge-small .713, gte-small .727, "
    "bge-base .741, granite-small .755",
    "dense_ndcg@10": "all-MiniLM .645",
    "bm25_ndcg@10": "Pyserini .679, bm25s .687",
    "bm25_recall@100": "Pyserini .925",
}
SMALL = 300
_SHOWN, _DEEP = 50, 400  # passages

Ranking = Callable[[str], Sequence[str]]  # a query -> names of documents, best first


def run(
    data: Path, work: Path, *, full: bool, limit: int | None = None, system: System | None = None
) -> list[Metric]:
    """Return nDCG@10 and recall@100 of the search, and of its two halves."""
    abstracts = texts(data)
    chosen = subset(claims(data), SMALL, full=full, limit=limit)
    with (system or System()).kept_library(work, "scifact", abstracts) as library:
        alone = {
            **halves_of(library),
            "dense_whole": whole_documents(abstracts, library.encoder),
        }
        return [
            mean("ndcg@10", gains(chosen, searched(library, _SHOWN), "search")),
            mean("recall@100", recalls(chosen, searched(library, _DEEP), "search, deeper")),
            *(
                metric
                for name, ranking in alone.items()
                for metric in (
                    mean(f"{name}_ndcg@10", gains(chosen, ranking, name)),
                    mean(f"{name}_recall@100", recalls(chosen, ranking, name)),
                )
            ),
        ]


def texts(data: Path) -> Texts:
    """Return the abstracts by their ids."""
    return [
        (row["_id"], f"{row['title']}\n\n{row['text']}")
        for row in read(data / "scifact" / "corpus.jsonl.gz")
    ]


def claims(data: Path) -> list[Row]:
    """Return the training claims that cite an abstract."""
    rows = read(data / "scifact" / "queries_train.jsonl")
    return [row for row in rows if row["cited_doc_ids"]]


def gains(chosen: Sequence[Row], ranking: Ranking, what: str) -> list[float]:
    """Return the nDCG@10 of each claim."""
    return [
        ndcg(claim["cited_doc_ids"], ranking(claim["text"]), 10)
        for claim in progress(chosen, f"scifact: {what}", "claim")
    ]


def recalls(chosen: Sequence[Row], ranking: Ranking, what: str) -> list[float]:
    """Return the recall@100 of each claim."""
    return [
        recall(claim["cited_doc_ids"], ranking(claim["text"]), 100)
        for claim in progress(chosen, f"scifact: {what}", "claim")
    ]


def searched(library: Library, passages: int) -> Ranking:
    """Return the ranking that the library's search makes of so many passages."""
    return lambda query: [hit.document for hit in library.search(query, passages)]


def halves_of(library: Library) -> Mapping[str, Ranking]:
    """Return the ranking by vectors alone and the one by words alone."""

    def names(source: Source, ids: Sequence[int]) -> list[str]:
        return [passage.document for _, passage, _, _ in passages.read(source.catalog, ids)]

    def by_vectors(query: str) -> list[str]:
        with library.current() as source:
            vector = library.encoder.encode_question(query)
            return names(source, source.index.dense.search(vector, _DEEP)[:_DEEP].tolist())

    def by_words(query: str) -> list[str]:
        with library.current() as source:
            index = source.index
            asked = lexical.asked(query_terms(query, index.languages))
            told = lexical.told(asked, index.words.having(asked), index.lengths.passages)
            ids = index.words.search(told, _DEEP).tolist()
            alone, _ = source.words(told, ids)
            return names(source, [ids[i] for i in np.argsort(-alone, kind="stable")[:_DEEP]])

    return {"dense": by_vectors, "bm25": by_words}


def whole_documents(abstracts: Texts, encoder: Encoder) -> Ranking:
    """Return the ranking by one vector for each document, of as much of it as the model sees."""
    names = [name for name, _ in abstracts]
    rows = encoder.encode([text for _, text in progress(abstracts, "scifact: whole", "abstract")])

    def by_whole(query: str) -> list[str]:
        return [names[i] for i in np.argsort(-(rows @ encoder.encode_question(query)))[:_DEEP]]

    return by_whole
