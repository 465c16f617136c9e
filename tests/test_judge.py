"""What the judge lets pass and what it refuses, with the real embedding model."""

from __future__ import annotations

import pytest

from rag import judge, support, vetoes
from rag.errors import SettingsError
from rag.records import Verdict
from rag.settings import Settings
from tests.fakes import ToldReader

TRADE = "Trade turnover in 2022 amounted to $190 billion, which is 29% more year-on-year."
YAMAL = (
    "In July 2014, CNOOC signed a contract worth USD 1.64 billion with the Yamal project for the "
    "manufacturing of 36 modules."
)
GAS = "The two leaders witnessed the signing by CNPC and Gazprom of a contract on gas supplies."

TRUE = [
    ("Trade turnover amounted to $190 billion in 2022.", [TRADE]),
    ("Year on year, trade turnover grew by 29 percent to 190 billion dollars.", [TRADE]),
    ("CNOOC signed a contract worth USD 1.64 billion in July 2014.", [YAMAL]),
    ("CNPC and Gazprom signed a contract on gas supplies.", [GAS]),
]
FALSE = [
    ("Shanghai has 24.2 million people.", ["The conference took place in Shanghai, China."]),
    ("Trade turnover amounted to $180 billion in 2022.", [TRADE]),
    ("Trade turnover amounted to $190 million in 2022.", [TRADE]),
    ("Trade turnover did not amount to $190 billion in 2022.", [TRADE]),
    ("Sinopec signed a contract worth USD 1.64 billion in July 2014.", [YAMAL]),
    ("The gas contract signed by CNPC and Gazprom was worth USD 1.64 billion.", [GAS, YAMAL]),
    ("China operates 36 aircraft carriers.", [YAMAL]),
    ("Bergen sold the ferry in 2021.", ["Oslo sold the ferry in 2021."]),
    (
        "Norvik bought the old quay from the town.",
        ["Tallbo bought the old quay from the town in May.", "Norvik has 200 workers."],
    ),
]


@pytest.mark.parametrize(("claim", "quotes"), TRUE)
def test_what_the_quotes_say_is_supported(claim, quotes, real_encoder, real_reader):
    assert judge.support(claim, quotes, real_encoder, real_reader) >= 0.5


@pytest.mark.parametrize(("claim", "quotes"), FALSE)
def test_what_the_quotes_do_not_say_is_not(claim, quotes, real_encoder, real_reader):
    assert judge.support(claim, quotes, real_encoder, real_reader) < 0.5


def test_support_reads_hundreds_of_long_quotes_to_their_end(real_encoder):
    quotes = ["The harbour was calm that day and nothing happened at all. " * 50] * 200
    claim, _ = TRUE[0]
    assert support(claim, quotes) < 0.5
    assert support(claim, [*quotes, quotes[0] + TRADE]) >= 0.5


def test_nothing_supports_nothing(real_encoder, real_reader):
    assert judge.support("Trade grew.", [], real_encoder, real_reader) < 0.5
    assert judge.support("", [TRADE], real_encoder, real_reader) < 0.5


@pytest.mark.parametrize(
    ("question", "claim", "quote", "context", "refused"),
    [
        ("What was the turnover in 2022?", TRADE, TRADE, "", False),
        ("What was the turnover in 2021?", TRADE, TRADE, "", True),  # another year
        ("How long is Berth 7?", "It is 54 m.", "Berth 5 is 54 m long.", "7. End", True),
        ("How long is Berth 5?", "It is 54 m.", "Berth 5 is 54 m long.", "", False),
        ("What did CNPC sign?", YAMAL, YAMAL, "CNPC", True),  # another company
        ("How many modules does CNOOC make?", "CNOOC makes them.", YAMAL, "", True),  # no number
        ("Who signed for the Yamal project?", "CNOOC did.", YAMAL, "", False),
        ("What did Chen Hao say of trade?", TRADE, TRADE, "Chen Hao spoke of trade.", False),
        ("What did Chen Hao say of trade?", TRADE, TRADE, "Others spoke of trade.", True),
    ],
)
def test_another_name_year_or_kind_of_thing_is_beside_the_point(
    question, claim, quote, context, refused
):
    assert vetoes.beside_the_point(question, claim, [quote], context) is refused


@pytest.mark.parametrize(
    ("support_is", "relevance_is", "verdict"),
    [
        (0.9, 0.9, Verdict.SUPPORTED),
        (0.5, 0.5, Verdict.SUPPORTED),
        (0.49, 0.9, Verdict.UNSUPPORTED),
        (0.9, 0.49, Verdict.OFF_TOPIC),
        (0.1, 0.1, Verdict.UNSUPPORTED),
    ],
)
def test_thresholds_decide(support_is, relevance_is, verdict):
    found = judge.verdict(TRADE, support_is, relevance_is, support_at=0.5, relevance_at=0.5)
    assert found is verdict


def test_what_is_promised_is_what_was_calibrated(real_reader):
    assert "at most 5 %" in judge.promise(real_reader, 0.05, Settings().relevance_threshold)
    assert "nothing is promised" in judge.promise(real_reader, 0.05, 0.01)
    assert "nothing is promised" in judge.promise(ToldReader(), 0.05, 0.3)


def test_a_promise_that_cannot_be_kept_is_refused():
    assert judge.support_threshold(0.05) > judge.support_threshold(0.2)
    assert judge.support_threshold(0.07) == judge.support_threshold(0.05)
    with pytest.raises(SettingsError, match=r"must be 0.05 or more, not 0.01"):
        judge.support_threshold(0.01)


@pytest.mark.parametrize(
    "sentence",
    [
        "The sources do not mention it.",
        "The provided text does not specify it.",
        "I cannot answer this.",
        "Sorry.",
        "And so on.",
        "",
    ],
)
def test_a_sentence_without_a_claim_is_none(sentence):
    assert not judge.makes_claim(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "The document does not permit subletting.",
        "The cause of the fire is unknown.",
        "The passage of goods through the port is not allowed.",
    ],
)
def test_a_denial_of_the_world_is_a_claim(sentence):
    assert judge.makes_claim(sentence)
