"""A Library as a LangChain retriever: for chains of one's own on Pincite's passages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langsmith import tracing_context
from pydantic import ConfigDict

from index import Library


class LibraryRetriever(BaseRetriever):
    """Hands a library's passages to LangChain: `LibraryRetriever(library=library, k=8)`.

    Each document's metadata holds `source` (the document's name), `sha256`, `start`, `end`, `page`
    (None where its format has none) and `score`; its text is `library.text(source)[start:end]`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    library: Library
    k: int = 8  # passages
    within: Sequence[str] | None = None  # names of the documents that are searched; None: all

    def invoke(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Return the passages for a query; no variable makes LangChain report it elsewhere."""
        with tracing_context(enabled=False):
            return super().invoke(*args, **kwargs)

    async def ainvoke(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Do the same without blocking."""
        with tracing_context(enabled=False):
            return await super().ainvoke(*args, **kwargs)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [
            Document(
                page_content=hit.text,
                metadata={
                    "source": hit.document,
                    "sha256": hit.sha256,
                    "start": hit.start,
                    "end": hit.end,
                    "page": hit.page,
                    "score": hit.score,
                },
            )
            for hit in self.library.search(query, self.k, within=self.within)
        ]
