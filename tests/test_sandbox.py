"""Files are read in a process of their own: a hostile one costs a line, never the process."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from index.errors import UnreadableError
from index.read import read, sandbox, worker
from index.read.progress import listening
from index.read.sandbox import Sandbox
from index.records import Document, Failure
from tests.test_layout import pdf

SAMPLES = Path(__file__).parent / "documents"


@pytest.fixture
def reader():
    found = Sandbox()
    yield found
    found.close()


def instead(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let the worker run this code where it would read a file: a function `read`."""
    whole = (
        "from index.read import worker\n"
        "from index.records import Document, Failure\n"
        f"{code}\n"
        "worker.read = read\n"
        "worker.main()\n"
    )
    monkeypatch.setattr(sandbox, "_WORKER", ("-c", whole))


@pytest.mark.parametrize("file", sorted((SAMPLES / "ferry").iterdir()), ids=lambda file: file.name)
def test_it_reads_what_is_read_without_it(reader, file):
    (apart,), (here,) = reader.read(file, "a name"), read(file, "a name")
    assert isinstance(apart, Document)
    assert isinstance(here, Document)
    assert apart == here
    assert (apart.boxes == here.boxes).all()


def test_one_process_reads_many_files(reader):
    files = sorted((SAMPLES / "ferry").glob("*.docx"))
    pids = set()
    for file in files:
        list(reader.read(file, file.name))
        pids.add(reader._process.pid)
    assert len(files) > 1
    assert len(pids) == 1


def test_plain_text_needs_no_process(reader):
    assert list(reader.read(SAMPLES / "ferry" / "harbour-agreement.txt", "harbour"))
    assert reader._process is None


def test_a_broken_file_gets_the_same_line_and_the_next_is_read(reader, tmp_path):
    broken = tmp_path / "a.pdf"
    broken.write_bytes(b"%PDF-1.7")
    with pytest.raises(UnreadableError, match=r"^is not a PDF, or a broken one; export it again$"):
        list(reader.read(broken, "a.pdf"))
    assert list(reader.read(SAMPLES / "ferry" / "safety-report.pdf", "report"))


def test_the_pages_that_are_read_are_told(reader, tmp_path):
    file = tmp_path / "a.pdf"
    file.write_bytes(pdf([(50, 50, "One")], [(50, 50, "Two")], [(50, 50, "Three")]))
    told = []
    with listening(lambda done, total: told.append((done, total))):
        list(reader.read(file, "a.pdf"))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def read(*_, **__): import time; time.sleep(99)", "was not read within 2 s"),
        ("def read(*_, **__): bytearray(999_000_000)", "needs more memory to be read than"),
        (
            "def read(*_, **__): import time; eaten = b'x' * 290_000_000; time.sleep(99)",
            "needs more than 300 MB of memory",
        ),
        ("def read(*_, **__): import os; os.abort()", r"ended its reader \(signal 6\)"),
        ("def read(*_, **__): import os; os._exit(7)", r"ended its reader \(code 7\)"),
    ],
    ids=["hangs", "asks for memory", "eats memory", "crashes", "exits"],
)
def test_a_file_that_breaks_its_reader_gets_a_line_and_the_next_is_read(monkeypatch, code, said):
    reader = Sandbox(memory=300_000_000, seconds=2)
    file = SAMPLES / "ferry" / "safety-report.pdf"
    with monkeypatch.context() as changed:
        instead(changed, code)
        with pytest.raises(UnreadableError, match=said):
            list(reader.read(file, file.name))
        reader.close()
    assert list(reader.read(file, file.name))
    reader.close()


def test_what_was_found_before_the_reader_broke_is_kept(monkeypatch, reader):
    instead(
        monkeypatch,
        "def read(*_, **__):\n"
        "    yield Document('a/b', 'sha', 'text', part='b')\n"
        "    yield Failure('a/c', 'is broken')\n"
        "    import os; os.abort()",
    )
    found = reader.read(SAMPLES / "ferry" / "safety-report.pdf", "a")
    assert next(found) == Document("a/b", "sha", "text", part="b")
    assert next(found) == Failure("a/c", "is broken")
    with pytest.raises(UnreadableError, match="ended its reader"):
        next(found)


def test_what_a_library_prints_is_no_answer(monkeypatch, reader):
    instead(
        monkeypatch,
        "def read(*_, **__):\n"
        "    print('{\"end\": true}', flush=True)\n"
        "    import os; os.write(1, b'{}\\n')\n"
        "    yield Document('a', 'sha', 'text')",
    )
    assert list(reader.read(SAMPLES / "ferry" / "safety-report.pdf", "a")) == [
        Document("a", "sha", "text")
    ]


def test_the_worker_can_write_no_file(monkeypatch, reader, tmp_path):
    target = tmp_path / "written"
    instead(
        monkeypatch,
        "def read(*_, **__):\n"
        f"    file = open({str(target)!r}, 'w')\n"
        "    try: file.write('x' * 9); file.flush()\n"
        "    except OSError as error: yield Failure('a', type(error).__name__)",
    )
    (found,) = reader.read(SAMPLES / "ferry" / "safety-report.pdf", "a")
    assert found == Failure("a", "OSError")
    assert target.stat().st_size == 0


def test_a_reader_that_is_left_in_the_middle_is_ended(reader, tmp_path):
    file = tmp_path / "a.pdf"
    file.write_bytes(pdf([(50, 50, "One")]))
    found = reader.read(file, "a.pdf")
    next(found)
    pid = reader._process.pid
    found.close()
    assert reader._process is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_process_that_was_killed_between_two_files_is_started_anew(reader):
    file = SAMPLES / "ferry" / "safety-report.pdf"
    list(reader.read(file, "a"))
    os.kill(reader._process.pid, signal.SIGKILL)
    reader._process.wait()
    assert list(reader.read(file, "a"))


def test_documents_and_failures_pass_as_json(monkeypatch):
    said: list[dict] = []
    document = Document("a", "sha", "Blåbär \U0001f347 \x85", part="x")
    monkeypatch.setattr(worker, "read", lambda *_: iter([document, Failure("b", "is empty")]))
    worker.answer({"path": "", "name": "a", "limits": {}}, said.append)
    first, second, last = (json.loads(json.dumps(what)) for what in said)
    assert sandbox._document(first) == document
    assert Failure(*second["failure"]) == Failure("b", "is empty")
    assert last == {"end": True}
