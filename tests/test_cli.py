"""The command: what it prints, where, and its exit code."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from index import Library
from rag import cli
from rag.cli import main
from tests.fakes import LetterEncoder, ScriptedModel

ROOT = Path(__file__).parents[1]
VERBS = "index documents remove text check search ask chat evaluate models".split()
HARBOUR = "The harbour of Lindhamn is 14 metres deep. Ships lie there in winter."


@pytest.fixture(autouse=True)
def clean(tmp_path, monkeypatch):
    """A library of the test's own, and no settings of the user's."""
    for name in [name for name in os.environ if name.startswith("PINCITE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PINCITE_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def letters(monkeypatch):
    """The fake encoder in place of the real one."""
    encoder = LetterEncoder()
    monkeypatch.setattr("index.weights.encoder", lambda *_, **__: encoder)
    return encoder


@pytest.fixture
def papers(tmp_path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "harbour.txt").write_text(HARBOUR)
    (folder / "bakery.txt").write_text("The bakery sells rye bread. It opens at six.")
    return folder


def json_of(capsys: pytest.CaptureFixture[str]) -> dict:
    """The one JSON object on stdout; nothing else is there."""
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return json.loads(out)


def fails(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 1) -> str:
    """The one line on stderr."""
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == code
    out, err = capsys.readouterr()
    assert err.startswith("pincite: ")
    assert err.count("\n") == 1
    assert out == ""
    return err.removeprefix("pincite: ").rstrip("\n")


def python(script: str, *arguments: object) -> str:
    """What a new Python prints that runs these lines."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def pincite(*arguments: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "rag.cli", *map(os.fsencode, map(str, arguments))],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=120,
        **options,
    )


# Help and usage


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: pincite {verb} ")
    assert "--library DIR" in out


def test_the_help_lists_the_verbs_and_loads_nothing_heavy(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert re.findall(r"^    (\w+)\s+\w", out, re.MULTILINE) == VERBS
    script = (
        "import sys; from rag.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(sorted(m for m in sys.modules if m in "
        "('torch', 'gradio', 'langchain', 'langchain_core', 'transformers', 'openvino')))"
    )
    assert python(script).splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["index"], ["remove"], ["search"], ["search", "q", "-k", "0"], ["text"]],
)
def test_wrong_usage_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == cli.USAGE == 2
    assert capsys.readouterr().out == ""


# Index


def test_index_says_what_became_of_the_files(papers, letters, capsys):
    assert main(["index", str(papers)]) == 0
    assert capsys.readouterr() == ("2 added, 0 updated, 0 unchanged, 0 failed\n", "")
    (papers / "bakery.txt").write_text("Closed.")
    assert main(["index", str(papers), str(papers / "harbour.txt")]) == 0
    assert capsys.readouterr() == ("0 added, 1 updated, 1 unchanged, 0 failed\n", "")


def encrypted() -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, encrypt=StandardEncryption("secret"))
    canvas.drawString(72, 700, "text")
    canvas.save()
    return file.getvalue()


def test_bad_files_get_a_line_each_and_the_rest_is_in(papers, letters, capsys):
    odd = 'it\'s "odd"\n\x1b[31m.txt'
    (papers / odd).write_text(HARBOUR)
    (papers / "bad\nempty.txt").write_bytes(b"")
    (papers / "binary.txt").write_bytes(bytes(range(256)))
    (papers / "broken.pdf").write_bytes(b"%PDF-1.4 and then nothing")
    (papers / "encrypted.pdf").write_bytes(encrypted())
    (papers / "large.txt").write_bytes(b"a line of text\n" * 3_500_000)
    assert main(["index", str(papers), str(papers / "missing.txt")]) == cli.SOME_FAILED == 3
    out, err = capsys.readouterr()
    assert out == "3 added, 0 updated, 0 unchanged, 6 failed\n"
    lines = dict(line.removeprefix("failed   ").split(": ", 1) for line in err.splitlines())
    assert lines.keys() == {
        *("bad\\nempty.txt", "binary.txt", "broken.pdf", "encrypted.pdf", "large.txt"),
        str(papers / "missing.txt"),
    }
    assert lines["bad\\nempty.txt"] == "is empty"
    assert lines["binary.txt"].startswith("is not text")
    assert lines["broken.pdf"].startswith("is not a PDF, or a broken one")
    assert lines["encrypted.pdf"].startswith("is protected by a password")
    assert "characters of text; the limit is 20,000,000" in lines["large.txt"]
    assert lines[str(papers / "missing.txt")] == "there is no such file or folder"

    assert main(["documents"]) == 0
    assert 'it\'s "odd"\\n\\x1b[31m.txt  (1 passages)' in capsys.readouterr().out.splitlines()
    assert main(["documents", "--json"]) == 0
    assert [d["name"] for d in json_of(capsys)["documents"]] == ["bakery.txt", "harbour.txt", odd]


