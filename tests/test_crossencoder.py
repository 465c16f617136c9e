"""The judge's second reader: windows and places by eye, the embedded network as it is."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.weights import EMBEDDING_FOLDER, cache_folder, packaged_folder
from rag import network, weights
from rag.crossencoder import (
    CARD,
    CrossEncoder,
    HubCrossEncoder,
    Reading,
    _best_span,
    _windows,
    best,
    starts,
)
from rag.errors import WeightsError
from tests.fakes import random_cross_encoder

NORMANDY = (
    "The Normans gave their name to Normandy, a region in France. They were led by Rollo, who "
    "swore fealty to King Charles the Third."
)


@given(st.integers(0, 2000), st.integers(4, 300))
def test_windows_cover_every_piece_and_overlap(length, room):
    found = starts(length, room)
    assert found[0] == 0
    assert found[-1] + room >= length
    assert all(0 < later - earlier <= room - room // 4 for earlier, later in pairwise(found))


def test_the_likeliest_span_ends_no_earlier_than_it_starts_nor_too_late():
    scores = np.zeros((40, 2))
    scores[30, 0] = 5  # a start
    scores[2, 1] = 9  # an end before it
    scores[31, 1] = 3
    assert _best_span(scores)[1] == 2  # better than a start without an end
    scores[2, 1] = 0
    assert _best_span(scores) == (30, 31)
    far = np.zeros((40, 2))
    far[0, 0], far[39, 1], far[5, 1] = 15, 9, 3
    assert _best_span(far) == (0, 5)
    assert _best_span(np.zeros((0, 2))) is None


def test_of_several_windows_the_best_counts_for_either_question():
    one = Reading(support=2, contradiction=-3, answer=-1, span=(0, 4))
    other = Reading(support=-2, contradiction=1, answer=3, span=(10, 12))
    assert best([one, other]) == Reading(support=2, contradiction=-3, answer=3, span=(10, 12))


def test_it_tells_what_is_said_from_what_is_not(real_reader):
    said, other = real_reader.read(
        [
            ("Normandy is a region in France.", NORMANDY),
            ("Normandy is a region in Germany.", NORMANDY),
        ]
    )
    assert said.support > other.support
    assert other.contradiction > said.contradiction


def test_it_tells_a_question_that_is_answered_and_where(real_reader):
    answered, not_answered = real_reader.read(
        [("Who led the Normans?", NORMANDY), ("What did the harvest of 1911 cost?", NORMANDY)]
    )
    assert answered.answer > not_answered.answer
    start, end = answered.span
    assert "Rollo" in NORMANDY[start:end]


def test_a_long_text_is_read_to_its_end(real_reader):
    filler = "The harbour was calm that day and nothing happened at all. " * 60
    claim = "Normandy is a region in France."
    after, nothing = real_reader.read([(claim, filler + NORMANDY), (claim, filler)])
    assert after.support > nothing.support
    (found,) = real_reader.read([("Who led the Normans?", filler + NORMANDY)])
    assert "Rollo" in (filler + NORMANDY)[slice(*found.span)]


def test_what_is_read_does_not_depend_on_what_is_read_with_it(real_reader):
    pairs = [("Who led the Normans?", NORMANDY), ("Who led the Normans?", NORMANDY * 9)]
    together = real_reader.read(pairs)
    fresh = CrossEncoder(lambda: weights.judge_folder(cache_folder()), name="fresh")
    alone = [fresh.read([pair])[0] for pair in pairs]
    for one, other in zip(together, alone, strict=True):
        assert one.answer == pytest.approx(other.answer, abs=0.1)
        assert one.span == other.span


def test_a_pair_is_read_as_it_was_trained_piece_for_piece(real_reader):
    tokenizer, _ = real_reader._loaded
    text = "word " * 900
    windows = list(_windows(tokenizer, [("Who led them?", text), ("Who?", "Rollo.")]))
    cls, sep, pad = (tokenizer.token_to_id(f"[{name}]") for name in ("CLS", "SEP", "PAD"))
    for window in windows:
        assert (window.ids[0], window.ids[window.first - 1], window.ids[-1]) == (cls, sep, sep)
        assert pad not in window.ids
        assert len(window.ids) <= 256
    read = {place for window in windows if window.pair == 0 for place in window.offsets}
    assert len(read) == 900
    assert windows[-1].ids.count(sep) == 2


def test_nothing_and_very_long_claims_are_read_too(real_reader):
    empty, long = real_reader.read([("", ""), ("word " * 900, NORMANDY)])
    assert empty.span is None
    assert long.support is not None
    assert real_reader.read([]) == []


def test_the_network_is_what_its_file_says(tmp_path: Path):
    base = packaged_folder(EMBEDDING_FOLDER)
    model = network.Network(base).eval()
    file = tmp_path / "network.safetensors"
    network.save(network.trained(model), file)
    again = network.load(base, file)
    assert file.stat().st_size < 25e6
    for name, weight in model.state_dict().items():
        step = weight.abs().max() / 127 if weight.ndim > 1 else 0
        assert (again.state_dict()[name] - weight).abs().max() <= step
    card = json.loads(CARD.read_text())
    assert {"base", "made_by", "sets_and_licences", "held_back_auroc"} <= set(card)


def test_a_model_of_inference_takes_the_seat(tmp_path: Path):
    folder = random_cross_encoder(tmp_path, "contradiction", "entailment", "neutral")
    (found,) = HubCrossEncoder(folder, name="nli").read([("A claim.", "A premise.")])
    assert found.support is not None
    assert found.contradiction is not None
    assert found.answer is found.span is None


def test_a_model_of_inference_reads_a_long_premise_to_its_end(tmp_path: Path):
    folder = random_cross_encoder(tmp_path, "contradiction", "entailment", "neutral")
    reader = HubCrossEncoder(folder, name="nli")
    long, short = reader.read([("rye", "harbour " * 200 + "deep"), ("rye", "harbour " * 200)])
    assert long != short


def test_a_model_with_other_labels_is_refused_in_one_line(tmp_path: Path):
    folder = random_cross_encoder(tmp_path, "toxic", "not_entailment")
    with pytest.raises(WeightsError, match="name a model one of whose labels is entailment"):
        HubCrossEncoder(folder, name="other").read([("A claim.", "A premise.")])


def test_a_folder_without_a_model_is_refused_in_one_line(tmp_path: Path):
    with pytest.raises(WeightsError, match="is no cross-encoder"):
        HubCrossEncoder(tmp_path, name="none").read([("A claim.", "A premise.")])
    with pytest.raises(WeightsError, match="there is no model at"):
        weights.reader(str(tmp_path / "missing"))
