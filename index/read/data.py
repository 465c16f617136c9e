"""JSON (.json) and JSON Lines (.jsonl) -> a line for each record, its keys repeated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from index.errors import UnreadableError
from index.read.outline import Reading, Section, clean, sectioned
from index.read.text import decode

_MAX_DEPTH = 40


def read_json(data: bytes) -> Reading:
    """Read a JSON document; a place, by its path, for each object that holds no other.

    Raises UnreadableError where it is not JSON, nested too deep, or too long.
    """
    text = decode(data)
    return sectioned(_records(_parsed(text, 1), "", 0))


def read_json_lines(data: bytes) -> Reading:
    """Read a file with a JSON value on each line; a place for each.

    Raises UnreadableError as `read_json` does.
    """
    return sectioned(
        Section(" | ".join(_flat(_parsed(line, number), "", 0)), None, f"line {number}", True)
        for number, line in enumerate(decode(data).split("\n"), start=1)
        if line.strip()
    )


def _parsed(text: str, line: int) -> Any:
    """Return the value; numbers stay as they are written."""
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise UnreadableError(
            f"is not JSON: line {line + error.lineno - 1}: {error.msg}; mend it, or save it as .txt"
        ) from None
    except RecursionError:
        raise UnreadableError("nests its values too deep to be read") from None


def _records(value: Any, path: str, depth: int) -> Iterator[Section]:
    """Yield a section for each object or list that holds plain values only, or some of them."""
    _check_depth(depth)
    items = _items(value, path)
    plain = [(key, one) for key, _, one in items if not isinstance(one, dict | list)]
    lists = [(key, one) for key, _, one in items if _is_plain_list(one)]
    shown = [*_labelled(plain), *(f"{key}: {', '.join(map(_shown, one))}" for key, one in lists)]
    if shown:
        yield Section(clean(" | ".join(shown)), None, path or None, joined=bool(path))
    for _, inner_path, one in items:
        if isinstance(one, dict | list) and not _is_plain_list(one):
            yield from _records(one, inner_path, depth + 1)


def _items(value: Any, path: str) -> list[tuple[str, str, Any]]:
    """Return key, path and value of each thing that a value holds."""
    if isinstance(value, dict):
        return [(key, f"{path}.{key}" if path else key, one) for key, one in value.items()]
    if isinstance(value, list):
        return [("", f"{path}[{at}]", one) for at, one in enumerate(value)]
    return [("", path, value)]


def _is_plain_list(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(one, dict | list) for one in value)


def _labelled(plain: list[tuple[str, Any]]) -> Iterator[str]:
    for key, one in plain:
        if one is not None and _shown(one):
            yield f"{key}: {_shown(one)}" if key else _shown(one)


def _flat(value: Any, key: str, depth: int) -> Iterator[str]:
    """Yield "key: value" for every plain value inside, keys joined by dots."""
    _check_depth(depth)
    if _is_plain_list(value):
        value = ", ".join(map(_shown, value))
    if isinstance(value, dict | list):
        for _, path, one in _items(value, key):
            yield from _flat(one, path, depth + 1)
    elif value is not None and _shown(value):
        yield clean(f"{key}: {_shown(value)}" if key else _shown(value))


def _check_depth(depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise UnreadableError(f"nests its values more than {_MAX_DEPTH} deep")


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: ""}[value]
    return " ".join(str(value).split())
