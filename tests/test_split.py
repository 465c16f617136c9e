"""Splitting: exact offsets whatever the text, and the boundaries that a reader would choose."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from index.records import Document, Passage, Place, place_at
from index.split import MAX_CHARS, sentences, split

PIECES = [
    *("The ship sailed. ", "Dr. Wrede of Ltd. ", "e.g. 3.14 ", "Is it? ", "\n", "\n\n", "\r\n"),
    *(" \t", "\x00", "\x1c", "\u2028", "\u200b", "- item\n", "1. First\n", "# Heading\n"),
    *(
        "z. B. am 3. Mai. ",
        "τι; ",
        "สวน เปิด",
        "क्षेत्र में। ",
        "ဥယျာဉ်။",
        "The fees are:\n\n",
        "a | b. C\n",
    ),
    *("这是一个句子。", "你好！", "👩‍👩‍👧‍👦", "🇸🇪.", "…", '."', "x" * 90, "مرحبا؟ "),
]
TEXTS = st.lists(st.text(max_size=12) | st.sampled_from(PIECES), max_size=40).map("".join)


def passages(text: str, *places: Place, max_chars: int = MAX_CHARS) -> tuple[Passage, ...]:
    return split(Document("a.txt", "", text, places), max_chars=max_chars)


def said(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def blacks(text: str) -> list[int]:
    return [i for i, c in enumerate(text) if not c.isspace()]


@given(TEXTS, st.sampled_from([1, 7, 60, MAX_CHARS]))
@example("这是一个句子。" * 3000, MAX_CHARS)
@example("x" * 9000, MAX_CHARS)
@example("\ufeff a. \ufeff", 7)
@example("\n".join(["a wrapped line that is long enough to be joined to the next"] * 200), 60)
def test_any_text_is_split_exactly(text, max_chars):
    found = passages(text, max_chars=max_chars)
    assert all(p.text == text[p.start : p.end] for p in found)
    assert all(0 < p.end - p.start <= max_chars for p in found)
    assert all(left.end <= right.start for left, right in pairwise(found))
    assert [i for p in found for i in range(p.start, p.end) if not text[i].isspace()] == blacks(
        text
    )
    spans = [span for p in found for span in p.sentences]
    assert [i for start, end in spans for i in range(start, end) if not text[i].isspace()] == (
        blacks(text)
    )
    for p in found:
        assert (p.sentences[0][0], p.sentences[-1][1]) == (p.start, p.end)
        assert all(left[1] <= right[0] for left, right in pairwise(p.sentences))
    assert passages(text, max_chars=max_chars) == found


@given(TEXTS)
def test_sentences_hold_every_character_once(text):
    found = sentences(text)
    assert [i for start, end in found for i in range(start, end) if not text[i].isspace()] == (
        blacks(text)
    )
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in found)


@given(st.lists(st.integers(0, 30), max_size=8).map(sorted), st.integers(0, 40))
def test_the_place_of_an_offset_is_the_last_that_starts_before_it(starts, offset):
    places = [Place(start, start, page=number) for number, start in enumerate(starts)]
    before = [place for place in places if place.start <= offset]
    assert place_at(places, offset) == (before[-1] if before else None)


def test_a_heading_starts_a_passage():
    text = "Intro.\n\n# One\n\nFirst.\n\n# Two\n\nSecond."
    two = text.index("# Two")
    one = text.index("# One")
    places = Place(one, two, heading="One"), Place(two, len(text), heading="Two")
    assert [p.text for p in passages(text, *places)] == [
        "Intro.",
        "# One\n\nFirst.",
        "# Two\n\nSecond.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Wrede met Mrs. Lind at 3 p.m. in the office.",
        "The firm Acme Inc. paid 3.5 million.",
        "Fruits, e.g. apples, are sold.",
    ],
)
def test_an_abbreviation_ends_no_sentence(text):
    assert said(text) == [text]


def test_sentences_end_where_they_end():
    assert said("It sailed. It sank! Why? No one knows.") == [
        "It sailed.",
        "It sank!",
        "Why?",
        "No one knows.",
    ]
    assert said("船沉了。为什么？") == ["船沉了。", "为什么？"]


def test_wrapped_lines_are_one_sentence():
    text = "The harbour master may refuse a berth to any\nvessel not insured. She must say why."
    assert said(text) == [text[: text.index(" She")], "She must say why."]


def test_items_of_a_list_are_kept_apart():
    text = (
        "The following goods are not to be taken on board the ferry\n"
        "- explosives of every kind, whatever their packing may be\n"
        "- animals that are larger than a dog of the usual size\n"
        "2. more than twenty litres of fuel in a single container"
    )
    assert said(text) == text.split("\n")


def test_a_short_line_is_not_joined_to_the_next():
    assert said("Terms\nPayment is due in May.") == ["Terms", "Payment is due in May."]


def test_a_paragraph_is_not_torn_where_it_fits_the_next_passage():
    first, second = "One sentence here. " * 30, "Two sentences there. " * 25
    assert [p.text for p in passages(f"{first}\n\n{second}")] == [first.strip(), second.strip()]


def test_long_lines_are_split_alike_however_long_they_are():
    sentence = "Mr. Lind paid 3.5 million kronor for it. "
    assert said(sentence * 2000) == [sentence.strip()] * 2000
    assert said("船沉了。" * 20_000) == ["船沉了。"] * 20_000


@pytest.mark.parametrize(
    "text",
    [
        *("船沉了。" * 100_000, "x" * 400_000, "a\n" * 100_000, "(" * 200_000, "." * 200_000),
        *("（。1" * 100_000, "Das gilt z. B. für " + "a. " * 100_000, "a:\n\n" * 80_000),
    ],
    ids=["no spaces", "one word", "lines", "brackets", "dots", "open", "initials", "colons"],
)
@pytest.mark.timeout(60)
def test_the_time_grows_with_the_length_only(text):
    passages(text)


@pytest.mark.timeout(60)
def test_many_places_take_no_time():
    pages = tuple(Place(i * 16, i * 16 + 14, page=i + 1) for i in range(20_000))
    passages("para one here.\n\n" * 20_000, *pages)


def test_each_row_of_a_table_is_a_sentence_however_long():
    rows = [
        "House\tVisitors of the first half year\tVisitors of the second half year",
        "Orchid house\t12,040 in spite of the closed weeks\t18,300",
        "Fern house | 9,120 in spite of the closed weeks | 11,004 and school classes",
    ]
    text = "\n".join(rows)
    assert [text[start:end] for start, end in sentences(text)] == rows


@pytest.mark.parametrize("gap", ["\n\n", "\n", "\n \n"])
def test_no_passage_holds_the_end_of_a_section_and_the_next_heading(gap):
    text = gap.join(
        [
            "# Notes",
            "The first ferry sailed in May.",
            "## The rules of the harbour which every master has to know",
            "Berths are let by the day.",
            "# Notes",
            "The last ferry sailed in June.",
        ]
    )
    starts = [m.start() for m in re.finditer("^#", text, re.MULTILINE)]
    headings = ["Notes", "Notes > The rules of the harbour which every master has to know", "Notes"]
    places = [
        Place(start, end, heading=heading)
        for start, end, heading in zip(starts, [*starts[1:], len(text)], headings, strict=True)
    ]
    found = passages(text, *places)
    assert [p.start for p in found] == starts
    assert [text[slice(*p.sentences[0])] for p in found] == [
        "# Notes",
        "## The rules of the harbour which every master has to know",
        "# Notes",
    ]


def test_rows_under_one_heading_share_a_passage():
    rows = [f"Bed: {n} | Species: Primula | Heading: Beds" for n in range(4)]
    text = "\n".join(rows)
    places = [
        Place(text.index(row), text.index(row) + len(row), heading="Beds", unit=f"row {n}")
        for n, row in enumerate(rows)
    ]
    assert [p.text for p in passages(text, *places)] == [text]


def test_a_heading_in_the_middle_of_a_line_cuts_no_sentence():
    text = "The harbour master decides. She may, as Rules say, refuse a berth. That is all."
    place = Place(text.index("Rules"), len(text), heading="Rules")
    assert "She may, as Rules say, refuse a berth." in [
        text[start:end] for p in passages(text, place) for start, end in p.sentences
    ]


BEFORE = "The harbour opens early. " * 22  # most of a passage


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
@pytest.mark.parametrize(
    "lead", ["The fees are:", "费用如下：", "The harbour says that the fees are:"]
)
def test_the_line_that_leads_to_a_list_stands_with_its_first_items(lead, gap):
    items = "\n".join(f"- berth {n}: {n * 10} kronor for each day of the week" for n in range(9))
    first, second = passages(f"{BEFORE}\n\n{lead}{gap}{items}")
    assert first.text == BEFORE.strip()
    assert second.text == f"{lead}{gap}{items}"


def test_a_lead_within_a_paragraph_stands_with_what_it_leads_to():
    first, second = passages(f"{BEFORE}Each master has to pay these fees:\n" + "- kronor " * 30)
    assert first.text == BEFORE.strip()
    assert second.text.startswith("Each master has to pay these fees:\n- kronor")


def test_a_heading_without_a_place_stands_with_what_follows():
    second = "Fares\n\n" + "A ticket costs nine kronor. " * 10
    assert [p.text for p in passages(f"{BEFORE}\n\n{second}")] == [BEFORE.strip(), second.strip()]


def test_what_leads_stays_where_both_do_not_fit():
    lead = "The fees " + "of the harbour " * 6 + "are:"
    item = "berth " * 105
    assert [p.text for p in passages(f"{BEFORE[:300]}\n\n{lead}\n\n{item}")] == [
        f"{BEFORE[:300]}\n\n{lead}",
        item.strip(),
    ]


def test_a_list_of_short_lines_leads_to_nothing():
    text = "\n\n".join(f"Orchid {n}" for n in range(2000))
    assert min(p.end - p.start for p in passages(text)[:-1]) > 600


def test_stops_in_a_cell_end_no_row():
    rows = ["House\tOpen\tVisitors", "Orchid house\tDaily. Closed in May.\t18,300. Estimated."]
    assert said("\n".join(rows)) == rows
    assert said("| Fern house | Daily. Closed in May. |") == [
        "| Fern house | Daily. Closed in May. |"
    ]


@pytest.mark.parametrize("mark", ["3.1", "§ 5", "12.", "Art. 7", "-"])
def test_a_number_and_a_tab_make_no_row(mark):
    assert said(f"{mark}\tThe tenant pays. The landlord does not.") == [
        f"{mark}\tThe tenant pays.",
        "The landlord does not.",
    ]


DENSE = [
    "สวนพฤกษศาสตร์เปิดทุกวัน",
    "温室花园图书馆",
    "ក្រុងភ្នំពេញ",
    "👩‍👩‍👧‍👦",
    "aGVsbG8gd29ybGQ",
    "9",
    "क्षेत्र",
]


@given(st.lists(st.sampled_from(DENSE), min_size=1, max_size=200).map("".join))
@example("สวนพฤกษศาสตร์เปิดทุกวัน" * 100)
def test_text_without_spaces_is_cut_between_characters(text):
    ends = {m.end() for m in regex.finditer(r"\X", text)} | {0}
    found = passages(text)
    assert all({start, end} <= ends for p in found for start, end in p.sentences)
    assert "".join(p.text for p in found) == text
