"""The chat: looks and wiring. What is asked, found, said and judged comes from the assistant."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import gradio as gr
from gradio.data_classes import FileData, ListFiles

from index.errors import PinciteError
from index.records import AddReport, DocumentInfo, Progress
from rag.chat import html, source, words
from rag.chat.reading import Pages, Reader
from rag.chat.turns import Conversation
from rag.chat.uploads import keep
from rag.records import Answer
from rag.turns import Event, Phase

log = logging.getLogger(__name__)

SCRIPT = (Path(__file__).parent / "script.js").read_text(encoding="utf-8")
SHOWN = "watch('value', () => document.dispatchEvent(new Event('shown')))"  # see script.js


class Documents(Pages, Protocol):
    """What the chat needs of a library."""

    def add(
        self, paths: list[Path], *, progress: Callable[[Progress], None] | None = None
    ) -> AddReport:
        """Add files."""

    def documents(self) -> list[DocumentInfo]:
        """List the documents."""

    def count(self) -> tuple[int, int]:
        """Count documents and passages."""


class Answering(Protocol):
    """What the chat needs of an assistant."""

    @property
    def library(self) -> Documents:
        """The documents that it answers from."""

    @property
    def promise(self) -> str:
        """What is promised of the sentences that it shows."""

    def stream(
        self,
        question: str,
        *,
        history: Sequence[tuple[str, str | Answer]] = (),
        stopped: Callable[[], bool] = ...,
    ) -> Iterator[Event]:
        """Answer a question: evidence, judged sentences, the answer. Closing it stops the model."""


class Chat:
    """The handlers of the page's events."""

    def __init__(self, assistant: Answering, uploads: Path) -> None:
        self.assistant = assistant
        self.uploads = uploads
        self._reader = Reader()
        self._pages: dict[str | None, Conversation] = {}  # that were asked something

    def begin(
        self, question: str, conversation: Conversation, request: gr.Request | None = None
    ) -> tuple[Any, ...]:
        """Show the question at once; outputs: past, current, question box, send, stop, new."""
        if request:
            self._pages[request.session_hash] = conversation
        if not conversation.ask(question):
            return tuple(gr.skip() for _ in range(6))
        past = html.thread(conversation.turns[:-1])
        return (past, self._current(conversation), "", *_buttons(busy=True))

    def answer(self, conversation: Conversation) -> Iterator[str]:
        """Answer the question that was begun; output: current, after every event."""
        turn = conversation.take()
        if turn is None:
            return
        yield self._current(conversation)
        stream: Iterator[Event] = iter(())
        try:
            stream = self.assistant.stream(
                turn.question,
                history=conversation.history,
                stopped=lambda: conversation.stopping,
            )
            for event in stream:
                if conversation.stopping:
                    break
                turn = turn.after(event)
                conversation.update(turn)
                yield self._current(conversation)
        except PinciteError as error:
            turn = replace(turn, phase=Phase.FAILED, error=str(error))
        except Exception as error:  # the page says that it failed, the log says how
            log.exception("answering failed")
            turn = replace(turn, phase=Phase.FAILED, error=words.unexpected(type(error).__name__))
        finally:
            # Also where the tab was closed: Gradio then closes this generator at its yield.
            getattr(stream, "close", lambda: None)()
            conversation.update(replace(turn, phase=Phase.STOPPED) if turn.busy else turn)
        yield self._current(conversation)

    def closed(self, request: gr.Request) -> None:
        """Stop what a page that was closed still waits for."""
        if conversation := self._pages.pop(request.session_hash, None):
            conversation.stopping = True

    def finish(self, conversation: Conversation) -> tuple[Any, ...]:
        """Make ready for the next question; outputs: current, send, stop, new."""
        return (self._current(conversation), *_buttons(busy=conversation.busy))

    def stop(self, conversation: Conversation) -> Any:
        """Ask the running answer to end; output: stop."""
        conversation.stopping = True
        return gr.update(value=words.STOPPING, interactive=False)

    def renew(self, conversation: Conversation) -> tuple[Any, ...]:
        """Forget the conversation; outputs: past, current, source."""
        if not conversation.busy:
            conversation.turns.clear()
        past = html.thread(conversation.turns[:-1])
        return (past, self._current(conversation), source.empty())

    def open(self, conversation: Conversation, event: gr.EventData) -> Iterator[Any]:
        """Show the source of what was clicked; output: source."""
        view = conversation.view(event._data)
        if view is None:
            yield gr.skip()
            return
        conversation.ticket = max(conversation.ticket, view.ticket)
        try:
            for pane in self._reader.show(self.assistant.library, view, conversation):
                if view.ticket < conversation.ticket:  # meanwhile another one was asked for
                    return
                yield pane
        except PinciteError as error:
            yield html.failed(str(error))

    def upload(
        self,
        files: list[tuple[Path, str]] | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008  # Gradio finds it by its default
    ) -> tuple[Any, ...]:
        """Take files in; outputs: report, the upload field (emptied)."""
        try:
            paths = keep(files or (), self.uploads)
            added = self.assistant.library.add(
                paths,
                progress=lambda now: progress(_done(now), desc=html.shown(words.adding(now))),
            )
        except (PinciteError, OSError) as error:
            return html.failed(str(error)), None
        refused = {failure.name for failure in added.failed}
        for path in paths:
            if path.name in refused:  # else it would stay where no list shows it
                path.unlink(missing_ok=True)
        return html.report(added), None

    def shelf(self) -> tuple[str, str]:
        """Return the list of documents and the size of the library."""
        library = self.assistant.library
        try:
            return html.documents(library.documents()), html.library(library.count()[0])
        except PinciteError as error:
            return html.failed(str(error)), ""

    def load(self) -> tuple[Any, ...]:
        """Fill a page that was just opened; outputs: current, list, size."""
        return (html.welcome(self.assistant.library.count()[0]), *self.shelf())

    def _current(self, conversation: Conversation) -> str:
        if not conversation.turns:
            return html.welcome(self.assistant.library.count()[0])
        last = len(conversation.turns) - 1
        return html.turn(conversation.turns[last], last)


