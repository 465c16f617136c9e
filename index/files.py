"""Paths -> files, each with the names that its document may have."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from index.records import Failure


def files(
    paths: Iterable[str | Path], *, without: Path
) -> tuple[list[tuple[Path, list[str]]], list[Failure]]:
    """Return every file with the names it may have, and the paths where there is none.

    Hidden files and the library's own folder are passed over; links to folders are not followed.
    """
    found: dict[Path, list[str]] = {}
    failed: list[Failure] = []

    def unreadable(error: OSError) -> None:
        failed.append(Failure(printable(Path(error.filename)), f"cannot be read: {reason(error)}"))

    for path in map(Path, paths):
        try:
            root = absolute(path)
            exists, is_folder = os.path.lexists(root), root.is_dir()
        except (OSError, ValueError) as error:
            failed.append(Failure(printable(path), f"cannot be used: {reason(error)}"))
            continue
        if not exists:
            failed.append(Failure(printable(path), "there is no such file or folder"))
        elif not is_folder:
            found.setdefault(root, _names(root, 1))
        else:
            failures = len(failed)
            inside = [file for file in _walk(root, unreadable) if not file.is_relative_to(without)]
            for file in inside:
                found.setdefault(file, _names(file, len(file.relative_to(root).parts)))
            if not inside and len(failed) == failures:
                failed.append(Failure(printable(path), "the folder holds no files"))
    return list(found.items()), failed


def absolute(path: Path) -> Path:
    """Return the one path by which a file is known: no links but the file itself, no "..".

    Raises OSError or ValueError where it cannot be the path of a file.
    """
    path = expanded(path)
    if path.is_dir() or path.name in ("", ".."):
        return Path(os.path.realpath(path))
    return Path(os.path.realpath(path.parent), path.name)


def expanded(path: Path) -> Path:
    """Return the path with "~" as the home folder; a "~" that names no user is a letter."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _walk(root: Path, failed: Callable[[OSError], None]) -> Iterator[Path]:
    """Yield the files below a folder in the order of their names."""
    for folder, folders, names in os.walk(root, onerror=failed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _names(file: Path, parts: int) -> list[str]:
    """Return the names a file may have: its last `parts` parts, then with more of its folders."""
    all_parts = file.parts[1:]
    return [printable(Path(*all_parts[-count:])) for count in range(parts, len(all_parts) + 1)]


def printable(path: Path) -> str:
    r"""Return a path as text with "/" between its parts; bytes that are no text as \xff."""
    try:
        return os.fsencode(path.as_posix()).decode(errors="backslashreplace")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return utf8(path.as_posix())


def utf8(text: str) -> str:
    """Return the text with lone surrogates, which no file of text can hold, escaped."""
    return text.encode(errors="backslashreplace").decode()


def reason(error: OSError | ValueError) -> str:
    """Say in a few words what the system said."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def signature(paths: Iterable[str | Path], *, without: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of change of every file below the paths: changes when a file does.

    What lies in the folder `without`, the library's own, does not count.
    """
    found = {}
    for file, _ in files(paths, without=without)[0]:
        with suppress(OSError):  # it went between the look at its folder and at it
            status = file.stat()
            found[str(file)] = (status.st_size, status.st_mtime_ns)
    return found
