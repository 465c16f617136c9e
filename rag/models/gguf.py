"""Whether a GGUF file is whole. OpenVINO's reader ends the process on one that is cut off.

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from rag.errors import WeightsError

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_SCALARS = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))
_STRING, _ARRAY = 8, 9
_MOST = 1 << 24  # entries of anything in a sound file
_ALIGNMENT = 32  # of the tensors, unless the file says otherwise


def check(path: Path) -> None:
    """Raise WeightsError unless the file has a whole head, and tensors up to the last one."""
    try:
        with path.open("rb") as file:
            last = _last_tensor(file)
    except (OSError, struct.error, KeyError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path} is no whole GGUF file: download or copy it again") from error
    if path.stat().st_size <= last:
        raise WeightsError(
            f"{path} is cut off at {path.stat().st_size:,} bytes: download or copy it again"
        )


def _last_tensor(file: BinaryIO) -> int:
    """Return where the last tensor starts, in bytes."""
    if file.read(4) != _MAGIC:
        raise ValueError("no GGUF file")
    version, tensors, entries = _read(file, "IQQ")
    if version not in _VERSIONS or not 0 < tensors < _MOST or entries >= _MOST:
        raise ValueError("numbers that no sound file has")
    alignment = _ALIGNMENT
    for _ in range(entries):
        key = _text(file)
        (kind,) = _read(file, "I")
        value = _value(file, kind)
        if key == b"general.alignment" and isinstance(value, int):
            alignment = value
    offsets: list[int] = []
    for _ in range(tensors):
        _text(file)
        (dimensions,) = _read(file, "I")
        _skip(file, 8 * dimensions + 4)  # the sizes, and the type
        offsets += _read(file, "Q")
    return -(-file.tell() // alignment) * alignment + max(offsets)


def _value(file: BinaryIO, kind: int) -> object:
    """Read a value; of an array and a text, return nothing."""
    if kind == _STRING:
        _text(file)
        return None
    if kind != _ARRAY:
        return _read(file, _SCALARS[kind])[0]
    inner, count = _read(file, "IQ")
    if inner in _SCALARS:
        _skip(file, count * struct.calcsize(_SCALARS[inner]))
        return None
    for _ in range(count):
        _value(file, inner)
    return None


def _text(file: BinaryIO) -> bytes:
    (length,) = _read(file, "Q")
    return _bytes(file, length)


def _skip(file: BinaryIO, count: int) -> None:
    _bytes(file, count)


def _bytes(file: BinaryIO, count: int) -> bytes:
    if count > _MOST or len(found := file.read(count)) < count:
        raise ValueError("the file ends within its head")
    return found


def _read(file: BinaryIO, layout: str) -> tuple[int, ...]:
    found: tuple[int, ...] = struct.unpack(f"<{layout}", file.read(struct.calcsize(f"<{layout}")))
    return found
