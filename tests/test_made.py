"""Passages that are made of real ones, and the plot of what they cost."""

from __future__ import annotations

import re

import numpy as np
import pytest

from index import Library, changes
from index.records import check_places
from tests.benchmarks.growth import plot
from tests.benchmarks.made import Base, base_of, made, real
from tests.fakes import LetterEncoder

TEXTS = [
    (f"{n}", f"Survey {n}\n\n" + " ".join(f"Bed {n} has {k} roses. It lies {w}." for k in range(9)))
    for n, w in enumerate(["north", "south", "east", "west", "by the quay", "by the pond"])
]


@pytest.fixture
def base(library) -> Base:
    library.add_texts(TEXTS)
    return base_of(library)


def test_a_number_always_makes_the_same_document(base):
    assert made(base, 7) == made(base, 7)
    assert made(base, 7)[0].text != made(base, 8)[0].text


def test_what_is_made_can_be_put_in_found_and_checked(base, tmp_path):
    with Library.open(tmp_path / "made", encoder=LetterEncoder()) as other:
        documents = [made(base, number) for number in range(5)]
        with other.current() as source:
            catalog = source.catalog
        for document, embedded in documents:
            assert len(embedded) == 10
            check_places(document.places, len(document.text))
            changes.put(catalog, document, embedded, path=None, names=[document.name])
        assert other.count() == (5, 50)
        assert other.check() == []
        assert len(other.search("roses", 8)) == 8


def test_real_documents_are_copied_as_they_are(library, base, tmp_path):
    with Library.open(tmp_path / "copy", encoder=LetterEncoder()) as other:
        with other.current() as source:
            catalog = source.catalog
        for document, embedded in real(library):
            changes.put(catalog, document, embedded, path=None, names=[document.name])
        assert other.check() == []
        for question in ("roses by the pond", "Survey 3"):
            assert [(h.document, h.start, h.score) for h in other.search(question)] == [
                (h.document, h.start, h.score) for h in library.search(question)
            ]


def test_vectors_are_of_unit_length_and_near_those_they_are_made_of(base):
    for number in range(5):
        for _, (vector, _) in made(base, number)[1]:
            row = np.frombuffer(vector, np.float32)
            assert float(row @ row) == pytest.approx(1, abs=1e-4)
            assert (base.vectors @ row).max() > 0.7


def test_a_plot_has_a_line_for_each_cost():
    drawn = plot({"search, ms": [(10, 2.0), (1000, 20.0)], "a < b": [(10, 0.5), (1000, 0.5)]})
    assert drawn.count("<polyline") == 2
    assert "a &lt; b: 0.5" in drawn
    assert re.search(r">1,000<", drawn)
