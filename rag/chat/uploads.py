"""Uploaded files, kept under the names that they had."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

LONGEST = 200  # bytes of a file's name; most file systems end at 255

_NOT_IN_NAMES = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def base_name(claimed: str) -> str:
    """Return the base name of what a browser says a file is called. It may say anything."""
    last = _NOT_IN_NAMES.sub("", re.split(r"[/\\]", claimed)[-1]).strip()
    if last in ("", ".", ".."):
        return "document"
    stem, dot, suffix = last.rpartition(".")
    if not dot or len(suffix.encode()) > LONGEST // 4:
        stem, dot, suffix = last, "", ""
    room = LONGEST - len((dot + suffix).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + suffix


def keep(files: Iterable[tuple[Path, str]], folder: Path) -> list[Path]:
    """Move files, each with its claimed name, into a folder; return where they are now.

    A name that was uploaded before is replaced: it is a newer state of that document. Two files of
    one name in one upload are both kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept: list[Path] = []
    for file, claimed in files:
        target = _free(folder / base_name(claimed), kept)
        # Written beside the target and renamed: a file is whole or not there.
        with tempfile.TemporaryDirectory(dir=folder, prefix=".upload-") as beside:
            part = Path(beside) / "part"
            shutil.copyfile(file, part)
            part.replace(target)
        file.unlink()  # the browser's copy
        kept.append(target)
    return kept


def _free(target: Path, taken: list[Path]) -> Path:
    candidate, count = target, 1
    while candidate in taken or candidate.is_dir():
        count += 1
        candidate = target.with_name(f"{target.stem} ({count}){target.suffix}")
    return candidate
