"""Which words a sentence rests on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import Document, Hit
from index.split import split
from rag.attribute import MAX_SPANS, attribute, cover, spans, with_previous
from rag.select import excerpts
from tests.fakes import LetterEncoder, ToldReader

TEXT = """Mira Holt, the treasurer, opened the meeting. Revenue in 2023 was 12.4 million.

Costs were 9 million in 2023. The board thanked the crew."""


def hits(text=TEXT, name="minutes.txt"):
    document = Document(name, "0" * 64, text)
    return [Hit(passage, document.sha256, 1.0, 1.0, 1.0) for passage in split(document)]


def test_the_main_span_is_the_sentence_with_the_number():
    claim = "Revenue was 12.4 million in 2023."
    (first, *_) = attribute(claim, spans(hits()), LetterEncoder())
    assert first.text == "Revenue in 2023 was 12.4 million."


def test_a_name_that_stands_elsewhere_brings_a_second_span():
    claim = "According to Mira Holt, revenue was 12.4 million."
    found = [span.text for span in attribute(claim, spans(hits()), LetterEncoder())]
    assert found == [
        "Revenue in 2023 was 12.4 million.",
        "Mira Holt, the treasurer, opened the meeting.",
    ]


def test_spans_of_one_sentence_are_of_one_document():
    both = [*hits(), *hits("Mira Holt was born in Oslo.", "other.txt")]
    found = attribute("Costs were 9 million, said Oslo.", spans(both), LetterEncoder())
    assert {span.hit.document for span in found} == {"minutes.txt"}


def test_a_row_comes_with_the_first_of_its_table():
    table = "Equipment | Stella | Havet\nRafts | 7 | 5\nVests | 33 | 24"
    found = attribute("There are 24 vests.", spans(hits(table)), LetterEncoder())
    assert [span.text for span in found] == ["Vests | 33 | 24", "Equipment | Stella | Havet"]


def test_a_number_of_another_document_is_found_where_it_is_said_of_the_same():
    both = [*hits(), *hits("Revenue in 2023 was 12.5 million after the audit.", "audit.txt")]
    claim = "Revenue in 2023 was 12.4 million, and 12.5 million after the audit."
    found = attribute(claim, spans(both), LetterEncoder())
    assert {span.hit.document for span in found} == {"minutes.txt", "audit.txt"}


def test_one_bare_name_or_year_supports_nothing():
    found = attribute("Costs were 9 million, said Holt.", spans(hits()), LetterEncoder())
    assert [span.text for span in found] == ["Costs were 9 million in 2023."]


@pytest.mark.parametrize(
    ("claim", "text", "pinned"),
    [
        ("Berth 5 is 54 metres long.", "Berth 5 is 54 metres long and 4 metres deep.",
         "Berth 5 is 54 metres long"),
        # what stands before is its subject
        ("Berth 5 is 4 metres deep.", "Berth 5 is 54 metres long and 4 metres deep.",
         "Berth 5 is 54 metres long and 4 metres deep."),
        ("It set a ceiling of 35,000.", "Ann will ask; the board set a ceiling of 35,000.",
         "the board set a ceiling of 35,000."),
        # nothing is cut off that denies or limits
        ("The quay is open.", "The quay is open, but not for cars.",
         "The quay is open, but not for cars."),
        ("The yard pays 6,500.", "The yard pays 6,500, if the ship is late.",
         "The yard pays 6,500, if the ship is late."),
    ],
)  # fmt: skip
def test_a_pin_is_as_much_of_a_sentence_as_the_claim_needs(claim, text, pinned):
    (found,) = attribute(claim, spans(hits(text)), LetterEncoder())
    assert found.text == pinned


def test_another_sentence_that_has_only_the_year_supports_nothing():
    text = "Revenue was 7 million. Costs were high in 2022.\n\nAnnual Report 2022"
    found = attribute("Revenue was 7 million in 2022.", spans(hits(text)), LetterEncoder())
    assert [span.text for span in found] == ["Revenue was 7 million."]


def test_nothing_fits_nothing():
    assert attribute("Zebras gallop.", spans(hits()), LetterEncoder()) == []
    assert attribute("", spans(hits()), LetterEncoder()) == []
    assert cover("Zebras gallop.", [], LetterEncoder()) == []


def test_the_previous_sentence_can_be_taken_along():
    second = spans(hits())[1]
    assert with_previous(second).text == TEXT[: TEXT.index("\n")]
    first = spans(hits())[0]
    assert with_previous(first) == first


@given(claim=st.text(), text=st.text(min_size=1))
def test_every_citation_is_a_quote_within_a_hit(claim, text):
    found = hits(text)
    cited = attribute(claim, spans(found), LetterEncoder())
    assert len(cited) <= MAX_SPANS
    for span in cited:
        citation = span.cite()
        assert citation.quote == text[citation.start : citation.end]
        assert any(hit.start <= citation.start <= citation.end <= hit.end for hit in found)
        assert citation.sha256 == "0" * 64


@given(question=st.text(min_size=1), room=st.integers(1, 200))
def test_excerpts_hold_only_words_of_the_hits_and_stay_in_their_bounds(question, room):
    found = hits()
    read = excerpts(question, found, LetterEncoder(), ToldReader(), max_chars=room)
    parts = [part for excerpt in read for part in excerpt.split(" … ")]
    assert all(part in TEXT for part in parts)
    one_that_does_not_fit = len(parts) == 1 and parts[0] in {span.text for span in spans(found)}
    assert sum(map(len, parts)) <= room + len(read) * 4 or one_that_does_not_fit


def test_excerpts_of_little_text_are_all_of_it():
    found = hits()
    assert excerpts("?", found, LetterEncoder(), ToldReader(), max_chars=10_000) == [
        hit.text for hit in found
    ]
