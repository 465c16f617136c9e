"""The path of a search: candidates, what the question and the first hits name, languages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from index import Library
from index.embed import OpenVinoEncoder, SentenceTransformerEncoder, sentence_vectors
from index.errors import UnknownDocumentError, WeightsError
from index.rerank import CrossEncoderReranker
from index.weights import EMBEDDING_FOLDER, packaged_folder
from tests.fakes import LetterEncoder, random_cross_encoder

# Ada's ship is found by the question, and where that ship was built by its name only.
HOPS = [
    ("1", "Ada Lind\n\nAda Lind was a captain. She commanded the Nordic Star for nine years."),
    ("2", "Nordic Star\n\nLength: 90 metres. Komuna, Gdynia."),
    *(
        (f"other {n}", f"Ship {n}\n\nShip number {n} was built in a yard in town {n}.")
        for n in range(30)
    ),
]


def found(library: Library, question: str, k: int = 3) -> list[str]:
    return [hit.document for hit in library.search(question, k)]


@pytest.fixture
def hops(library) -> Library:
    library.add_texts(HOPS)
    return library


def test_a_document_that_a_first_hit_names_is_found_too(hops):
    question = "Where was the ship built that Ada Lind commanded?"
    hops.ranking = replace(hops.ranking, mentioned=0.9)
    assert set(found(hops, question, 2)) == {"1", "2"}
    hops.ranking = replace(hops.ranking, mentioned=0.0)
    assert "2" not in found(hops, question, 8)


def test_a_document_that_the_question_names_comes_first(library):
    library.add_texts(
        (f"report-{year}.txt", f"Profit was {year % 7} million.") for year in range(1990, 2024)
    )
    question = "what was the profit in the report for 2015?"
    bonus = []
    for asked in (0.0, 0.3):
        library.ranking = replace(library.ranking, asked=asked)
        scores = {hit.document: hit.score for hit in library.search(question, 40)}
        bonus.append(scores["report-2015.txt"])
    assert bonus[1] - bonus[0] == pytest.approx(0.3, abs=1e-4)
    assert found(library, question, 1) == ["report-2015.txt"]


def test_a_comparison_has_hits_from_each_document_that_it_names(library):
    library.add_texts(
        (f"report-{year}.txt", f"Profit was {year % 7} million.") for year in range(1990, 2024)
    )
    question = "Was the profit higher in the report for 2015 or in the report for 1998?"
    assert set(found(library, question, 2)) == {"report-1998.txt", "report-2015.txt"}


def test_a_title_that_two_documents_have_names_neither(hops):
    hops.ranking = replace(hops.ranking, mentioned=0.9)
    hops.add_texts([("3", "Nordic Star\n\nA song.")])
    assert "2" not in found(hops, "Where was the ship built that Ada Lind commanded?", 8)


def test_of_many_documents_that_are_named_the_order_of_adding_chooses_none(tmp_path):
    ships = [f"Ship {letter}{other}" for letter in "abcdef" for other in "ghijk"]
    listing = ("list", "Fleet\n\n" + ", ".join(ships) + ".")
    texts = [(f"{n:02}", f"{ship.title()}\n\nIt is long.") for n, ship in enumerate(ships)]
    hits = []
    for n, added in enumerate([[listing, *texts], [*texts[::-1], listing]]):
        with Library.open(tmp_path / str(n), encoder=LetterEncoder()) as library:
            library.add_texts(added)
            hits.append(library.search("Which is the fleet?", 40))
    assert hits[0] == hits[1]


def test_the_order_of_adding_changes_nothing(tmp_path):
    orders = [HOPS, HOPS[::-1]]
    hits = []
    for n, texts in enumerate(orders):
        with Library.open(tmp_path / str(n), encoder=LetterEncoder()) as library:
            library.add_texts(texts)
            hits.append(library.search("Where was the Nordic Star built?", 40))
    assert hits[0] == hits[1]
    assert len(hits[0]) == len(HOPS)


@pytest.mark.models
def test_in_a_language_that_the_model_has_not_learnt_words_count_more(tmp_path, real_encoder):
    texts = [
        ("1", "El puerto tiene una profundidad de catorce metros y abre en invierno."),
        ("2", "La panadería vende pan de centeno y abre a las seis de la mañana."),
        ("3", "El museo guarda cartas del faro y cierra los lunes por la tarde."),
    ]
    with Library.open(tmp_path, encoder=real_encoder) as library:
        library.add_texts(texts)
        best, *_ = library.search("¿Qué profundidad tienen los puertos?")
        assert best.document == "1"
        ranking = library.ranking
        library.ranking = replace(ranking, foreign=0.0)
        by_words = library.search("¿Qué profundidad tienen los puertos?")[0].score
        lexical = ranking.alone + ranking.around
        assert by_words == pytest.approx(lexical, abs=1e-4)


@pytest.mark.models
def test_a_sentences_vector_has_seen_its_passage(real_encoder):
    text = "The Nordic Star is a ferry. It was built in Gdynia. Rye bread is sold at six."
    spans = [(0, 27), (28, 51), (52, 77)]
    passage, rows = real_encoder.encode_passage(text, spans)
    assert np.allclose(passage, real_encoder.encode([text])[0], atol=1e-5)
    assert rows.shape == (3, 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    question = real_encoder.encode_question("Where was the Nordic Star built?")
    alone = real_encoder.encode([text[start:end] for start, end in spans])
    assert (rows @ question).argmax() == 1  # "It" is the ferry
    assert rows[1] @ question > alone[1] @ question


@pytest.mark.models
def test_a_passage_beyond_the_window_is_read_to_its_end(real_encoder):
    text = "word " * 600 + "The harbour is deep."
    passage, rows = real_encoder.encode_passage(text, [(0, 3000), (3000, len(text))])
    harbour = real_encoder.encode_question("How deep is the harbour?")
    assert rows[1] @ harbour > 0.5 > rows[0] @ harbour
    assert not np.allclose(passage, real_encoder.encode([text])[0], atol=1e-3)


def test_a_sentence_without_a_piece_has_the_mean_of_all():
    pieces = np.array([[1, 0], [0, 1]], np.float32)
    rows = sentence_vectors(pieces, np.array([0, 4]), [(0, 2), (6, 9)])
    assert rows == pytest.approx(np.array([[1, 0], [0.5**0.5, 0.5**0.5]]))


@pytest.mark.models
def test_another_model_reads_sentences_by_themselves(real_encoder):
    other = SentenceTransformerEncoder(
        packaged_folder(EMBEDDING_FOLDER), name="other", dimension=384
    )
    text = "The harbour is deep. Rye bread is sold at six."
    passage, rows = other.encode_passage(text, [(0, 20), (21, 46)])
    alone = real_encoder.encode([text, text[:20], text[21:]])
    assert np.allclose(np.vstack([passage, rows]), alone, atol=1e-5)
    assert np.allclose(other.encode_question(text), alone[0], atol=1e-5)
    assert isinstance(real_encoder, OpenVinoEncoder)
    assert (real_encoder.languages, other.languages) == ({"en"}, ())


class Alphabetical:
    """Ranks passages by their first letter, the last of the alphabet first."""

    name = "alphabetical"

    def scores(self, question, passages):
        return np.array([ord(passage[0]) for passage in passages], np.float32)


def test_a_reranker_orders_the_first_hits_anew(tmp_path):
    texts = [(letter, f"{letter} deep harbour") for letter in "bdacfe"]
    with Library.open(tmp_path, encoder=LetterEncoder(), reranker=Alphabetical()) as library:
        library.add_texts(texts)
        hits = library.search("deep harbour", 6)
        assert [hit.document for hit in hits] == list("fedcba")
        assert sorted((hit.score for hit in hits), reverse=True) == [hit.score for hit in hits]


def test_a_folder_that_is_no_cross_encoder_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    reranker = CrossEncoderReranker(tmp_path, name="broken")
    with pytest.raises(WeightsError, match=r"is no cross-encoder: .+"):
        reranker.scores("a", ["b"])


def cross_encoder(folder, *labels):
    return CrossEncoderReranker(random_cross_encoder(folder, *labels), name="random")


def test_any_cross_encoder_of_sentence_transformers_may_be_set(tmp_path):
    reranker = cross_encoder(tmp_path / "model", "score")
    with Library.open(tmp_path / "library", encoder=LetterEncoder(), reranker=reranker) as library:
        library.add_texts([("h", "deep harbour"), ("r", "rye rye"), ("d", "deep rye")])
        hits = library.search("deep harbour")
    read = cross_encoder(tmp_path / "other", "score")  # other weights: only the form is looked at
    assert read.scores("deep", ["deep harbour", "rye"]).shape == (2,)
    assert len(hits) == 3
    assert hits[0].score - hits[-1].score == pytest.approx(1)


def test_a_cross_encoder_of_several_classes_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="has 3 labels: name a cross-encoder that gives one"):
        cross_encoder(tmp_path, "no", "maybe", "yes").scores("deep", ["deep harbour"])


# Within chosen documents


@pytest.fixture
def shelves(library):
    library.add_texts(
        [
            ("law/lease.md", "The rent is ten crowns. Notice is three months."),
            ("law/bylaws.md", "The board meets in May. The chair is elected for a year."),
            ("law.md", "The rent of boats is two crowns."),
            ("notes/lease.md", "The rent is ten crowns. Notice is three months."),
        ]
    )
    return library


@pytest.mark.parametrize(
    ("within", "found"),
    [
        (["law/lease.md"], {"law/lease.md"}),
        (["law/"], {"law/lease.md", "law/bylaws.md"}),
        (["notes/", "law.md"], {"notes/lease.md", "law.md"}),  # not its copy's name
        (["law/", "law/lease.md"], {"law/lease.md", "law/bylaws.md"}),
        ([], set()),
    ],
)
def test_only_chosen_documents_are_searched(shelves, within, found):
    assert {hit.document for hit in shelves.search("What is the rent?", within=within)} == found
    assert shelves.count(within)[0] == len(found)


def test_a_document_that_is_named_is_not_searched_unless_it_is_chosen(shelves):
    hits = shelves.search("What do the bylaws say of the rent?", within=["law.md"])
    assert {hit.document for hit in hits} == {"law.md"}


@pytest.mark.parametrize("name", ["lease.md", "la/", "law", "%/", ""])
def test_what_is_chosen_and_not_there_is_told(shelves, name):
    with pytest.raises(UnknownDocumentError, match="no document"):
        shelves.search("What is the rent?", within=[name])


def test_all_chosen_is_as_none_chosen(shelves):
    everything = [one.name for one in shelves.documents()]
    assert shelves.search("rent of boats", within=everything) == shelves.search("rent of boats")