@pytest.mark.models
def test_a_second_index_embeds_nothing_and_none_imports_torch(papers, real_encoder):
    script = (
        "import sys; from rag.cli import main; print(main(['index', *sys.argv[1:]]))\n"
        "print([name for name in ('tokenizers', 'torch') if name in sys.modules])"
    )
    assert python(script, papers).splitlines()[-2:] == ["0", "['tokenizers']"]
    assert python(script, papers).splitlines() == [
        "0 added, 0 updated, 2 unchanged, 0 failed", "0", "[]",
    ]  # fmt: skip


def test_watch_picks_up_what_changes(papers, letters, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli, "_WATCH_EVERY", 0.05)
    monkeypatch.setenv("PINCITE_LIBRARY", str(papers / "library"))  # within what is watched
    looks = []
    sleep = time.sleep

    def look(seconds):
        looks.append(seconds)
        sleep(seconds)
        if len(looks) == 3:
            (papers / "new.txt").write_text("Something new.")
            (papers / "bakery.txt").write_text("Closed.")
            (papers / "gone.txt").symlink_to("gone.txt")
        if len(looks) == 9:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", look)
    assert main(["index", "--watch", str(papers)]) == cli.INTERRUPTED
    out, err = capsys.readouterr()
    assert out.splitlines() == [  # once for the change; its own library is none
        "2 added, 0 updated, 0 unchanged, 0 failed",
        "watching; Ctrl-C ends it",
        "1 added, 1 updated, 1 unchanged, 1 failed",
    ]
    assert err.splitlines()[-1] == "pincite: stopped; what was finished is kept"
    with Library.open(papers / "library", encoder=letters) as library:
        assert library.text("bakery.txt") == "Closed."


# Documents, text, remove, check


def test_documents_lists_names_pages_and_passages(letters, capsys):
    assert main(["documents"]) == 0
    assert capsys.readouterr().out == "The library is empty. Add documents: pincite index PATH\n"
    main(["index", str(ROOT / "tests/documents/ferry/annual-report-2023.pdf")])
    capsys.readouterr()
    assert main(["documents", "--json"]) == 0
    (document,) = json_of(capsys)["documents"]
    assert document.keys() == {"name", "sha256", "pages", "passages"}
    assert (document["name"], document["pages"]) == ("annual-report-2023.pdf", 3)
    assert len(document["sha256"]) == 64
    main(["documents"])
    assert capsys.readouterr().out.startswith("annual-report-2023.pdf  (3 pages, ")


def test_text_prints_the_exact_text(tmp_path, letters, capsysbinary):
    text = "  Über\n\n船 🇸🇪 \t end without a newline"
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    main(["index", str(tmp_path / "a.txt")])
    capsysbinary.readouterr()
    assert main(["text", "a.txt"]) == 0
    assert capsysbinary.readouterr().out == text.encode()


def test_a_name_of_any_bytes_may_be_typed(tmp_path, letters, capsys):
    name = os.fsdecode(b"caf\xe9.txt")
    (tmp_path / name).write_text(HARBOUR)
    assert main(["index", str(tmp_path / name)]) == 0
    capsys.readouterr()
    for typed in (name, r"caf\xe9.txt"):
        assert main(["text", typed]) == 0
        assert capsys.readouterr().out == HARBOUR
    assert main(["search", os.fsdecode(b"harbour \xff"), "--json"]) == 0
    assert json_of(capsys)["question"] == r"harbour \xff"
    assert main(["remove", name]) == 0
    assert capsys.readouterr().out == "removed  caf\\xe9.txt\n"


def test_remove_takes_out_what_is_there_and_names_what_is_not(papers, letters, capsys):
    main(["index", str(papers)])
    capsys.readouterr()
    assert main(["remove", "nothing\n", "bakery.txt"]) == 1
    out, err = capsys.readouterr()
    assert out == "removed  bakery.txt\n"
    assert err == "pincite: no document is named 'nothing\\n'; see `pincite documents`\n"


