from datetime import date
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
        ("sla:\n  hurs: 4\n", "line 2, column 3, key sla.hurs: unknown key. Did you mean hours?"),
        ("sourcs: []\n", "line 1, column 1, key sourcs: unknown key. Did you mean sources?"),
        ("indicators:\n  x:\n    weigth: 2\n", "key indicators.x.weigth"),
        ("sla: {hours: -1}\n", "greater than 0"),
        ("calendar: {default: {timezone: Mars}}\n", "not a time zone"),
        ("calendar: {default: {opens: '17:00', closes: '09:00'}}\n", "is not after opens"),
        ("calendar: {default: {hours: {fri: 9-13}}}\n", "'9-13' is not a shift; write 09:00-17:00"),
        ("calendar: {default: {hours: {fri: '09:00-25:00'}}}\n", "has a time that no day has"),
        ("calendar: {default: {hours: {fri: '09:00-09:00'}}}\n", "begins when it ends"),
        ("calendar: {default: {hours: {fri: 9}}}\n", "write 09:00-17:00, a list of such"),
        (
            "calendar: {default: {hours: {fri: ['09:00-13:00', '12:00-15:00']}}}\n",
            "12:00 is before the shift ahead of it ends",
        ),
        ("calendar: {default: {hours: {friday: '09:00-13:00'}}}\n", "friday"),
        ("calendar: {default: {dates: {13-24: []}}}\n", "'13-24' is not a day"),
        (
            "sla: {hours: 4}\nsla: {hours: 5}\n",
            "line 2, column 1, key sla: stands here a second time",
        ),
        ("a: [\n", "line 2"),
        (
            "rules:\n  - {id: a, title: A, applies_to: handoffs, require: decison}\n",
            "line 2, column 45, key rules.0.require: 'decison' is not a requirement. "
            "Did you mean decision?",
        ),
        (
            "rules:\n  - id: a\n    title: A\n    applies_to: opportunities\n"
            "    require: campaign\n    wen: {}\n",
            "line 6, column 5, key rules.0.wen: unknown key. Did you mean when?",
        ),
        (
            "rules:\n  - {id: a, title: A, applies_to: handoffs, require: decision}\n",
            "line 2, column 5, key rules.0: within is needed here",
        ),
        ("- 1\n", "is not a list of keys"),
        ("functions: {sales: {roles: AE}}\n", "should be a list"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path, text)


def test_days_of_their_own_and_hours_by_weekday(tmp_path: Path) -> None:
    file = tmp_path / "detente.yaml"
    file.write_text(
        "calendar: {default: {hours: {wed: ['09:00-12:30', '13:30-18:00'], sat: 22:00-06:00},"
        " dates: {12-24: '09:00-12:00', 2026-12-31: []}}}\n"
    )
    hours = load(file).definitions.calendar.default

    def told(day: date, is_holiday: bool = False) -> list[str]:
        return [f"{s.opens:%H:%M}-{s.closes:%H:%M}" for s in hours.shifts(day, is_holiday)]

    assert told(date(2026, 6, 3)) == ["09:00-12:30", "13:30-18:00"]  # a Wednesday
    assert told(date(2026, 6, 3), is_holiday=True) == []
    assert told(date(2026, 6, 4)) == ["09:00-17:00"]
    assert told(date(2026, 6, 6)) == ["22:00-06:00"]
    assert told(date(2026, 6, 7)) == []
    assert told(date(2025, 12, 24), is_holiday=True) == ["09:00-12:00"]
    assert told(date(2026, 12, 31)) == []
    assert told(date(2025, 12, 31)) == ["09:00-12:30", "13:30-18:00"]  # a Wednesday


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
