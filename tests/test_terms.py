"""Terms: what counts as the same word, in each kind of writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.language import STEMMERS, language, language_among
from index.terms import fingerprint, query_terms, terms, written_terms


@pytest.mark.parametrize(
    ("one", "other", "spoken"),
    [
        ("harbours", "Harbour", "en"),
        ("the company's", "the COMPANY", "en"),
        ("barcos", "barco", "es"),
        ("корабли", "корабль", "ru"),
        ("Häuser", "hausern", "de"),
        ("ﬁnance ２０２３", "finance 2023", "en"),  # ligature, full-width digits
        ("café", "cafe\u0301", "fr"),
    ],
)
def test_forms_of_a_word_are_one_term(one, other, spoken):
    assert terms(one, spoken) == terms(other, spoken)


def test_writing_without_spaces_is_compared_by_pairs_of_characters():
    assert terms("港口很深。船", "zh") == ["港口", "口很", "很深", "船"]
    assert terms("GDP为5%", "zh") == ["gdp", "为", "5"]


def test_a_question_has_the_terms_of_each_language():
    assert {"harbour", "deep"} <= query_terms("deep harbours", ["en", "de"])
    assert query_terms("deep harbours", ["en", "de"]) >= set(terms("deep harbours", "de"))


@pytest.mark.parametrize(
    ("text", "spoken", "count"),
    [
        ("हिन्दी भाषा में किताबें", "hi", 4),
        ("தமிழ் மொழி", "ta", 2),
        ("كَتَبَ الولد", "ar", 2),
        ("שָׁלוֹם", "he", 1),
    ],
)
def test_marks_are_parts_of_their_words(text, spoken, count):
    assert len(terms(text, spoken)) == count


def test_vowel_signs_of_arabic_and_hebrew_may_be_left_out():
    assert terms("كَتَبَ", "ar") == terms("كتب", "ar")
    assert terms("שָׁלוֹם", "he") == terms("שלום", "he")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("The tenant may\n sublet 5 rooms.", True),
        ("THE TENANT MAY SUBLET 5 ROOMS.", True),
        ("The tenant may not sublet 5 rooms.", False),
        ("The tenant may sublet -5 rooms.", False),
        ("The rooms may sublet 5 tenant.", False),
    ],
)
def test_copies_differ_in_case_and_white_space_only(other, same):
    assert (fingerprint("The tenant may sublet 5 rooms.") == fingerprint(other)) is same


@given(st.text(max_size=60), st.sampled_from(["en", "zh", "ar", *STEMMERS]))
def test_any_text_has_terms_without_white_space(text, spoken):
    found = list(written_terms(text, spoken))
    assert all(term and not any(map(str.isspace, term)) for term, _ in found)
    assert [term for term, _ in found] == terms(text, spoken)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The harbour is fourteen metres deep and open all year.", "en"),
        ("El puerto tiene catorce metros de profundidad.", "es"),
        ("Глубина гавани составляет четырнадцать метров.", "ru"),
        ("يبلغ عمق الميناء أربعة عشر مترا.", "ar"),
        ("港口水深十四米，全年开放。", "zh"),
    ],
)
def test_the_language_of_a_text_is_known(text, code):
    assert language(text) == code
    assert language_among(text, ["ar", "en", "es", "ru", "zh"]) == code


def test_what_is_too_short_has_the_language_of_what_it_stands_in():
    assert language("Tabla 3", "es") == "es"
    assert language("14 | 15 | 16 | 17 | 18 | 19 | 20 | 21 | 22", "ru") == "ru"


def test_a_question_is_in_one_of_the_languages_of_the_library():
    assert language_among("¿Qué?", ["en"]) == "en"
    assert language_among("港口有多深？", ["en", "zh"]) == "zh"
