"""Reading JSON, notebooks and code: every record, cell and line in its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.read.code import read_code
from index.read.data import read_json, read_json_lines
from index.read.notebook import read_notebook
from index.records import check_places
from tests.test_read_sheets import refusal

# JSON


@pytest.mark.parametrize(
    ("source", "text", "units"),
    [
        ('[{"a": 1.50}, {"a": 1e400}]', "a: 1.50\na: 1e400", ["[0]", "[1]"]),
        ('{"a": 1, "a": 2}', "a: 1 | a: 2", []),
        ('{"a b": {"x": NaN}}', "x: NaN", ['["a b"]']),
        ('["x", null, false]', "x\nfalse", ["[0]", "[2]"]),
        ("12345678901234567890.0", "12345678901234567890.0", []),
        ('{"a": "two\\nlines\\u0000\\ud800"}', "a: two lines", []),
    ],
)
def test_values_stay_as_they_are_written(source, text, units):
    found = read_json(source.encode())
    assert found.text == text
    assert [place.unit for place in found.places if place.unit] == units


def test_what_is_long_is_told_in_several_lines_under_its_path():
    beds = [{"bed": f"Bed {number}", "plants": "Primula " * 9} for number in range(9)]
    found = read_json(json.dumps({"house": {"name": "Palm", "beds": beds}}).encode())
    assert found.places[0].label == "house, house"
    assert found.places[-1].label == "house > beds, house.beds[8]"
    assert found.text.startswith("name: Palm\n\nbed: Bed 0 | plants: Primula Primula")


def test_an_object_that_is_short_stays_in_one_line():
    order = {"id": 7, "customer": {"name": "Ada", "town": "Ely"}, "items": [{"n": 2}, {"n": 3}]}
    found = read_json(json.dumps({"orders": [order]}).encode())
    assert found.text == (
        "id: 7 | customer.name: Ada | customer.town: Ely | items[0].n: 2 | items[1].n: 3"
    )
    assert found.places[0].label == "orders, orders[0]"


def test_broken_json_is_refused_with_its_line():
    assert refusal(read_json, b'{"a":\n1,}').startswith("is not JSON: line 2: ")
    assert refusal(read_json_lines, b'{"a": 1}\n\n{').startswith("is not JSON: line 3: ")
    assert refusal(read_notebook, b'{"cells":\n[}').startswith("is not a Jupyter notebook: line 2")
    assert read_json(b'{"a": 1}\n{"a": 2}\n').places[1].unit == "line 2"


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_nesting_is_refused(opening):
    for reader in (read_json, read_json_lines, read_notebook):
        assert "more than 100 deep" in refusal(reader, opening.encode() * 100_000)
    assert "[[[" in read_json(b'{"a": "' + b"[" * 300 + b'"}').text
    deep = f"{opening * 99}7{']' * 99 if opening == '[' else '}' * 99}"
    assert read_json(deep.encode()).text.endswith("7")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('abc é\n"[.', max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab .", max_size=3), inner),
    max_leaves=30,
)


def leaves(value: object) -> list[str]:
    if isinstance(value, dict):
        return [leaf for member in value.values() for leaf in leaves(member)]
    if isinstance(value, list):
        return [leaf for member in value for leaf in leaves(member)]
    if value is None:
        return []
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return [" ".join(text.split())]


@settings(max_examples=150, deadline=None)
@given(VALUES, st.sampled_from([0, 500]))
def test_no_value_of_any_json_is_lost(value, longest):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.read.data._LONGEST", longest)
        found = read_json(json.dumps(value).encode())
    check_places(found.places, len(found.text))
    assert all(leaf in found.text for leaf in leaves(value))
    assert all(found.text[place.start : place.end].strip() for place in found.places)


# Notebooks


def test_a_notebook_of_version_3_is_read():
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Light"},
        {"cell_type": "code", "input": ["x = 1"], "outputs": [{"text": "1\n"}]},
    ]
    found = read_notebook(json.dumps({"worksheets": [{"cells": cells}]}).encode())
    assert found.text == "## Light\n\nx = 1\n\n1"
    assert [place.label for place in found.places] == [
        "Light, cell 1", "Light, cell 2", "Light, cell 2",
    ]  # fmt: skip


def test_long_output_is_cut_and_errors_are_named():
    outputs = [
        {"output_type": "stream", "text": ["x" * 30_000]},
        {"output_type": "error", "ename": "ValueError", "evalue": "no seeds", "traceback": []},
    ]
    cell = {"cell_type": "code", "source": "go()", "outputs": outputs}
    text = read_notebook(json.dumps({"cells": [cell]}).encode()).text
    assert len(text) < 21_000
    assert text.endswith("x\n[…]\n\nValueError: no seeds")


@pytest.mark.parametrize(
    "data", [b"[]", b"{}", b'{"cells": 3}', b'{"worksheets": 3}', b'{"worksheets": []}', b"{"]
)
def test_what_is_no_notebook_is_refused(data):
    assert refusal(read_notebook, data).startswith("is not a Jupyter notebook: ")


def test_strange_cells_are_passed_over():
    cells = [3, {"cell_type": "code", "source": 5, "outputs": [None, {"data": 3}]}, {"source": "x"}]
    assert read_notebook(json.dumps({"cells": cells}).encode()).text == "x"


# Code


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text("ab {}\t", max_size=8), max_size=9))
def test_every_line_of_code_has_its_place(lines):
    found = read_code("\n".join(lines).encode())
    assert found.text == "\n".join(lines)
    check_places(found.places, len(found.text))
    told = {place.unit: found.text[place.start : place.end] for place in found.places}
    assert told == {f"line {n}": line for n, line in enumerate(lines, 1) if line.strip()}
