from pathlib import Path

import pytest
import yaml

from config import Settings, load
from config.loader import DEFAULT_FILE
from model.errors import ConfigurationError


def refusal(tmp_path: Path, text: str) -> str:
    file = tmp_path / "detente.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        load(file)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_default_file_says_what_the_code_defaults_to() -> None:
    assert load(None) == Settings()


def test_the_default_file_names_every_key() -> None:
    assert set(yaml.safe_load(DEFAULT_FILE.read_text())) == set(Settings.model_fields)


def test_an_own_file_is_laid_over_key_by_key(tmp_path: Path) -> None:
    file = tmp_path / "detente.yaml"
    file.write_text("stage: {penalty: 0.2}\nsegments: [region]\n")
    settings = load(file)
    assert settings.stage.penalty == 0.2
    assert settings.stage.draws == Settings().stage.draws
    assert settings.segments == ("region",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sla:\n  hurs: 4\n", "line 2, key sla.hurs: unknown key. Did you mean hours?"),
        ("sourcs: []\n", "line 1, key sourcs: unknown key. Did you mean sources?"),
        ("indicators:\n  x:\n    weigth: 2\n", "key indicators.x.weigth"),
        ("sla: {hours: -1}\n", "greater than 0"),
        ("calendar: {default: {timezone: Mars}}\n", "not a time zone"),
        ("calendar: {default: {opens: '17:00', closes: '09:00'}}\n", "is not after opens"),
        ("sla: {hours: 4}\nsla: {hours: 5}\n", "line 2, key sla: stands here a second time"),
        ("a: [\n", "line 2"),
        ("- 1\n", "is not a list of keys"),
        ("functions: {sales: {roles: AE}}\n", "should be a list"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path, text)


def test_a_missing_file_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="detente init"):
        load(tmp_path / "none.yaml")


def test_the_definitions_version_moves_with_meaning_and_only_with_meaning(tmp_path: Path) -> None:
    def version(text: str) -> str:
        file = tmp_path / "detente.yaml"
        file.write_text(text)
        return load(file).definitions.version()

    assert version("engine: {memory_limit: 1GB}\n") == version("")
    assert version("sla: {hours: 4}\n") != version("")
