"""One frozen Settings: plain data, from defaults, a file, the environment and flags, in that order.

The file is `pincite.toml` in the user's configuration folder, or what PINCITE_SETTINGS names.
The environment sets NAME as PINCITE_NAME.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path, user_config_path, user_data_path

from index.weights import EMBEDDING_MODEL
from rag.errors import SettingsError
from rag.weights import LANGUAGE_MODEL


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set. Live objects are made from it elsewhere."""

    library: str = str(user_data_path("pincite", appauthor=False) / "library")  # folder
    cache: str = str(user_cache_path("pincite", appauthor=False))  # folder of joined weights
    embedding_model: str = EMBEDDING_MODEL  # the embedded one, a folder, or a hub name
    model: str = LANGUAGE_MODEL  # the embedded one, a .gguf file, an OpenVINO folder or hub name
    hits: int = 8  # passages that a question retrieves; citations lie within them
    prompt_passages: int = 3  # of these, how many the language model reads
    max_new_tokens: int = 160  # of an answer
    support_threshold: float = 0.5  # least probability that the cited words support a sentence
    relevance_threshold: float = 0.5  # least probability that it answers the question


def load(flags: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings; `flags` that are None do not count. Raises SettingsError."""
    given = {**_from_file(), **_from_environment()}
    given |= {name: value for name, value in (flags or {}).items() if value is not None}
    settings = Settings()
    kinds = {field.name: type(getattr(settings, field.name)) for field in fields(Settings)}
    for name, value in given.items():
        if name not in kinds:
            raise SettingsError(f"there is no setting {name!r}; there are {', '.join(kinds)}")
        try:
            settings = replace(settings, **{name: kinds[name](value)})
        except (TypeError, ValueError) as error:
            raise SettingsError(
                f"the setting {name} must be {kinds[name].__name__}, not {value!r}"
            ) from error
    return settings


def _from_file() -> dict[str, Any]:
    named = os.environ.get("PINCITE_SETTINGS")
    path = Path(named) if named else user_config_path("pincite", appauthor=False) / "pincite.toml"
    if not named and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"cannot read the settings in {path}: {error}") from error


def _from_environment() -> dict[str, str]:
    names = {f"PINCITE_{field.name.upper()}": field.name for field in fields(Settings)}
    return {names[key]: value for key, value in os.environ.items() if key in names}
