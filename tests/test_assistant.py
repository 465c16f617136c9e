"""The whole path of a question, with a model that says what the test gave it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import Library
from rag import Answer, Assistant, Evidence, Sentence, Verdict, judge
from rag.errors import ModelError, QuestionError
from rag.settings import Settings
from tests.fakes import LetterEncoder, ScriptedModel

MINUTES = """Minutes of the harbour board, 3 March 2024

Mira Holt, the treasurer, reported on 2023. Revenue was 12.4 million euros. Costs were 9 million \
euros. The board did not approve the new ferry.

The contract with Norvik Shipyard is worth 3 million euros. The contract with Tallbo Marine is \
worth 5 million euros and runs until June 2026."""

FACE = {
    "schema", "question", "standalone_question", "abstained", "answer", "note", "sentences",
    "conflicts", "searched", "passages", "model", "timings",
}  # fmt: skip


@pytest.fixture
def minutes(tmp_path, real_encoder):
    with Library.open(tmp_path / "library", encoder=real_encoder) as library:
        library.add_texts([("minutes.txt", MINUTES)])
        yield library


def says(library, *replies):
    return Assistant(library, model=ScriptedModel().enqueue(replies))


def test_a_right_answer_is_shown_and_pinned(minutes):
    answer = says(minutes, "Revenue in 2023 was 12.4 million euros.").ask(
        "What was the revenue in 2023?"
    )
    assert answer.text == "Revenue in 2023 was 12.4 million euros."
    citation = answer.shown[0].citations[0]
    assert citation.quote == "Revenue was 12.4 million euros."
    assert MINUTES[citation.start : citation.end] == citation.quote


def test_a_wrong_number_is_withheld_and_the_source_speaks_instead(minutes):
    answer = says(minutes, "Revenue in 2023 was 14.2 million euros.").ask(
        "What was the revenue in 2023?"
    )
    assert answer.sentences[0].verdict is Verdict.UNSUPPORTED
    assert "14.2" not in answer.text
    assert "12.4 million euros" in answer.text


def test_where_a_sentence_cannot_be_promised_what_it_rests_on_stands_in_once(minutes, monkeypatch):
    monkeypatch.setattr(judge, "support", lambda claim, *_, **__: 0.5)
    monkeypatch.setattr(judge, "relevance", lambda *_: 0.9)
    weak = ("Revenue was 12.4 million euros in 2023.", "In 2023 revenue was 12.4 million euros.")
    model = ScriptedModel().enqueue([" ".join(weak)])
    strict = Settings(unsupported_at_most=0.05)
    answer = Assistant(minutes, strict, model=model).ask("What was the revenue in 2023?")
    assert answer.text == "Revenue was 12.4 million euros."
    assert [s.text for s in answer.sentences if s.verdict is Verdict.UNSUPPORTED] == [*weak]
    monkeypatch.setattr(judge, "relevance", lambda *_: 0.1)
    model.enqueue([" ".join(weak)])
    assert Assistant(minutes, strict, model=model).ask("What was the revenue in 2023?").abstained


def test_the_number_of_another_contract_is_withheld(minutes):
    answer = says(minutes, "The contract with Tallbo Marine is worth 3 million euros.").ask(
        "What is the contract with Tallbo Marine worth?"
    )
    assert "3 million" not in answer.text
    assert "5 million" in answer.text


def test_a_denial_is_not_turned_round(minutes):
    answer = says(minutes, "The board approved the new ferry.").ask("Was the ferry approved?")
    assert answer.sentences[0].verdict is Verdict.UNSUPPORTED


def test_what_the_documents_do_not_say_is_refused(minutes):
    answer = says(minutes, "Mira Holt was born in 1961.").ask("When was Mira Holt born?")
    assert answer.abstained
    assert answer.text == ""
    assert answer.to_dict()["searched"] == {"documents": 1, "passages": minutes.count()[1]}


def test_events_come_in_order(minutes):
    model = "Revenue was 12.4 million euros. Costs were 9 million euros."
    events = list(says(minutes, model).stream("What were revenue and costs?"))
    assert isinstance(events[0], Evidence)
    assert all(isinstance(event, Sentence) for event in events[1:-1])
    assert isinstance(events[-1], Answer)
    assert [sentence.text for sentence in events[1:3]] == [
        "Revenue was 12.4 million euros.",
        "Costs were 9 million euros.",
    ]


def test_the_face_is_that_of_the_design(minutes):
    found = says(minutes, "Revenue was 12.4 million euros.").ask("What was the revenue?").to_dict()
    assert set(found) == FACE
    assert set(found["sentences"][0]) == {"text", "support", "relevance", "verdict", "citations"}
    assert set(found["sentences"][0]["citations"][0]) == {
        "document", "sha256", "start", "end", "quote", "page", "place",
    }  # fmt: skip
    assert set(found["timings"]) == {"evidence_s", "first_sentence_s", "total_s"}


def test_a_question_for_all_reads_every_passage_that_fits(minutes):
    paragraph = "The ferry {} was bought in {}. " + "It carries cars and passengers. " * 12
    ferries = ("Ajax", "Boreas", "Castor", "Doris", "Echo", "Fenris")
    texts = [(name, paragraph.format(name, 1980 + n)) for n, name in enumerate(ferries)]
    minutes.add_texts(texts)
    first = "The ferry Ajax was bought in 1980. The ferry Boreas was bought in 1981."
    second = "The ferry Doris was bought in 1983. The ferry Ajax was bought in 1980."
    model = ScriptedModel().enqueue([first, second, *["Nothing more is said."] * 4])
    answer = Assistant(minutes, model=model).ask("List all ferries that were bought.")
    assert answer.text.count("Ajax") == 1
    assert all(name in answer.text for name in ("Ajax", "Boreas", "Doris"))
    read = "".join(str(message.content) for asked in model.asked for message in asked)
    assert all(f"The ferry {name} was bought" in read for name in ferries)
    passages = minutes.count()[1]
    assert answer.note.startswith(f"Read {len(answer.hits)} of {passages} passages: ")


def test_a_follow_up_takes_an_answer_or_its_text_as_history(minutes):
    first = says(minutes, "Revenue was 12.4 million euros.").ask("What was the revenue in 2023?")
    rewritten = "What were the costs in 2023?"
    for earlier in (first, first.text):
        second = says(minutes, rewritten, "Costs were 9 million euros.").ask(
            "And the costs then?", history=[("What was the revenue in 2023?", earlier)]
        )
        assert second.question == "And the costs then?"
        assert second.standalone_question == rewritten
        assert "9 million" in second.text


def test_a_follow_ups_evidence_is_there_before_the_model_says_what_it_means(minutes):
    model = ScriptedModel().enqueue(["What were the costs in 2023?", "Costs were 9 million euros."])
    history = [("What was the revenue in 2023?", "12.4 million euros.")]
    stream = Assistant(minutes, model=model).stream("And the costs then?", history=history)
    first = next(stream)
    assert not model.asked
    assert first.standalone_question == "What was the revenue in 2023? And the costs then?"
    second = next(stream)
    assert second.standalone_question == "What were the costs in 2023?"
    assert [type(event) for event in stream] == [Sentence, Answer]


def test_a_model_that_repeats_itself_is_cut_short(minutes):
    answer = says(minutes, "Revenue was 12.4 million euros. " * 20).ask("What was the revenue?")
    assert len(answer.sentences) == 1


def test_closing_the_stream_closes_the_model(minutes):
    model = ScriptedModel().enqueue(["Revenue was 12.4 million euros. " + "More words. " * 1000])
    stream = Assistant(minutes, model=model).stream("What was the revenue?")
    assert isinstance(next(stream), Evidence)
    assert isinstance(next(stream), Sentence)
    stream.close()
    assert model.unfinished


def test_an_empty_library_says_so(tmp_path, real_encoder):
    with Library.open(tmp_path / "empty", encoder=real_encoder) as library:
        answer = says(library).ask("What was the revenue?")
    assert answer.abstained
    assert "pincite index" in answer.note


@pytest.mark.parametrize("question", ["", " \n", "?" * 4001])
def test_no_question_is_an_error(minutes, question):
    with pytest.raises(QuestionError):
        says(minutes).ask(question)


@settings(max_examples=40)
@given(
    text=st.text(min_size=1).filter(str.strip),
    said=st.lists(
        st.sampled_from(["Revenue", "Oslo", "not", "5", "12.4 million", "was", ". ", "é"])
    ),
    question=st.text(min_size=1).filter(str.strip),
)
def test_invariants_hold_whatever_document_model_and_question_say(
    tmp_path_factory, text, said, question
):
    with Library.open(tmp_path_factory.mktemp("any"), encoder=LetterEncoder()) as library:
        library.add_texts([("a", text), ("b", "Revenue was 12.4 million, not 5.")])
        assistant = says(library, " ".join(said))
        answer = assistant.ask(question)
        for one in (*answer.sentences, *answer.conflicts):
            for citation in one.citations:
                document = library.document(citation.document)
                assert citation.quote == document.text[citation.start : citation.end]
                assert citation.sha256 == document.sha256
                assert any(
                    hit.document == citation.document
                    and hit.start <= citation.start <= citation.end <= hit.end
                    for hit in answer.hits
                )
        for sentence in answer.shown:
            assert sentence.support >= assistant.support_threshold
            assert sentence.relevance >= assistant.settings.relevance_threshold
        assert answer.abstained == (answer.text == "")


def test_stopping_ends_the_stream_without_an_answer(minutes):
    model = ScriptedModel().enqueue(["Revenue was 12.4 million euros. " + "More words. " * 1000])
    stopping: list[bool] = []
    stream = Assistant(minutes, model=model).stream(
        "What was the revenue?", stopped=lambda: bool(stopping)
    )
    assert isinstance(next(stream), Evidence)
    assert isinstance(next(stream), Sentence)
    stopping.append(True)
    assert list(stream) == []
    assert model.unfinished


def test_stopping_while_the_model_loads_does_not_wait_for_it(minutes):
    stream = Assistant(minutes, loading=Future()).stream(
        "What was the revenue?", stopped=lambda: True
    )
    assert [type(event) for event in stream] == [Evidence]


# loading


@pytest.fixture
def loads(monkeypatch) -> list[object]:
    """What loading gives, or fails with, from the last on."""
    outcomes: list[object] = []

    def load(settings: Settings) -> object:
        outcome = outcomes.pop()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr("rag.models.chat_model", load)
    return outcomes


def test_threads_that_ask_at_once_load_one_model(library, loads):
    library.add_texts([("a.txt", "The harbour is 14 metres deep.")])
    model = ScriptedModel()
    loads.append(model)
    assistant = Assistant(library)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: assistant.model, range(8))) == [model] * 8


def test_a_failed_load_comes_after_the_evidence_and_is_tried_again_with_the_next_question(
    library, loads
):
    library.add_texts([("a.txt", "The harbour is 14 metres deep.")])
    loads += [ScriptedModel().enqueue(["It is 14 metres deep."]), ModelError("broken")]
    assistant = Assistant(library)
    events = assistant.stream("How deep is the harbour?")
    assert isinstance(next(events), Evidence)
    with pytest.raises(ModelError, match="broken"):
        next(events)
    assert len(loads) == 1
    assert isinstance(list(assistant.stream("How deep is the harbour?"))[-1], Answer)


def test_an_empty_library_loads_no_model(library, loads):
    answer = Assistant(library).ask("How deep is the harbour?")
    assert answer.abstained
