"""The retriever: LangChain gets the library's own passages, with their exact places."""

from __future__ import annotations

from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import RunnableLambda
from langsmith import tracing_context
from langsmith.utils import tracing_is_enabled

from index import Library
from rag import LibraryRetriever

TEXT = "The harbour is 14 metres deep. The ferry leaves at noon."


def test_a_passage_comes_with_its_place(library: Library):
    library.add_texts([("harbour.txt", TEXT), ("bread.txt", "Bread is baked at four.")])
    found = LibraryRetriever(library=library, k=1).invoke("How deep is the harbour?")
    (passage,) = found
    place = passage.metadata
    assert passage.page_content == library.text(place["source"])[place["start"] : place["end"]]
    assert place["source"] == "harbour.txt"
    assert place["page"] is None
    assert place["sha256"] == library.document("harbour.txt").sha256


def test_it_stands_in_a_chain(library: Library):
    library.add_texts([("harbour.txt", TEXT)])
    join = RunnableLambda(lambda found: "\n".join(d.page_content for d in found))
    chain = LibraryRetriever(library=library) | join | PromptTemplate.from_template("Read: {text}")
    assert chain.invoke("How deep is the harbour?").text == f"Read: {TEXT}"


def test_no_variable_makes_langchain_report_a_query(library: Library, monkeypatch):
    library.add_texts([("harbour.txt", TEXT)])
    reports = []

    def search(*_, **__):
        reports.append(tracing_is_enabled())
        return []

    monkeypatch.setattr(library, "search", search)
    with tracing_context(enabled=True):
        LibraryRetriever(library=library).invoke("anything")
        assert tracing_is_enabled()
    assert reports == [False]


def test_an_empty_library_gives_nothing(library: Library):
    assert LibraryRetriever(library=library).invoke("anything") == []


def test_it_keeps_to_chosen_documents(library: Library):
    library.add_texts([("harbour.txt", TEXT), ("bakery.txt", "The bakery sells bread.")])
    retriever = LibraryRetriever(library=library, within=["bakery.txt"])
    assert [one.metadata["source"] for one in retriever.invoke("harbour")] == ["bakery.txt"]
