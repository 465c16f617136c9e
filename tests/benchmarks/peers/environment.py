"""A peer's virtual environment, made once: what it needs beyond Pincite's own packages."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
OFFLINE = {  # no tracing, no telemetry, no download
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "ANONYMIZED_TELEMETRY": "false",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
}


def python_of(folder: Path, requirements: Path) -> Path:
    """Return the Python of the environment in the folder, made where it is missing or another's.

    It sees the packages of this environment and the checkout, after its own.
    """
    python = folder / "bin" / "python"
    seen = f"{sysconfig.get_path('purelib')}\n{CHECKOUT}\n"
    made_of, stamp = seen + requirements.read_text(encoding="utf-8"), folder / "made_of.txt"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == made_of:
        return python
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    Path(own, "pincite.pth").write_text(seen, encoding="utf-8")
    _run([python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", requirements])
    stamp.write_text(made_of, encoding="utf-8")
    return python


def run_module(python: Path, module: str, *arguments: Path) -> None:
    """Run a module of the checkout in the environment; raises CalledProcessError."""
    _run([python, "-m", module, *arguments], {**os.environ, **OFFLINE})


def _run(command: list[str | Path], environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, check=True, cwd=CHECKOUT, env=environment)
