"""The inverted index: passages by the terms they have."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.lexical import counts, hash_of
from index.words import WordIndex

TEXTS = {
    1: "The harbour is deep.",
    2: "The harbour is dredged, the harbour is wide and the quay is long.",
    3: "Rye bread is baked at night.",
    4: "The bakery sells rye bread and rolls.",
    9: "A quay.",
}


def rows(texts: dict[int, str]) -> list[tuple[int, bytes]]:
    return [(number, counts(text, "", "en")) for number, text in texts.items()]


def filled(folder, texts: dict[int, str] = TEXTS) -> WordIndex:
    index = WordIndex(folder)
    index.update([(range(1, 10), rows(texts))])
    return index


def search(index: WordIndex, *terms: str, k: int = 10) -> list[int]:
    return index.search({hash_of(term): 1.0 for term in terms}, k).tolist()


def having(index: WordIndex, *terms: str) -> list[int]:
    return index.having(map(hash_of, terms))


def test_passages_are_found_by_their_terms(tmp_path):
    index = filled(tmp_path)
    assert len(index) == 5
    assert {*search(index, "rye")} == {3, 4}
    assert {*search(index, "harbour", "quay")} == {1, 2, 9}
    assert search(index, "harbour", "quay", "long", k=1)[0] == 2
    assert search(index, "zebra") == []
    assert search(index) == []


def test_it_counts_the_passages_that_have_a_term(tmp_path):
    index = filled(tmp_path)
    assert having(index, "harbour", "quay", "zebra", "the") == [2, 2, 0, 3]
    assert having(index) == []


def test_what_tells_more_comes_first(tmp_path):
    index = filled(tmp_path)
    rare, common = hash_of("rye"), hash_of("deep")
    assert index.search({rare: 1.0, common: 9.0}, 1).tolist() == [1]
    assert index.search({rare: 9.0, common: 1.0}, 3).tolist()[-1] == 1


def test_what_is_taken_out_is_neither_found_nor_counted(tmp_path):
    index = filled(tmp_path)
    index.update([(range(1, 3), [])])
    assert len(index) == 3
    assert search(index, "harbour") == []
    assert having(index, "harbour", "quay") == [0, 1]


def test_what_has_changed_takes_the_place_of_what_was_there(tmp_path):
    index = filled(tmp_path)
    index.update([(range(1, 2), rows({1: "Rye is sown."})), (range(10, 12), rows({10: "Deep."}))])
    assert len(index) == 6
    assert {*search(index, "rye")} == {1, 3, 4}
    assert search(index, "deep") == [10]


def test_all_that_tie_are_found(tmp_path):
    index = filled(tmp_path, dict.fromkeys(range(1, 400), "A quay."))
    assert {*search(index, "quay", k=10)} == {*range(1, 400)}


def test_no_more_than_is_wanted_is_found_where_nothing_ties(tmp_path):
    texts = {n: "quay " * n + "harbour" for n in range(1, 30)}
    assert search(filled(tmp_path, texts), "quay", k=3) == [29, 28, 27]


def test_another_process_sees_what_was_written_when_it_reloads(tmp_path):
    index, other = filled(tmp_path), WordIndex(tmp_path)
    assert {*search(other, "rye")} == {3, 4}
    index.update([(range(3, 4), [])])
    assert {*search(other, "rye")} == {3, 4}  # still as it was
    other.reload()
    assert search(other, "rye") == [4]
    assert having(other, "rye") == [1]


def test_damaged_counts_change_nothing(tmp_path):
    index = filled(tmp_path)
    with pytest.raises(ValueError, match="buffer size"):
        index.update([(range(1, 3), [(1, b"torn")])])
    assert len(index) == 5
    assert {*search(index, "harbour")} == {1, 2}
    index.update([(range(1, 2), [])])  # and it can still be written
    assert search(index, "harbour") == [2]


def test_a_damaged_folder_is_told(tmp_path):
    filled(tmp_path / "words")
    shutil.copytree(tmp_path / "words", tmp_path / "other")
    (tmp_path / "words" / "meta.json").write_text("no JSON")
    with pytest.raises((OSError, ValueError)):
        WordIndex(tmp_path / "words")
    for file in (tmp_path / "other").glob("*.term"):
        file.unlink()
    with pytest.raises((OSError, ValueError)):
        WordIndex(tmp_path / "other")


@given(
    st.dictionaries(
        st.integers(1, 60), st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6)
    ),
    st.sets(st.integers(1, 60)),
)
def test_whatever_comes_and_goes_what_has_a_term_is_found(tmp_path_factory, texts, gone):
    words = {letter: f"{letter}7" for letter in "abcdef"}
    held = {number: " ".join(words[a] for a in letters) for number, letters in texts.items()}
    index = WordIndex(tmp_path_factory.mktemp("words"))
    index.update([(range(1, 61), rows(held))])
    index.update([(range(number, number + 1), []) for number in sorted(gone)])
    left = {number: text.split() for number, text in held.items() if number not in gone}
    for word in words.values():
        have = {number for number, of in left.items() if word in of}
        assert {*search(index, word, k=5)} <= have
        assert {*search(index, word, k=60)} == have
        assert having(index, word) == [len(have)]
