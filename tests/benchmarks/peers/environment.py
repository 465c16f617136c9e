"""A peer's virtual environment, made once: what it needs beyond Pincite's own packages."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
_PIP_S = 1800  # seconds for an environment
OFFLINE = {  # no tracing, no telemetry, no download
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "ANONYMIZED_TELEMETRY": "false",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
}


class PeerError(RuntimeError):
    """A peer that cannot be asked; the message is one line that says what to do."""


def python_of(folder: Path, requirements: Path) -> Path:
    """Return the Python of the environment in the folder, made where it is missing or another's.

    It sees the packages of this environment and the checkout, after its own. Raises PeerError.
    """
    python = folder / "bin" / "python"
    seen = f"{sysconfig.get_path('purelib')}\n{CHECKOUT}\n"
    made_of, stamp = seen + requirements.read_text(encoding="utf-8"), folder / "made_of.txt"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == made_of:
        return python
    try:
        _run([sys.executable, "-m", "venv", "--clear", folder], _PIP_S)
        own = subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
        Path(own, "pincite.pth").write_text(seen, encoding="utf-8")
        _run(
            [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check",
             "--timeout", "15", "--retries", "2", "-r", requirements],
            _PIP_S,
        )  # fmt: skip
    except (subprocess.SubprocessError, OSError) as error:
        raise PeerError(
            f"pip could not install {requirements.name}: give the command again where a package "
            "index can be reached"
        ) from error
    stamp.write_text(made_of, encoding="utf-8")
    return python


def run_module(python: Path, module: str, *arguments: Path, timeout_s: float) -> None:
    """Run a module of the checkout in the environment; raises PeerError."""
    try:
        _run([python, "-m", module, *arguments], timeout_s, {**os.environ, **OFFLINE})
    except subprocess.TimeoutExpired as error:
        raise PeerError(
            f"it took more than {timeout_s:.0f} s: give the command again, what it said is kept"
        ) from error
    except (subprocess.SubprocessError, OSError) as error:
        raise PeerError(
            "its worker stopped, see above: give the command again, what it said is kept"
        ) from error


def _run(
    command: list[str | Path], timeout_s: float, environment: dict[str, str] | None = None
) -> None:
    subprocess.run(command, check=True, cwd=CHECKOUT, env=environment, timeout=timeout_s)
