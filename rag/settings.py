"""One frozen Settings: plain data, from defaults, a file, the environment and flags, in that order.

The file is `pincite.toml` in the user's configuration folder, or what PINCITE_SETTINGS names.
The environment sets NAME as PINCITE_NAME; an empty variable counts as none.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from platformdirs import user_config_path, user_data_path

from index.weights import EMBEDDING_MODEL, cache_folder
from rag.crossencoder import JUDGE
from rag.errors import SettingsError
from rag.weights import LANGUAGE_MODEL

_KINDS = {str: "text", int: "a whole number", float: "a number"}
_PRECISIONS = ("bfloat16", "float32", "4bit")
_RANGES = {  # least and most
    "hits": (1, 1000),
    "list_hits": (1, 1000),
    "prompt_passages": (1, 100),
    "prompt_chars": (100, 1_000_000),
    "max_new_tokens": (1, 4096),
    "server_timeout": (0.1, 86_400),
    "unsupported_at_most": (0, 1),
    "relevance_threshold": (0, 1),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set. Live objects are made from it elsewhere."""

    library: str = str(user_data_path("pincite", appauthor=False) / "library")  # folder
    cache: str = field(default_factory=lambda: str(cache_folder()))  # folder of prepared models
    embedding_model: str = EMBEDDING_MODEL  # the embedded one, a folder, or a hub name
    reranker: str = ""  # a cross-encoder that orders the hits anew: a folder or a hub name, or none
    model: str = LANGUAGE_MODEL  # the embedded one, a file, folder, hub name or URL: rag.models
    judge: str = JUDGE  # what reads claim and quotes: the embedded one, a folder or a hub name
    precision: str = "bfloat16"  # of a model on transformers: bfloat16, float32 or 4bit
    server_timeout: float = 120.0  # seconds that a language model's server may say nothing
    hits: int = 14  # passages that a question retrieves; citations lie within them
    list_hits: int = 24  # of these, at most, for a question that asks for all there is
    prompt_passages: int = 8  # of these, how many the language model reads from
    prompt_chars: int = 900  # of their sentences, nearest to the question first
    max_new_tokens: int = 160  # of an answer
    # Share of the sentences shown that may be unsupported: the judge's calibration says which
    # probability of support keeps that promise (rag/judge.json).
    unsupported_at_most: float = 0.2
    relevance_threshold: float = 0.3  # least probability that it answers the question

    def __post_init__(self) -> None:
        """Raise SettingsError for a number out of its range or an empty name."""
        for name, (least, most) in _RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise SettingsError(
                    f"the setting {name} must be from {least} to {most}, not {getattr(self, name)}"
                )
        if self.precision not in _PRECISIONS:
            raise SettingsError(
                f"the setting precision must be {', '.join(_PRECISIONS[:-1])} or "
                f"{_PRECISIONS[-1]}, not {self.precision!r}"
            )
        for name in ("library", "cache", "embedding_model", "model", "judge"):
            if not str(getattr(self, name)).strip():
                raise SettingsError(f"the setting {name} is empty: name a folder or a model")


def load(flags: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings; `flags` that are None do not count. Raises SettingsError."""
    given = {**_from_file(), **_from_environment()}
    given |= {name: value for name, value in (flags or {}).items() if value is not None}
    kinds = {name: type(value) for name, value in asdict(Settings()).items()}
    unknown = [name for name in given if name not in kinds]
    if unknown:
        raise SettingsError(f"there is no setting {unknown[0]!r}; there are {', '.join(kinds)}")
    return Settings(**{name: _as(kinds[name], name, value) for name, value in given.items()})


def _as(kind: type, name: str, value: Any) -> Any:
    """Return the value as that kind: text is parsed; 8 is 8.0, but 8.5 is no whole number."""
    fits = isinstance(value, str) or type(value) is kind or (type(value), kind) == (int, float)
    try:
        if not fits:
            raise TypeError
        return kind(value)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"the setting {name} must be {_KINDS[kind]}, not {value!r}") from error


def _from_file() -> dict[str, Any]:
    named = os.environ.get("PINCITE_SETTINGS")
    path = (
        Path(named).expanduser()
        if named
        else user_config_path("pincite", appauthor=False) / "pincite.toml"
    )
    if not named and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"cannot read the settings in {path}: {error}") from error


def _from_environment() -> dict[str, str]:
    names = {f"PINCITE_{field.name.upper()}": field.name for field in fields(Settings)}
    return {names[key]: value for key, value in os.environ.items() if key in names and value}