def _done(now: Progress) -> float:
    """Return how much of an addition is done, the file at hand by its passages."""
    part = now.passages_done / now.passages if now.passages else 0.0
    return (now.files_done + part) / now.files if now.files else 1.0


def claimed(payload: ListFiles | FileData | None) -> list[tuple[Path, str]]:
    """Return where each uploaded file is, and what it was called on its user's machine."""
    files = [] if payload is None else [payload] if isinstance(payload, FileData) else payload
    return [(Path(file.path), file.orig_name or Path(file.path).name) for file in files]


def create_app(assistant: Answering, uploads: Path) -> gr.Blocks:
    """Build the page. `uploads` is the folder of the library that keeps uploaded files."""
    chat = Chat(assistant, uploads)
    app = gr.Blocks(
        title=words.TITLE,
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(3_600, 86_400),  # s; and everything at the end
    )
    with app:
        conversation = gr.State(Conversation())
        with gr.Row(elem_id="masthead"):
            gr.HTML(html.masthead(), apply_default_css=False)
            size = gr.HTML(elem_id="size", apply_default_css=False)
            new = gr.Button(words.NEW, elem_id="new", size="sm")
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="shelf"):
                gr.HTML(html.shelf_head(), apply_default_css=False)
                field = gr.File(file_count="multiple", label=words.UPLOAD, elem_id="upload")
                # Gradio hands on paths alone. (A subclass would make it write a .pyi beside us.)
                vars(field)["preprocess"] = claimed
                report = gr.HTML(elem_id="report", apply_default_css=False)
                documents = gr.HTML(elem_id="documents", apply_default_css=False)
            with gr.Column(elem_id="talk"):
                with gr.Column(elem_id="thread"):
                    past = gr.HTML(elem_id="past", js_on_load=SHOWN, apply_default_css=False)
                    current = gr.HTML(elem_id="current", js_on_load=SHOWN, apply_default_css=False)
                with gr.Row(elem_id="composer"):
                    box = gr.Textbox(
                        label=words.ASK,
                        placeholder=words.ASK,
                        show_label=False,
                        container=False,
                        autofocus=True,
                        max_lines=6,
                        max_length=4_000,
                        elem_id="question",
                    )
                    send = gr.Button(words.SEND, variant="primary", elem_id="send")
                    stop = gr.Button(words.STOP, visible=False, elem_id="stop")
                gr.HTML(html.promise(assistant.promise), elem_id="promise", apply_default_css=False)
            with gr.Column(elem_id="source"):
                page = gr.HTML(
                    source.empty(),
                    elem_id="page",
                    js_on_load=SCRIPT,
                    apply_default_css=False,
                    labels={"#thread": words.CONVERSATION, "#shelf": words.DOCUMENTS},
                )

        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        free: dict[str, Any] = {**quiet, "concurrency_limit": None}  # nobody waits for another
        buttons = [send, stop, new]
        app.load(chat.load, None, [current, documents, size], **free)
        begun = gr.on(
            [box.submit, send.click],
            chat.begin,
            [box, conversation],
            [past, current, box, *buttons],
            **free,
        )
        # All find their evidence at once; how many answers it then generates is up to the model.
        answered = begun.then(chat.answer, conversation, current, trigger_mode="multiple", **free)
        answered.then(chat.finish, conversation, [current, *buttons], **free)
        stop.click(chat.stop, conversation, stop, **free)
        app.unload(chat.closed)
        new.click(chat.renew, conversation, [past, current, page], **free)
        # `gr.on` takes no events of a script's own, and "always_last" would send the first again.
        page.opens(chat.open, conversation, page, trigger_mode="multiple", **free)
        field.upload(
            chat.upload,
            field,
            [report, field],
            show_progress_on=report,
            concurrency_limit=1,
            api_visibility="private",
        ).then(chat.shelf, None, [documents, size], **free)
    return app


def _buttons(*, busy: bool) -> tuple[Any, Any, Any]:
    """Return the updates of send, stop and new."""
    return (
        gr.update(visible=not busy),
        gr.update(visible=busy, value=words.STOP, interactive=True),
        gr.update(interactive=not busy),
    )
