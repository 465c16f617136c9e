"""Boundaries that a reader of each language would choose, and that tear nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from index.language import LANGUAGES, clear_language
from index.sentences import break_before, spans
from index.split import sentences

BOUNDARIES = Path(__file__).with_name("boundaries.txt")  # "# de", then texts; ‖ ends a sentence


def texts() -> Iterator[tuple[str, str]]:
    language = ""
    for line in BOUNDARIES.read_text("utf-8").splitlines():
        if line.startswith("# "):
            language = line[2:]
        else:
            yield language, line


TABLE = list(texts())
JOINED = {code: " ".join(t for c, t in TABLE if c == code).replace("‖", " ") for code, _ in TABLE}


def expected(marked: str) -> list[tuple[int, int]]:
    found, start = [], 0
    for part in marked.split("‖"):
        black = start + len(part) - len(part.lstrip())
        found.append((black, start + len(part.rstrip())))
        start += len(part)
    return found


@pytest.mark.parametrize(("language", "marked"), TABLE, ids=[code for code, _ in TABLE])
def test_sentences_of_each_language(language, marked):
    text = marked.replace("‖", "")
    assert list(spans(text, 0, len(text), language)) == expected(marked)


def test_the_table_has_many_languages():
    counts = [sum(code == language for code, _ in TABLE) for language in JOINED]
    assert len(JOINED) >= 30
    assert sum(count >= 8 for count in counts) >= 20
    assert {*JOINED} <= {*LANGUAGES}


@pytest.mark.parametrize("language", JOINED)
def test_the_language_is_told_from_the_text(language):
    assert clear_language(JOINED[language][:200]) == language


def test_names_do_not_tell_a_language():
    assert clear_language("Angelina Malashenkova (Publishing Editor)") == "en"
    assert clear_language("Maria Rossi, Jean-Luc Petit, Anna Kowalska", "de") == "de"


def test_each_paragraph_is_read_by_its_own_language():
    english = "The garden was opened in 1911. 25 people came, and the mayor made a long speech."
    german = "Das gilt z. B. für den Zeitraum ab dem 3. Mai 2020, vgl. Abb. 3 auf der Rückseite."
    short = "Siehe Abb. 3."  # too short to tell: as what stands above it
    text = "\n\n".join([english, german, short, english])
    first, second = "The garden was opened in 1911.", english[31:]
    assert [text[start:end] for start, end in sentences(text)] == [
        *(first, second, german, short, first, second)
    ]


def test_a_quotation_of_chinese_in_an_english_text():
    text = "The sign said: 温室花了3.5亿元。12号楼关闭了。"
    assert [text[start:end] for start, end in spans(text, 0, len(text), "en")] == [
        "The sign said: 温室花了3.5亿元。",
        "12号楼关闭了。",
    ]


SCRIPTS = [
    *("สวนพฤกษศาสตร์เปิดทุกวัน", "เก็บค่าเข้าชม", "ສວນເປີດທຸກມື້", "សួនបើករាល់ថ្ងៃ", "ဥယျာဉ်ကိုဖွင့်သည်။"),
    *("क्षेत्र में कृपया", "தோட்டம்", "e\u0301a\u0308", "👩‍👩‍👧‍👦", "👍🏽", "🇸🇪🇫🇮", "❤️", "한국어", "각"),
    *("‼️", "。", "...", ". ", "! ", "\n", "\u200b", " ", "z. B. ", "Dr. ", "12. ", "مرحبا؟ ", "ά."),
]
ANY = st.lists(st.text(max_size=6) | st.sampled_from(SCRIPTS), max_size=60).map("".join)


def characters(text: str) -> set[int]:
    """Where characters end, as people see them; white space is one even before a mark."""
    ends = {m.end() for m in regex.finditer(r"\X", text)}
    return (
        ends
        | {0}
        | {i for i, c in enumerate(text) if c.isspace()}
        | {i + 1 for i, c in enumerate(text) if c.isspace()}
    )


@given(ANY, st.sampled_from(["en", "de", "th", "zh", "hi", "xx"]))
@example("Stop‼️ Now. 👩‍👩‍👧‍👦", "en")
def test_no_sentence_ends_within_a_character(text, language):
    found = list(spans(text, 0, len(text), language))
    whole = characters(text)
    assert all(left[1] <= right[0] for left, right in pairwise(found))
    assert {i for start, end in found for i in range(start, end) if not text[i].isspace()} == {
        i for i, c in enumerate(text) if not c.isspace()
    }
    assert all(start in whole and end in whole for start, end in found)


@given(st.sampled_from(SCRIPTS), st.integers(20, 300))
def test_no_long_text_is_cut_within_a_character(piece, limit):
    text = piece * (600 // len(piece))
    cut = break_before(text, 0, limit)
    assert 0 < cut <= limit
    assert cut in characters(text)
    assert text[cut - 1] not in "เแโใไເແໂໃໄ"


def test_a_long_text_is_cut_at_white_space_else_at_a_mark():
    assert break_before("สวนเปิด ทุกวัน", 0, 10) == 7
    assert break_before("温室，花园，图书馆", 0, 8) == 6
    assert break_before("សួន\u200bបើក\u200bរាល់", 0, 8) == 7
    assert break_before("x" * 50, 0, 20) == 20


def test_what_the_library_sees_at_once_is_not_cut_within_a_word():
    text = "สวนพฤกษศาสตร์ " * 600
    found = sentences(text)
    assert len(found) > 1
    assert all(text[start:end].endswith("สวนพฤกษศาสตร์") for start, end in found)
