"""FinanceBench: is the page of a filing found that holds the evidence, and can it be cited?

Documents are all filings as PDF but the largest, a 10-K of 156 pages, in one library (full: all
seven); every question on them is asked: 12 of 16 (full: all). `evidence_page@8` is the share of
questions for which one of the first eight passages touches a page of the evidence;
`evidence_citable` the share whose page, as it was read, holds the text of the evidence when white
space is ignored: what is read otherwise can never be cited. The set has lost the filings' curly
quotes and dashes: `evidence_citable_words` compares letters and digits alone. Pages count from 0 in
the set and from 1 in Pincite. What is published is of answers, and cannot be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from index import Hit, Library
from rag.evaluate.statistics import Metric, Share, ratio
from tests.benchmarks.common import Row, System, progress, read, subset

REFERENCES: dict[str, str] = {}
_SHOWN = 8

Page = tuple[str, int]  # document, number from 1


def run(
    data: Path, work: Path, *, full: bool, limit: int | None = None, system: System | None = None
) -> list[Metric]:
    """Return the shares of questions whose page is found, and whose evidence can be cited."""
    pdfs = sorted((data / "financebench" / "pdfs").glob("*.pdf"), key=lambda f: f.stat().st_size)
    filings = pdfs if full else pdfs[:-1]
    names = {file.name for file in filings}
    on_them = [
        row for row in read(data / "financebench" / "questions.jsonl") if row["document"] in names
    ]
    chosen = subset(on_them, len(on_them), full=full, limit=limit)
    with (system or System()).kept_library_of_files(work, "financebench", filings) as library:
        found = [
            (
                is_found(library, row),
                is_citable(library, row, squeezed),
                is_citable(library, row, letters),
            )
            for row in progress(chosen, "financebench: search", "question")
        ]
    return [
        ratio("evidence_page@8", [page for page, _, _ in found]),
        ratio("evidence_citable", [text for _, text, _ in found]),
        ratio("evidence_citable_words", [words for _, _, words in found]),
    ]


def is_found(library: Library, row: Row) -> Share:
    """Count a question with a page of its evidence among the pages of the first passages."""
    return shows_page(row, library.search(row["question"], _SHOWN)), 1


def shows_page(row: Row, hits: Sequence[Hit]) -> float:
    """Return whether a page of the question's evidence is among those of the first hits."""
    pages = {(hit.document, place.page) for hit in hits[:_SHOWN] for place in hit.places}
    return float(any(page in pages for page, _ in evidence(row)))


def is_citable(library: Library, row: Row, as_compared: Callable[[str], str]) -> Share:
    """Count a question whose evidence its pages hold, as the texts are compared."""
    found = [
        as_compared(text) in as_compared(text_of(library, page)) for page, text in evidence(row)
    ]
    return float(all(found)), 1


def evidence(row: Row) -> Sequence[tuple[Page, str]]:
    """Return the page and the text of each piece of a question's evidence."""
    return [((row["document"], one["page"] + 1), one["text"]) for one in row["evidence"]]


def text_of(library: Library, page: Page) -> str:
    """Return the text of a page as Pincite reads it."""
    document = library.document(page[0])
    return "".join(document.text[p.start : p.end] for p in document.places if p.page == page[1])


def squeezed(text: str) -> str:
    """Return the text without white space."""
    return "".join(text.split())


def letters(text: str) -> str:
    """Return the text's letters and digits."""
    return "".join(c for c in text if c.isalnum())
