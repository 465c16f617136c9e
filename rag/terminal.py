"""What a terminal shows: text of documents that must not steer it, progress, and what was found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from index import AddReport, Library
    from index.records import Progress
    from rag.records import Answer, Citation


def line(text: str) -> str:
    """Return the text in one line that a terminal shows as it is: control characters escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def add(library: Library, paths: Iterable[Path], *, prune: bool = False) -> AddReport:
    """Add the files and folders to the library, with a bar where there is a terminal."""
    with indexing() as show:
        report = library.add(paths, prune=prune, progress=show)
        library.refresh(show)  # here, where it is seen to take its time, not in the first search
    return report


@contextmanager
def indexing() -> Iterator[Callable[[Progress], None]]:
    """Show the progress that is told as a bar, where there is a terminal."""
    from tqdm import tqdm

    with tqdm(unit=" passages", desc="indexing", disable=None, leave=False) as bar:

        def show(progress: Progress) -> None:
            name = line(progress.name)[-40:]
            number = min(progress.files_done + 1, progress.files)
            bar.set_description(f"file {number} of {progress.files} {name}")
            done, total = progress.passages_done, progress.passages
            bar.unit = " passages"
            if not total and progress.pages:  # it is still being read
                done, total, bar.unit = progress.pages_read, progress.pages, " pages"
            if total != bar.total or done < bar.n:
                bar.reset(total or None)
            bar.update(done - bar.n)

        yield show


def print_answer(answer: Answer) -> None:
    """Print the sentences with numbers, and the quotes that the numbers stand for."""
    numbers: dict[Any, int] = {}
    for sentence in answer.shown:
        marks = [numbers.setdefault(c, len(numbers) + 1) for c in sentence.citations]
        print(line(" ".join(sentence.text.split())), "".join(f"[{mark}]" for mark in marks))
    if answer.abstained:
        print(
            f"Your documents do not say. Searched {answer.documents_searched} documents, "
            f"{answer.passages_searched} passages."
        )
    if answer.note:
        print(line(answer.note))
    for citation, number in numbers.items():
        print(f"\n[{number}] {_quoted(citation)}")
    for conflict in answer.conflicts:
        print("\nYour documents disagree:")
        for citation in conflict.citations:
            print(f"    {_quoted(citation)}")


def _quoted(citation: Citation) -> str:
    """Return where a citation stands, and below it its words."""
    place = f", {line(citation.place)}" if citation.place else ""
    return (
        f"{line(citation.document)}{place}, {citation.start}:{citation.end}\n"
        f"    “{line(' '.join(citation.quote.split()))}”"
    )


def print_metrics(report: Mapping[str, Any]) -> None:
    """Print the metrics of a report with their intervals, and the cases that failed."""
    for name, m in report["metrics"].items():
        value = "      –" if m["value"] is None else f"{m['value']:7.3f}"
        interval = "" if m["low"] is None else f"[{m['low']:.3f}, {m['high']:.3f}]"
        print(f"{name:24}{value}  {interval:18} N {m['n']}")
    print(f"95 % intervals over the cases; bootstrap seed {report['seed']}")
    failed = [
        line(f"{case['id']} ({', '.join(case['failures'])})")
        for case in report["cases"]
        if not case["passed"]
    ]
    print(f"{len(failed)} of {len(report['cases'])} cases failed: {'; '.join(failed) or '–'}")


def print_changes(
    baseline: Mapping[str, Any] | None, found: Mapping[str, Any], out: TextIO
) -> bool:
    """Print what changed against the baseline; return whether it is a loss."""
    from rag.evaluate import compare

    if baseline is None:
        return False
    changes = compare.compare(baseline, found)
    for doubt in compare.doubts(baseline, found):
        print(f"note: {doubt}", file=sys.stderr)
    print(*compare.lines(changes), sep="\n", file=out)
    return any(change.is_loss for change in changes)
