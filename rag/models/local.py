"""What the language models that run on this machine share: text in pieces -> LangChain's chunks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from rag.models.process import Message

_ROLES = {"system": "system", "human": "user", "ai": "assistant"}


class LocalChat(BaseChatModel):
    """A chat model that generates greedily; closing its stream stops the generation."""

    max_new_tokens: int = 160

    @abstractmethod
    def pieces(self, messages: list[Message], stop: Sequence[str]) -> Iterator[str]:
        """Yield the text of the answer as it comes; raises ModelError. Closing it ends the work.

        While none comes, "" a few times a second: so that who reads it can stop.
        """

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = "".join(self.pieces(as_dicts(messages), stop or ()))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with closing(self.pieces(as_dicts(messages), stop or ())) as pieces:  # type: ignore[type-var]
            for piece in pieces:
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
                if run_manager:
                    run_manager.on_llm_new_token(piece, chunk=chunk)
                yield chunk
        # A model may say nothing; LangChain takes a stream without a chunk for an error.
        yield ChatGenerationChunk(message=AIMessageChunk(content=""))


def as_dicts(messages: Sequence[BaseMessage]) -> list[Message]:
    """Return the messages as chat templates take them."""
    return [{"role": _ROLES[m.type], "content": str(m.content)} for m in messages]
