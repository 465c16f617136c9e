"""LlamaIndex's CitationQueryEngine, with its defaults and the 3 nearest, as its guide has it.

Nodes of 1,024 tokens are retrieved and cut into sources of 512, which the model is asked to cite
as [n]. Follow-ups: its CondenseQuestionChatEngine, which lets the model make the question stand
alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.chat_engine import CondenseQuestionChatEngine
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.llms import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    CustomLLM,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.schema import NodeWithScore
from pydantic import PrivateAttr

from index.embed import Encoder
from tests.benchmarks.peers.worker import MAX_NEW_TOKENS, Ask, Chunk, Reply, Turns, main

_CONTEXT = 32768  # tokens that the model takes
_START = "start_char_idx"
_MESSAGES = {MessageRole.SYSTEM: SystemMessage, MessageRole.ASSISTANT: AIMessage}


class _Model(CustomLLM):
    """Pincite's chat model."""

    _model: BaseChatModel = PrivateAttr()

    def __init__(self, model: BaseChatModel) -> None:
        super().__init__()
        self._model = model

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=_CONTEXT, num_output=MAX_NEW_TOKENS, is_chat_model=True, model_name=""
        )

    def chat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponse:
        asked = [_MESSAGES.get(m.role, HumanMessage)(m.content or "") for m in messages]
        said = str(self._model.invoke(asked).content)
        return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content=said))

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        return CompletionResponse(text=str(self._model.invoke(prompt).content))

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> Any:
        raise NotImplementedError


class _Embedding(BaseEmbedding):
    """Pincite's encoder."""

    _encoder: Encoder = PrivateAttr()

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(model_name=encoder.name)
        self._encoder = encoder

    def _get_text_embedding(self, text: str) -> list[float]:
        row: list[float] = self._encoder.encode([text])[0].tolist()
        return row

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


def build(
    documents: Mapping[str, str],
    model: BaseChatModel,
    encoder: Encoder,
    *,
    splitter: SentenceSplitter | None = None,
) -> Ask:
    llm = _Model(model)
    nodes = (splitter or SentenceSplitter()).get_nodes_from_documents(
        [Document(text=text, id_=name) for name, text in documents.items()]
    )
    for node in nodes:  # where it stands; the engine hands on what is metadata and nothing else
        node.metadata[_START] = node.start_char_idx
        node.excluded_embed_metadata_keys.append(_START)
        node.excluded_llm_metadata_keys.append(_START)
    index = VectorStoreIndex(nodes, embed_model=_Embedding(encoder))
    engine = CitationQueryEngine.from_args(index, llm=llm, similarity_top_k=3)

    def ask(question: str, turns: Turns) -> Reply:
        history = [
            ChatMessage(role=role, content=text)
            for turn in turns
            for role, text in zip((MessageRole.USER, MessageRole.ASSISTANT), turn, strict=True)
        ]
        chat = CondenseQuestionChatEngine.from_defaults(engine, llm=llm)
        found = chat.chat(question, history) if history else engine.query(question)
        sources = [_chunk(node, documents) for node in found.source_nodes]
        return Reply(str(found), tuple(sources))

    return ask


def _chunk(source: NodeWithScore, documents: Mapping[str, str]) -> Chunk:
    """Find the source's place, from that of its node on: the engine cuts the nodes anew.

    Raises ValueError where it is not there.
    """
    document = str(source.node.ref_doc_id)
    text = source.node.get_content().partition("\n")[2].removesuffix("\n")
    start = documents[document].index(text, int(source.node.metadata[_START]))
    return Chunk(document, start, start + len(text), text)


if __name__ == "__main__":
    main(build)
