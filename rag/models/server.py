"""The language model of any OpenAI-compatible server: vLLM, Ollama, llama-server and others.

What the prompt holds, excerpts of documents, goes to that server.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from itertools import chain, islice
from typing import Any, TypeVar
from urllib.parse import urldefrag, urlsplit

import httpx2
import openai
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai.chat_models.base import BaseChatOpenAI
from pydantic import SecretStr

from rag.errors import ModelError
from rag.models import SERVER
from rag.models.pulse import pulsed

KEY = "PINCITE_API_KEY"  # the variable that holds a server's key, which is kept nowhere
_CONNECT = 5.0  # seconds
_TRIES = 3  # where a connection fails, or a server says that it is busy
_PAUSE = 0.5  # seconds before the second, twice as many before the third
_BUSY = {409, 429, 500, 502, 503, 504}
_MOST_NAMED = 5  # models of a server, in an error


T = TypeVar("T")


class ServerChat(BaseChatOpenAI):
    """A model behind a URL: greedy. Closing its stream cuts the connection, which stops it."""

    @property
    def _llm_type(self) -> str:
        return SERVER

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        with _failures_told(str(self.openai_api_base), self.request_timeout):
            return _tried(lambda: super(ServerChat, self)._generate(*args, **kwargs))

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        line = _Line()
        try:
            with closing(pulsed(self._chunks(line, *args, **kwargs))) as chunks:  # type: ignore[type-var]
                for chunk in chunks:
                    yield chunk or ChatGenerationChunk(message=AIMessageChunk(content=""))
        finally:
            line.cut()

    def _chunks(self, line: _Line, *args: Any, **kwargs: Any) -> Generator[ChatGenerationChunk]:
        _thread.line = line
        complete = False
        with _failures_told(str(self.openai_api_base), self.request_timeout):
            for chunk in _tried(lambda: _begun(super(ServerChat, self)._stream(*args, **kwargs))):
                complete = complete or bool((chunk.generation_info or {}).get("finish_reason"))
                yield chunk
        if not complete:
            raise ModelError(
                f"the server at {self.openai_api_base} ended its answer before it was complete: "
                "ask again, and look at what it says"
            )


class _Line:
    """A stream's connection. It is read on another thread, which waits for a server that is silent.

    A server that reads a long prompt learns so that nobody waits for it any more.
    """

    _socket: socket.socket | None = None
    _is_cut = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of what httpcore has connected."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")
            if self._is_cut:  # while it was connected, or tried again
                self.cut()

    def cut(self) -> None:
        """End the connection; to close it would not wake the one who reads it."""
        self._is_cut = True
        if self._socket:
            with suppress(OSError):  # it has ended
                self._socket.shutdown(socket.SHUT_RDWR)


_thread = threading.local()  # its `line` is that of the stream which is read on this thread


def _traced(request: httpx2.Request) -> None:
    if line := getattr(_thread, "line", None):
        request.extensions["trace"] = line.trace


def server_chat(model: str, *, timeout: float, max_new_tokens: int) -> ServerChat:
    """Return the model of a server; `model` is its URL, then, after a #, the model's name.

    Without a name it is the server's only one. timeout is how many seconds it may say nothing.
    Raises ModelError where the server does not answer, or has no such model.
    """
    url, name = urldefrag(model)
    at = urlsplit(url)
    if at.username or at.password:
        raise ModelError(f"a key does not belong in the URL of a model: set {KEY}")
    limits = httpx2.Timeout(timeout, connect=min(timeout, _CONNECT))
    key = os.environ.get(KEY) or "none"
    # No proxy stands between this machine and itself, whatever a variable says.
    http = openai.DefaultHttpxClient(
        trust_env=not _is_here(at.hostname or ""),
        timeout=limits,
        limits=httpx2.Limits(max_keepalive_connections=0),  # each stream has a connection to cut
        event_hooks={"request": [_traced]},
    )
    client = openai.OpenAI(
        base_url=url, api_key=key, timeout=limits, max_retries=0, http_client=http
    )
    with _failures_told(url, limits):
        try:
            known = [found.id for found in _tried(client.models.list)]
        except (openai.NotFoundError, AttributeError, TypeError, ValueError) as error:  # no list
            raise ModelError(_no_server(url)) from error
    if not name and len(known) != 1:
        raise ModelError(f"the server at {url} has {_listed(known)}: choose with {url}#NAME")
    if name and known and name not in known:
        raise ModelError(f"the server at {url} has no model {name!r}; it has {_listed(known)}")
    return ServerChat(
        model=name or known[0],
        base_url=url,
        api_key=SecretStr(key),
        http_client=http,
        openai_proxy=None,
        timeout=limits,
        max_retries=0,  # OpenAI's own would send a prompt again that the server is still reading
        temperature=0,
        max_tokens=max_new_tokens,
        stream_usage=False,
    )


def _tried(work: Callable[[], T]) -> T:
    """Do the work, and again where that may help; a time-out is not waited for twice."""
    for pause in (_PAUSE * 2**n for n in range(_TRIES - 1)):
        try:
            return work()
        except openai.APITimeoutError:
            raise
        except openai.APIConnectionError:
            time.sleep(pause)
        except openai.APIStatusError as error:
            if error.status_code not in _BUSY:
                raise
            time.sleep(pause)
    return work()


def _begun(stream: Iterator[T]) -> Iterator[T]:
    """Return the stream once its first item is there: until then it may be tried again."""
    return chain([*islice(stream, 1)], stream)


@contextmanager
def _failures_told(url: str, limits: Any) -> Iterator[None]:
    try:
        yield
    except (openai.OpenAIError, httpx2.HTTPError) as error:
        raise _told(error, url, limits) from error


def _told(error: Exception, url: str, limits: Any) -> ModelError:
    """Return the error in one line, with what to do."""
    said = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    match error:
        case openai.APITimeoutError() | httpx2.ReadTimeout():
            waited = getattr(limits, "read", limits)
            return ModelError(
                f"the server at {url} said nothing for {waited:g} s: it may be busy or loading; "
                "ask again, or set server_timeout"
            )
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return ModelError(f"the server at {url} wants another key: set {KEY}")
        case openai.APIStatusError():
            return ModelError(f"the server at {url} failed: {said}")
        case openai.APIConnectionError() | httpx2.ConnectError():
            return ModelError(f"no server answers at {url}: start it, or set another model")
        case httpx2.HTTPError():
            return ModelError(
                f"the server at {url} cut its answer off ({said}): ask again, and look at what "
                "it says"
            )
        case _:
            return ModelError(f"the server at {url} failed: {said}")


def _no_server(url: str) -> str:
    return f"{url} is no OpenAI-compatible server: its URL mostly ends in /v1"


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listed(names: list[str]) -> str:
    if not names:
        return "no model"
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"
