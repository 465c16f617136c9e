"""JSON and lines of JSON -> lines of keys and values that can each be understood alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from index.errors import UnreadableError
from index.read.outline import Reading, Section, clean, one_line, sectioned
from index.read.text import decode

MAX_DEPTH = 100  # of arrays and objects in one another

_NAME = re.compile(r"[^\W\d]\w*")
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]')
_LONGEST = 500  # characters of an object that stays in one line with what is nested in it


class _Object(list[tuple[str, Any]]):
    """The members of an object, told from an array."""


def read_json(data: bytes) -> Reading:
    """Read JSON: the values with their keys, a line for each object, under its path.

    Numbers stay as they are written. Raises UnreadableError where it is not JSON (a file of a
    record on each line is read as such), or nested past reading.
    """
    text = decode(data)
    try:
        found = _parse(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text[: error.pos].count("\n") > 0:
            return sectioned(_records(text))
        raise _broken(error, error.lineno) from None
    return sectioned(_sections(found, "", ""))


def read_json_lines(data: bytes) -> Reading:
    """Read a record of JSON on each line. Raises UnreadableError where a line is not JSON."""
    return sectioned(_records(decode(data)))


def _records(text: str) -> Iterator[Section]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                record = _parse(line)
            except json.JSONDecodeError as error:
                raise _broken(error, number) from None
            yield Section(_flat(record), None, f"line {number}", joined=True)


def _broken(error: json.JSONDecodeError, line: int) -> UnreadableError:
    return UnreadableError(f"is not JSON: line {line:,}: {error.msg}; mend it, or save it as .txt")


def _parse(text: str) -> Any:
    check_depth(text)
    return json.loads(
        text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_Object
    )


def check_depth(text: str) -> None:
    """Raise UnreadableError where arrays and objects are nested past reading."""
    depth = 0
    for sign in _NESTING.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(sign[0], 0)
        if depth > MAX_DEPTH:
            raise UnreadableError(f"nests arrays and objects more than {MAX_DEPTH} deep")


def _sections(value: Any, path: str, heading: str) -> Iterator[Section]:
    """Yield a line for each object and each plain value, under its path.

    An object that is short stays in one line with all that is nested in it.
    """
    if not isinstance(value, list) or (path and not _holds_objects(value) and _is_short(value)):
        yield Section(_flat(value), heading or None, path or None, joined=True)
    elif isinstance(value, _Object):
        plain = _Object(member for member in value if _is_plain(member[1]))
        yield Section(_flat(plain), heading or None, path or None, joined=True)
        for key, member in value:
            if not _is_plain(member):
                name = clean(key).strip() or "(no name)"
                above = f"{heading} > {name}" if heading else name
                yield from _sections(member, _below(path, key), above)
    else:
        for number, member in enumerate(value):
            yield from _sections(member, f"{path}[{number}]", heading)


def _is_plain(value: Any) -> bool:
    """Whether a member of an object is told in the object's own line."""
    if isinstance(value, list):
        inner = any(isinstance(member, list) for member in value)
        return not value or (not isinstance(value, _Object) and not inner and _is_short(value))
    return True


def _holds_objects(value: Any) -> bool:
    return not isinstance(value, _Object) and any(isinstance(member, _Object) for member in value)


def _is_short(value: Any) -> bool:
    length = 0
    for name, text in _leaves(value, ""):
        length += len(name) + len(text)
        if length > _LONGEST:
            return False
    return True


def _below(path: str, key: str) -> str:
    """Return the JSON path of a member, without the "$." that all start with."""
    if not _NAME.fullmatch(key):
        return f"{path}[{json.dumps(clean(key), ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key


def _flat(value: Any, name: str = "") -> str:
    """Return a value in one line: "name: Ada | tags: a, b | address.town: Ely"."""
    return " | ".join(f"{key}: {text}" if key else text for key, text in _leaves(value, name))


def _leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, _Object):
        for key, member in value:
            yield from _leaves(member, _below(name, key) if name else clean(key))
    elif isinstance(value, list):
        if any(isinstance(member, list) for member in value):
            for number, member in enumerate(value):
                yield from _leaves(member, f"{name}[{number}]")
        elif value:
            yield name, ", ".join(filter(None, map(_shown, value)))
    elif text := _shown(value):
        yield name, text


def _shown(value: Any) -> str:
    """Return a plain value as it is written; null is nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return one_line(value)
