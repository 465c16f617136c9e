"""What a terminal shows: text of documents that must not steer it, and progress."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index import AddReport, Library
    from index.records import Progress


def line(text: str) -> str:
    """Return the text in one line that a terminal shows as it is: control characters escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def add(library: Library, paths: Iterable[Path]) -> AddReport:
    """Add the files and folders to the library, with a bar where there is a terminal."""
    from tqdm import tqdm

    with tqdm(unit=" passages", desc="indexing", disable=None, leave=False) as bar:

        def show(progress: Progress) -> None:
            bar.set_description(
                f"file {min(progress.files_done + 1, progress.files)} of {progress.files} "
                f"{line(progress.name)[-40:]}"
            )
            if progress.passages != bar.total or progress.passages_done < bar.n:
                bar.reset(progress.passages or None)
            bar.update(progress.passages_done - bar.n)

        return library.add(paths, progress=show)
