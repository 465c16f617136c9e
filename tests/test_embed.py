"""What was encoded is not encoded again, and nothing else changes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index.embed import Remembering
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
