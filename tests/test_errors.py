"""Errors: the tree that rag/errors.py draws is the tree that the code has."""

from __future__ import annotations

import re

import pytest

import index.errors
import rag.errors
from index.errors import PinciteError


def drawn(docstring: str) -> dict[str, str | None]:
    """Return each error of the drawn tree with its parent."""
    parents: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []  # column and name
    for line in docstring.splitlines():
        match = re.match(r"([│├└─ ]*)(\w+Error)  ", line)
        if match:
            column, name = len(match[1]), match[2]
            above = [(left, parent) for left, parent in above if left < column]
            parents[name] = above[-1][1] if above else None
            above.append((column, name))
    return parents


def real(modules: list[object]) -> dict[str, str | None]:
    """Return each error that the modules name with its parent."""
    found = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    return {
        error.__name__: error.__base__.__name__ if error is not PinciteError else None
        for error in found
        if error.__base__
    }


@pytest.mark.parametrize("module", [index.errors, rag.errors], ids=["index", "rag"])
def test_the_drawn_tree_is_the_real_one(module: object):
    assert drawn(module.__doc__ or "") == real([module])


def test_a_drawing_is_read_as_a_tree():
    assert drawn("A\n├── BError     b\n│   └── CError  c\n└── DError  d\n") == {
        "BError": None,
        "CError": "BError",
        "DError": None,
    }


def test_every_error_is_public_documented_and_a_pincite_error():
    public = {name: getattr(rag.errors, name) for name in rag.errors.__all__}
    assert set(public) == set(real([rag.errors]))
    assert rag.errors.__all__ == sorted(rag.errors.__all__)
    for error in public.values():
        assert issubclass(error, PinciteError)
        assert error.__doc__


def test_index_errors_are_the_same_classes_in_both_places():
    for name in real([index.errors]):
        assert getattr(rag.errors, name) is getattr(index.errors, name)
