"""A model's folder that is made once in the cache and appears there in one rename, when whole.

A manifest beside its files says their sizes and SHA-256.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock

from index.errors import WeightsError

_MANIFEST = "manifest.json"
_PARTIAL = ".partial-"  # and anything: the folders in which a model is made

Manifest = dict[str, tuple[int, str]]  # a file's name -> its size in bytes and its SHA-256


def prepared(folder: Path, make: Callable[[Path], None], *, what: str, needs: str) -> Path:
    """Return the folder; where it is not whole, `make` fills a new one that takes its place.

    Interrupted, it leaves no trace; of several processes one makes it and the others wait.
    Raises WeightsError, which names `what` is prepared and how much disk that `needs`.
    """
    if not is_prepared(folder):
        try:
            _prepare(folder, make)
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())
            advice = f"; it needs {needs}: free some, or" if _is_full(error) else ";"
            raise WeightsError(
                f"cannot prepare {what} in {folder.parent} ({reason}){advice} "
                "choose another folder with PINCITE_CACHE"
            ) from error
    return folder


def is_prepared(folder: Path) -> bool:
    """Whether the folder has a manifest and every file that it names, in its size."""
    files = manifest(folder)
    return files is not None and all(
        (folder / name).is_file() and (folder / name).stat().st_size == size
        for name, (size, _) in files.items()
    )


def verify(folder: Path) -> None:
    """Hash every file of a prepared folder; raises WeightsError where one has changed."""
    for name, (_, sha256) in (manifest(folder) or {}).items():
        if not (folder / name).is_file() or hash_of(folder / name) != sha256:
            raise WeightsError(
                f"{name} is missing or damaged: delete the folder {folder} and ask again"
            )


def manifest(folder: Path) -> Manifest | None:
    """Return what the folder's manifest says, None where there is none that can be read."""
    try:
        found = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None  # not made yet, or damaged: it is made again
    except OSError as error:
        raise WeightsError(f"cannot read {folder / _MANIFEST}: {error.strerror}") from error
    return found["files"] if isinstance(found, dict) and "files" in found else None


def hash_of(path: Path) -> str:
    """Return the file's SHA-256."""
    digest = hashlib.sha256()
    for block in blocks(path):
        digest.update(block)
    return digest.hexdigest()


def blocks(path: Path, size: int = 1 << 22) -> Iterator[bytes]:
    """Yield the file's bytes in blocks."""
    with path.open("rb") as file:
        while block := file.read(size):
            yield block


def _is_full(error: Exception) -> bool:
    """Whether the disk is full, as Python says it or OpenVINO."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "iostream" in str(error)


def _prepare(folder: Path, make: Callable[[Path], None]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / ".lock"):  # others wait, and use what this one made
        if is_prepared(folder):
            return
        for killed in folder.parent.glob(f"{_PARTIAL}*"):
            shutil.rmtree(killed)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=_PARTIAL) as scratch:
            made = Path(scratch, "model")
            made.mkdir()
            make(made)
            files = {file.name: (file.stat().st_size, hash_of(file)) for file in made.iterdir()}
            (made / _MANIFEST).write_text(json.dumps({"files": files}, indent=1), encoding="utf-8")
            if folder.exists():
                shutil.rmtree(folder)  # an older, damaged one
            made.rename(folder)
