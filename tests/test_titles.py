"""Titles: what a document goes by, and which texts name it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import Document, Place
from index.terms import written_terms
from index.titles import above, asks_for, file_title, keys, mentions, start_of, starts, title_of


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Berth 5\n\nIt is deep.", "Berth 5"),
        ("\n\n# The harbour #\nIt is deep.", "The harbour"),
        ("It is deep.", ""),  # there is no more
        ("It was the best of times,\nit was the worst of times.", ""),  # it goes on
        ("x" * 201 + "\nIt is deep.", ""),
        ("", ""),
    ],
)
def test_the_title_is_a_short_first_line(text, title):
    assert title_of(text) == title


def test_the_words_of_a_files_name_are_a_title_too():
    assert file_title("notes/lease_agreement-2021.pdf") == "lease agreement 2021"
    document = Document("lease_2021.pdf", "", "Rent of Berth 5\n\nIt is dear.")
    assert keys(document, "en") == {"leas 2021", "rent of berth 5"}


@pytest.mark.parametrize(
    "name", ["2021.txt", "a.txt", "12 13.txt", "x" * 3, "what is the.txt", "does.md", "how to"]
)
def test_what_is_too_little_names_nothing(name):
    assert keys(Document(name, "", "It is deep."), "en") == set()


def test_file_name_title_and_headings_stand_above_a_passage():
    text = "Rent\n\nIt is dear."
    document = Document("lease.txt", "", text, (Place(0, 18, heading="Terms > Payment"),))
    assert above(document, "Rent", 6) == "lease\nRent\nTerms > Payment"
    assert above(document, "Rent", 0) == "lease\nTerms > Payment"  # it holds the title


def words(text: str, language: str = "en"):
    return list(written_terms(text, language))


def test_a_text_names_a_document_by_all_of_its_title():
    assert mentions("rent of berth 5", words("see Rent of Berth 5."))
    assert not mentions("rent of berth 5", words("the Rent of a berth 5"))
    assert not mentions("rent of berth 5", words("the Rent of Berth"))


def test_a_question_names_a_document_by_the_terms_of_its_title():
    assert asks_for("annual report 2022", words("what does the annual report for 2022 say?"))
    assert not asks_for("annual report 2022", words("what does the annual report say?"))
    assert "report 2022" in starts(words("what does the report for 2022 say?"), within=2)


def test_a_passage_writes_a_name_with_a_capital():
    assert not mentions("harbour", words("the harbour"))
    assert mentions("harbour", words("the Harbour"))
    assert mentions("港口 口合 合同", words("见港口合同", "zh"))  # Chinese has none


@given(st.lists(st.sampled_from(["Rent", "of", "berths", "5"]), min_size=1, max_size=5))
def test_a_title_that_a_text_holds_is_looked_up_by_its_start(title):
    text = "so the " + " ".join(title)
    document = Document("", "", " ".join(title) + "\nIt is deep.")
    for key in keys(document, "en"):
        assert start_of(key) in starts(words(text))
        assert asks_for(key, words(text))
        assert mentions(key, words(text)) is ("Rent" in title)