def test_remove_purge_leaves_no_byte(papers, letters, tmp_path, capsys):
    main(["index", str(papers)])
    assert main(["remove", "--purge", "harbour.txt"]) == 0
    files = [file for file in (tmp_path / "library").rglob("*") if file.is_file()]
    assert files
    assert not any(b"Lindhamn" in file.read_bytes() for file in files)


def test_check_is_1_until_it_is_repaired(papers, letters, tmp_path, capsys):
    main(["index", str(papers)])
    capsys.readouterr()
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "2 documents, 2 passages: all whole\n"
    with Library.open(tmp_path / "library", encoder=letters) as library:
        library._catalog.connection.execute("UPDATE passages SET terms = x'' WHERE id = 1")
    assert main(["check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": passage")[0] for line in lines[:-1]] == ["'bakery.txt'"]
    assert lines[-1] == "Mend it with: pincite check --repair"
    assert main(["check", "--repair"]) == 0
    assert main(["check"]) == 0


# Search and ask


def test_search_prints_the_ranked_passages(papers, letters, capsys):
    main(["index", str(papers)])
    capsys.readouterr()
    assert main(["search", "How deep is the harbour?", "-k", "1"]) == 0
    assert capsys.readouterr().out == f"1. harbour.txt  [0:{len(HARBOUR)}]  1.10\n   {HARBOUR}\n\n"
    assert main(["search", "How deep is the harbour?", "--json"]) == 0
    found = json_of(capsys)
    assert found.keys() == {"question", "passages"}
    best = found["passages"][0]
    assert best == {
        "document": "harbour.txt",
        "start": 0,
        "end": len(HARBOUR),
        "text": HARBOUR,
        "score": 1.1,
    }


def test_search_and_ask_keep_to_chosen_documents(papers, letters, scripted, capsys):
    main(["index", str(papers)])
    capsys.readouterr()
    main(["search", "How deep is the harbour?", "--within", "harbour.txt", "--json"])
    assert {one["document"] for one in json_of(capsys)["passages"]} == {"harbour.txt"}
    scripted.enqueue(["The harbour is deep."])
    assert main(["ask", "How deep is it?", "--within", "harbour.txt", "--json"]) == 0
    assert json_of(capsys)["searched"] == {"documents": 1, "passages": 1}
    assert main(["ask", "How deep is it?", "--within", "none.txt"]) == 1
    assert "no document is named 'none.txt'" in capsys.readouterr().err


def test_search_in_an_empty_library_says_so(letters, capsys):
    assert main(["search", "anything"]) == 0
    assert capsys.readouterr().out.startswith("No passages: the library is empty.")
    assert main(["search", "anything", "--json"]) == 0
    assert json_of(capsys) == {"question": "anything", "passages": []}


@pytest.fixture
def scripted(monkeypatch, tmp_path) -> ScriptedModel:
    model = ScriptedModel()
    (tmp_path / "config.json").touch()
    monkeypatch.setenv("PINCITE_MODEL", str(tmp_path))  # a place that exists
    monkeypatch.setattr("rag.models.chat_model", lambda settings: model)
    return model


@pytest.mark.models
def test_ask_prints_the_cited_answer(papers, real_encoder, scripted, capsys):
    main(["index", str(papers)])
    capsys.readouterr()
    question = "How deep is the harbour of Lindhamn?"
    scripted.enqueue(["The harbour of Lindhamn is 14 metres deep."] * 2)
    assert main(["ask", question]) == 0
    first = HARBOUR.partition(" Ships")[0]
    assert capsys.readouterr().out == (
        f"{first} [1]\n\n[1] harbour.txt, 0:{len(first)}\n    “{first}”\n"
    )
    assert main(["ask", question, "--json"]) == 0
    answer = json_of(capsys)
    assert answer.keys() == {
        *("schema", "question", "standalone_question", "abstained", "answer", "note", "sentences"),
        *("conflicts", "searched", "passages", "model", "timings"),
    }
    assert (answer["answer"], answer["abstained"], answer["schema"]) == (first, False, 1)
    assert answer["searched"] == {"documents": 2, "passages": 2}
    (sentence,) = answer["sentences"]
    assert sentence.keys() == {"text", "support", "relevance", "verdict", "citations"}
    (citation,) = sentence["citations"]
    assert citation.keys() == {"document", "sha256", "start", "end", "quote", "page", "place"}
    assert citation["quote"] == HARBOUR[citation["start"] : citation["end"]]
    assert answer["passages"][0].keys() == {"document", "start", "end", "score"}
    assert answer["timings"].keys() == {"evidence_s", "first_sentence_s", "total_s"}


@pytest.mark.models
def test_ask_abstains_where_the_documents_do_not_say(papers, real_encoder, scripted, capsys):
    main(["index", str(papers)])
    capsys.readouterr()
    scripted.enqueue(["The harbour of Lindhamn was built by Olof Wrede in 1931."])
    assert main(["ask", "Who built the harbour of Lindhamn?"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Your documents do not say.")
    assert "Wrede" not in out


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("7", "must be a JSON list"),
        ('[{"question": "q"}]', "must be a JSON list"),
        ('[{"question": "q", "answer": 3}]', "must be a string"),
        (b"\xff\xfe", "cannot read the history"),
        (None, "cannot read the history"),
    ],
)
def test_a_bad_history_is_one_line(tmp_path, letters, capsys, history, said):
    file = tmp_path / "history.json"
    if history is not None:
        file.write_bytes(history.encode() if isinstance(history, str) else history)
    assert said in fails(capsys, "ask", "question?", "--history", file)


@pytest.mark.parametrize("question", ["", " \n", "x" * 4001])
@pytest.mark.parametrize("verb", ["search", "ask"])
def test_a_question_that_cannot_be_asked_is_one_line(letters, scripted, capsys, verb, question):
    assert fails(capsys, verb, question).startswith("the question ")


# What goes wrong


def test_a_library_that_cannot_be_opened_is_one_line(tmp_path, letters, capsys):
    file = tmp_path / "file\n"
    file.write_text("x")
    assert "cannot make the library's folder" in fails(capsys, "documents", "--library", file)
    (tmp_path / "catalog.sqlite").write_text("no database" * 100)
    assert "not a database" in fails(capsys, "check", "--library", tmp_path)


def test_a_library_of_another_model_is_one_line(papers, letters, capsys):
    main(["index", str(papers)])
    letters.name = "other"
    assert "was made with the embedding model letters" in fails(capsys, "documents")


def test_a_missing_model_is_one_line(papers, capsys):
    assert "no model at" in fails(capsys, "index", papers, "--embedding-model", "/no/model")


def test_a_bad_setting_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("PINCITE_HITS", "many")
    assert "the setting hits must be" in fails(capsys, "documents")


def test_a_folder_that_cannot_be_written_is_one_line(papers, letters, scripted, tmp_path, capsys):
    cases = tmp_path / "cases.jsonl"
    cases.write_text('{"id": "1", "question": "How deep?", "answers": null}\n')
    scripted.enqueue(["No."])
    assert main(["index", str(papers)]) == 0
    out = papers / "harbour.txt" / "out"
    assert str(out) in fails(capsys, "evaluate", cases, "--out", out)


@pytest.mark.models
def test_output_that_nobody_reads_ends_quietly(papers, real_encoder):
    assert pincite("index", papers).returncode == 0
    for arguments in (["text", "harbour.txt"], ["documents"]):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [sys.executable, "-m", "rag.cli", *arguments],
            cwd=ROOT,
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.models
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line(real_encoder):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "rag.cli", "documents"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr == b"pincite: No space left on device\n"


@pytest.mark.models
def test_the_installed_command_works(papers, real_encoder):
    command = Path(sys.executable).with_name("pincite")
    if not command.exists():
        command = Path(shutil.which("pincite") or pytest.skip("pincite is not installed"))
    done = subprocess.run([command, "index", papers], capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, b"2 added, 0 updated, 0 unchanged, 0 failed\n")


@pytest.mark.models
def test_ctrl_c_ends_it_in_one_line(papers, real_encoder):
    process = subprocess.Popen(
        [sys.executable, "-m", "rag.cli", "index", "--watch", str(papers)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    threading.Timer(60, process.kill).start()
    while b"watching" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(2)
    _, err = process.communicate(timeout=30)
    assert process.returncode == cli.INTERRUPTED == 130
    assert err.splitlines()[-1] == b"pincite: stopped; what was finished is kept"


def test_a_fault_of_its_own_is_one_line(letters, monkeypatch, capsys):
    def fail(*_: object) -> None:
        raise RuntimeError("on\npurpose")

    monkeypatch.setattr("index.Library.documents", fail)
    assert main(["documents"]) == 1
    assert capsys.readouterr().err == (
        "pincite: a fault in Pincite itself (RuntimeError: on\\npurpose); "
        "set PINCITE_DEBUG=1 to see where, and report it\n"
    )
    monkeypatch.setenv("PINCITE_DEBUG", "1")
    with pytest.raises(RuntimeError):
        main(["documents"])
