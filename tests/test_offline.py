"""With a network there, nothing is sent: no telemetry, no tracing, no look at a model hub.

A whole index and question run in a process of their own, which writes down every attempt to
reach anything but this machine, also those of the processes that it forks and of the one that
the language model runs in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

RECORD = """
import os, sys

attempts = os.open(os.environ["ATTEMPTS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def record(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        target = str(arguments[0])
    elif event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if not isinstance(address, tuple):
            return  # a socket in the file system
        target = str(address[0])
    elif event == "subprocess.Popen" and arguments[1][1:4] == ["-P", "-m", "rag.models.engine"]:
        return  # it records its own attempts
    elif event == "subprocess.Popen":
        target = str(arguments[1])  # another program could call out unseen
    else:
        return
    if target not in ("127.0.0.1", "::1", "localhost"):
        os.write(attempts, f"{event} {target}\\n".encode())
        raise OSError("the test forbids to reach " + target)

sys.addaudithook(record)
"""

ASK = """
from pathlib import Path
from index import Library
from rag import Assistant, support
import json

library = Library.open(sys.argv[1])
library.add_texts([
    ("bells.txt", "The bell of Olden church was cast in 1721 by Peder Grund. It weighs 310 kg."),
    ("mills.txt", "The mill at Sande has ground rye since 1804. Its miller is Kari Moen."),
])
history = [("Where is the bell?", "The bell hangs in Olden church.")]
answer = Assistant(library).ask("When was the bell of Olden church cast?", history)
support("It weighs 310 kg.", ["The bell weighs 310 kg."])
print(json.dumps({"answer": answer.text, "modules": sorted(sys.modules)}))
"""

LOUD = {
    "LANGSMITH_TRACING": "true",
    "LANGSMITH_TRACING_V2": "true",
    "LANGCHAIN_TRACING_V2": "true",
    "LANGSMITH_API_KEY": "lsv2_pt_nobody",
    "LANGCHAIN_API_KEY": "lsv2_pt_nobody",
    "LANGSMITH_ENDPOINT": "https://api.smith.langchain.com",
}
QUIET = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK")
CI = ("CI", "TF_BUILD", "JENKINS_URL")  # with these some telemetry holds its tongue


def run(script: str, tmp_path: Path, home: Path) -> tuple[str, list[str]]:
    """Run the script; return what it printed and whom it tried to reach."""
    quiet = {name: value for name, value in os.environ.items() if name not in (*QUIET, *CI)}
    attempts = tmp_path / "attempts"
    recorder = tmp_path / "recorder"  # which every Python that is started imports
    recorder.mkdir()
    (recorder / "sitecustomize.py").write_text(RECORD)
    paths = os.pathsep.join(map(str, (recorder, ROOT)))
    done = subprocess.run(
        [sys.executable, "-c", f"import os, sys\n{script}", str(tmp_path / "library")],
        env=quiet | LOUD | {"PYTHONPATH": paths, "HOME": str(home), "ATTEMPTS": str(attempts)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, attempts.read_text().splitlines()


def test_the_recorder_sees_what_a_forked_process_does(tmp_path: Path):
    script = """
import multiprocessing, urllib.request

def call():
    try:
        urllib.request.urlopen("https://example.org", timeout=1)
    except OSError:
        pass

process = multiprocessing.get_context("fork").Process(target=call)
process.start()
process.join()
"""
    assert run(script, tmp_path, tmp_path)[1] == ["socket.getaddrinfo example.org"]


def test_the_recorder_sees_what_the_language_models_process_does(tmp_path: Path):
    engine = tmp_path / "engine" / "openvino_genai.py"  # found in the place of the real one
    engine.parent.mkdir()
    engine.write_text("import urllib.request; urllib.request.urlopen('https://example.org')")
    script = f"""
sys.path.insert(0, {str(engine.parent)!r})
from rag.models.embedded import EngineError, EngineProcess
try:
    EngineProcess("model").wait_until_loaded()
except EngineError as error:
    print(error)
"""
    printed, attempts = run(script, tmp_path, tmp_path)
    assert "its process ended unasked" in printed
    assert attempts == ["socket.getaddrinfo example.org"]


def test_the_engine_is_imported_without_its_telemetry(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    script = """
from index.engine import openvino
openvino(); openvino("openvino_genai")
print(sorted(name for name in sys.modules if name.startswith("openvino_telemetry.")))
"""
    assert run(script, tmp_path, home) == ("[]\n", [])
    assert list(home.iterdir()) == []  # no file that counts the user's starts


@pytest.mark.models
def test_a_question_with_the_real_models_reaches_nobody(tmp_path: Path):
    script = f"os.environ['PINCITE_LIBRARY'] = {str(tmp_path / 'library')!r}\n{ASK}"
    printed, attempts = run(script, tmp_path, Path.home())
    found = json.loads(printed)
    assert "1721" in found["answer"]
    assert attempts == []
    assert {"openvino", "langsmith"} <= set(found["modules"])  # they were there to call out
