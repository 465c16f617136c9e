"""Settings: defaults, then the file, then the environment, then flags; nonsense is one line."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, fields
from pathlib import Path

import pytest

from rag.errors import SettingsError
from rag.settings import Settings, load

Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of this machine, and a configuration folder that is empty."""
    for name in [name for name in os.environ if name.startswith("PINCITE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Write:
    """Write a settings file and name it in the environment."""

    def write(text: str) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("PINCITE_SETTINGS", str(path))
        return path

    return write


def one_line(caught: pytest.ExceptionInfo[SettingsError]) -> str:
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_anything_the_defaults_hold():
    assert load() == Settings() == load({"hits": None})


def test_the_later_wins_defaults_file_environment_flags(
    write: Write, monkeypatch: pytest.MonkeyPatch
):
    assert load().hits == 14
    write("hits = 9")
    assert load().hits == 9
    monkeypatch.setenv("PINCITE_HITS", "10")
    assert load().hits == 10
    assert load({"hits": 11}).hits == 11
    assert load({"hits": None}).hits == 10


def test_the_file_in_the_configuration_folder_is_read_where_none_is_named(tmp_path: Path):
    folder = tmp_path / "config" / "pincite"
    folder.mkdir(parents=True)
    (folder / "pincite.toml").write_text("\ufeffunsupported_at_most = 1\n", encoding="utf-8")
    assert load().unsupported_at_most == 1.0


def test_every_setting_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    other = {str: "elsewhere", int: 100, float: 0.25}
    wanted = {name: other[type(value)] for name, value in asdict(Settings()).items()}
    wanted["precision"] = "4bit"
    for name, value in wanted.items():
        monkeypatch.setenv(f"PINCITE_{name.upper()}", str(value))
    assert asdict(load()) == wanted


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PINCITE_LIBRARY", "")
    assert load().library == Settings().library


def test_settings_are_frozen_plain_data():
    with pytest.raises(FrozenInstanceError):
        Settings().hits = 9  # type: ignore[misc]
    assert {type(value) for value in asdict(Settings()).values()} == {str, int, float}
    assert len(fields(Settings)) == len(asdict(Settings()))


@pytest.mark.parametrize("text", ["hit = 8", "[model]\nname = 'x'", "hits = 8.5", "hits = true"])
def test_a_file_with_an_unknown_name_or_a_wrong_type_is_an_error(write: Write, text: str):
    write(text)
    with pytest.raises(SettingsError, match=r"^(there is no setting 'hit'|the setting )") as caught:
        load()
    one_line(caught)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"colour": "red"}, "there is no setting 'colour'; there are library, cache"),
        ({"hits": "many"}, "the setting hits must be a whole number, not 'many'"),
        ({"hits": "8\n9"}, "the setting hits must be a whole number"),
        ({"library": ["a"]}, "the setting library must be text"),
        ({"unsupported_at_most": "half"}, "the setting unsupported_at_most must be a number"),
        ({"hits": 0}, "the setting hits must be from 1 to 1000, not 0"),
        ({"prompt_passages": "-1"}, "the setting prompt_passages must be from 1"),
        ({"max_new_tokens": 0}, "the setting max_new_tokens must be from 1"),
        ({"unsupported_at_most": 2}, "the setting unsupported_at_most must be from 0 to 1, not 2"),
        ({"relevance_threshold": -0.1}, "the setting relevance_threshold must be from 0 to 1"),
        ({"relevance_threshold": "nan"}, "the setting relevance_threshold must be from 0 to 1"),
        ({"library": " "}, "the setting library is empty"),
        ({"judge": ""}, "the setting judge is empty: name a folder or a model"),
    ],
)
def test_nonsense_is_one_line_that_names_the_setting(flags: dict[str, object], said: str):
    with pytest.raises(SettingsError) as caught:
        load(flags)
    assert one_line(caught).startswith(said)


def test_settings_made_in_python_are_checked_too():
    with pytest.raises(SettingsError, match="hits must be from 1"):
        Settings(hits=0)


def test_a_file_that_is_named_but_missing_or_no_toml_is_an_error(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    path = write("hits = ")
    with pytest.raises(
        SettingsError, match=r"^cannot read the settings in .*mine\.toml: "
    ) as caught:
        load()
    one_line(caught)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"^cannot read the settings"):
        load()
    monkeypatch.setenv("PINCITE_SETTINGS", str(tmp_path / "gone.toml"))
    with pytest.raises(SettingsError, match=r"gone\.toml"):
        load()
