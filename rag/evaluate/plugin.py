"""A pytest plugin: the fixture `ask` asks one's own documents, and what it returns can be tested.

pytest loads this in every project: it imports pytest and the standard library, and the rest of
Pincite only where a fixture is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from index import Library
    from rag import Answer, Assistant
    from rag.evaluate.checked import CheckedAnswer
    from rag.settings import Settings

Ask = Callable[..., "CheckedAnswer"]  # (question, history=[(question, answer), …])

_ENTRY_POINT = "pincite"  # its name in pyproject.toml


def pytest_plugin_registered(plugin: object, manager: pytest.PytestPluginManager) -> None:
    """Let `-p rag.evaluate.plugin` and the entry point stand together: pytest refuses both."""
    if getattr(plugin, "__name__", None) == __name__ and manager.get_name(plugin) != _ENTRY_POINT:
        manager.set_blocked(_ENTRY_POINT)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the settings."""
    parser.addini(
        "pincite_documents",
        "Pincite: files and folders to ask, one a line, relative to the rootdir "
        "(default: the documents that lie directly in the rootdir)",
        type="linelist",
    )
    parser.addini(
        "pincite_library",
        "Pincite: folder of the library, relative to the rootdir, from which no document is ever "
        "removed (default: a folder in pytest's cache)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark below where pytest-xdist does not."""
    config.addinivalue_line("markers", "xdist_group(name): run on one worker, with loadgroup")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what asks: with `--dist loadgroup`, one worker loads the models."""
    for item in items:
        if "pincite_library" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("pincite"))


@pytest.fixture(scope="session")
def pincite_library(pytestconfig: pytest.Config) -> Iterator[Library]:
    """Return the library of the documents that the settings name."""
    with ExitStack() as closing:
        with _failing_in_a_line(), _progress_shown(pytestconfig):
            from index import Library, weights
            from index.files import expanded

            settings = _settings()
            paths = _documents(pytestconfig)
            cache = expanded(Path(settings.cache))
            encoder = weights.encoder(settings.embedding_model, cache=cache)
            folder = _folder(pytestconfig, settings, closing)
            reranker = weights.reranker(settings.reranker)
            library = closing.enter_context(
                Library.open(folder, encoder=encoder, reranker=reranker)
            )
            _index(library, paths, only_these=not pytestconfig.getini("pincite_library"))
        yield library


@pytest.fixture(scope="session")
def pincite(pincite_library: Library, pytestconfig: pytest.Config) -> Assistant:
    """Return the assistant that `ask` asks; override it to test another model or library."""
    with _failing_in_a_line(), _progress_shown(pytestconfig):
        from rag import Assistant

        assistant = Assistant(pincite_library, _settings())
        assistant.warm_up()
        return assistant


@pytest.fixture(scope="session")
def ask(pincite: Assistant) -> Ask:
    """Return a function that asks the documents: `ask("How much notice must be given?")`.

    What was asked before, with the same history, is answered as before.
    """
    from rag.evaluate.checked import CheckedAnswer

    answers: dict[tuple[str, tuple[tuple[str, str], ...]], CheckedAnswer] = {}

    def ask(
        question: str, history: Iterable[tuple[str, str | Answer | CheckedAnswer]] = ()
    ) -> CheckedAnswer:
        __tracebackhide__ = True
        turns = [(q, a.answer if isinstance(a, CheckedAnswer) else a) for q, a in history]
        key = question, tuple((q, a if isinstance(a, str) else a.text) for q, a in turns)
        with _failing_in_a_line():
            if key not in answers:
                answers[key] = CheckedAnswer(pincite.ask(question, turns), pincite.library)
        return answers[key]

    return ask


def _settings() -> Settings:
    from rag import settings

    return settings.load()


def _documents(config: pytest.Config) -> list[Path]:
    """Return the files and folders that are set, else what in the rootdir is a document."""
    from index.files import expanded
    from index.read import SUFFIXES

    root = config.rootpath
    named = [root / expanded(Path(given)) for given in config.getini("pincite_documents")]
    found = named or sorted(
        file
        for file in root.iterdir()
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()
    )
    if not found:
        raise _failure(
            f"there are no documents in {root}: name files or folders in pincite_documents"
        )
    return found


def _folder(config: pytest.Config, settings: Settings, closing: ExitStack) -> Path:
    """Return the folder of the library that is set, else one in the cache, else a passing one."""
    from index.schema import VERSION as SCHEMA_VERSION

    named = config.getini("pincite_library")
    if named:
        from index.files import expanded

        return config.rootpath / expanded(Path(named))
    # Other documents or another embedding model are another library: no name is taken in it.
    of_what = [
        *(str(config.rootpath), *config.getini("pincite_documents")),
        *(settings.embedding_model, str(SCHEMA_VERSION)),
    ]
    digest = hashlib.sha256("\0".join(of_what).encode(errors="surrogateescape")).hexdigest()
    cache = getattr(config, "cache", None)  # none with -p no:cacheprovider
    with suppress(OSError):  # where it cannot be written, pytest too goes on without
        if cache:
            return Path(cache.mkdir(f"pincite-{digest[:12]}"))
    return Path(closing.enter_context(TemporaryDirectory(prefix="pincite-")))


def _index(library: Library, paths: Iterable[Path], *, only_these: bool) -> None:
    """Add the documents; with `only_these`, take out what was there before and is gone."""
    from index.errors import UnknownDocumentError
    from rag.terminal import add, line

    report = add(library, paths)
    if report.failed:
        raise _failure(
            "\n".join(f"{line(file.name)}: {line(file.reason)}" for file in report.failed)
        )
    moved = {new for _, new in report.moved}
    there = {*report.added, *report.updated, *report.unchanged, *moved}
    for document in library.documents() if only_these else ():
        if document.name not in there:
            with suppress(UnknownDocumentError):  # another worker of pytest-xdist was faster
                library.remove(document.name)


@contextmanager
def _progress_shown(config: pytest.Config) -> Iterator[None]:
    """Let progress through what pytest captures: the first run prepares models for a minute."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        yield


@contextmanager
def _failing_in_a_line() -> Iterator[None]:
    """Make what Pincite raises on purpose a failure of one line, without a traceback."""
    from index.errors import PinciteError
    from rag.terminal import line

    __tracebackhide__ = True
    try:
        yield
    except (PinciteError, OSError) as error:
        raise _failure(line(str(error))) from None


def _failure(message: str) -> BaseException:
    return pytest.fail.Exception(f"pincite: {message}", pytrace=False)
