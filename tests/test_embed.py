"""What was encoded is not encoded again, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.embed import Remembering
from index.records import Document
from index.split import MAX_CHARS, split
from tests.fakes import LetterEncoder


@given(st.lists(st.lists(st.sampled_from(["a", "ab", "b", "", "cc"]), max_size=6), max_size=5))
def test_vectors_are_those_of_the_encoder(asked: list[list[str]]):
    plain, remembering = LetterEncoder(), Remembering(LetterEncoder(), most=2)
    for texts in asked:
        assert np.array_equal(remembering.encode(texts), plain.encode(texts))


def test_a_text_is_encoded_once_while_it_is_kept():
    encoder = LetterEncoder()
    remembering = Remembering(encoder, most=2)
    remembering.encode(["a", "b", "a"])
    assert encoder.encoded == 2
    remembering.encode(["b", "c"])  # "a" was wanted longest ago
    assert encoder.encoded == 3
    remembering.encode(["b", "c"])
    assert encoder.encoded == 3
    remembering.encode(["a"])
    assert encoder.encoded == 4


def test_it_is_the_encoder_in_all_else():
    encoder = LetterEncoder("letters")
    remembering = Remembering(encoder)
    assert (remembering.name, remembering.dimension) == ("letters", 26)
    assert np.array_equal(remembering.encode_question("ab"), encoder.encode_question("ab"))


@pytest.mark.parametrize(
    ("sentence", "last", "other"),
    [
        ("温室每天都开放，孩子们可以免费参观。", "狗不能进入花园。", "猫可以进入图书馆。"),
        ("बाग हर दिन बच्चों के लिए खुला है। ", "कुत्ते नहीं आ सकते।", "बिल्ली आ सकती है।"),
        ("Ο κήπος είναι ανοιχτός κάθε μέρα. ", "Οι σκύλοι δεν μπαίνουν.", "Οι γάτες μπαίνουν."),
        ("🌷 🌻 🌹 👩‍🌾! ", "Dogs stay out.", "Cats may come in."),
        ("4815162342 9071 3350. ", "Dogs stay out.", "Cats may come in."),
        ("aGVsbG8gd29ybGQgYW5kIGdvb2RieQ==! ", "Dogs stay out.", "Cats may come in."),
        ("if (x[i] != y{j}) { z = f(a, b); }! ", "Dogs stay out.", "Cats may come in."),
    ],
    ids=["Chinese", "Hindi", "Greek", "emoji", "numbers", "base64", "code"],
)
def test_the_last_sentence_of_a_dense_passage_is_read(real_encoder, sentence, last, other):
    dense = sentence * ((MAX_CHARS - len(last) - 4) // len(sentence))

    def read(text: str):
        (passage,) = split(Document("a.txt", "", text))
        places, _ = real_encoder.encode_pieces(passage.text)
        assert len(places) > 256  # more than the model's window
        assert places[:, 1].max() == len(passage.text)  # its last character has been seen
        return real_encoder.encode_passage(passage.text, passage.sentences)

    whole, sentences = read(dense + last)
    assert sentences[-1] @ whole < 0.999  # its own, not the mean of all
    changed, others = read(dense + other)
    assert not np.allclose(sentences[-1], others[-1], atol=1e-3)
    assert not np.allclose(whole, changed, atol=1e-5)
