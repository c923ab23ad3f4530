"""The generator as a whole: same bytes, awkward records, ids, targets, survey."""

import csv
import json
from collections import Counter
from datetime import datetime
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ConfigurationError
from sandbox.company import generate, ids
from sandbox.scenario import METRICS, Scenario
from sandbox.schema import OBJECTS, objects
from tests.sandbox.company_oracle import Company

ENDS_AT = datetime(2026, 11, 20, 12)
HELD = objects(several_currencies=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("company")
    generate(made, Scenario.preset("defined"), 7, 2500, ENDS_AT)
    return made


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    scenario = Scenario.mixed({"handoff": "aligned"})
    for name in ("one", "two"):
        generate(tmp_path / name, scenario, 5, 120, ENDS_AT, months=6)
    generate(tmp_path / "other", scenario, 6, 120, ENDS_AT, months=6)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    parquet = {name for name in files if name.endswith(".parquet")}
    assert parquet == {f"{name}.parquet" for name in HELD}
    same = [
        (tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files
    ]
    assert all(same)
    lead = "Lead.parquet"
    assert (tmp_path / "one" / lead).read_bytes() != (tmp_path / "other" / lead).read_bytes()


def test_files_have_the_fields_of_the_schema(folder: Path) -> None:
    for name, definition in HELD.items():
        rows = pd.read_parquet(folder / f"{name}.parquet")
        assert list(rows.columns) == definition.arrow.names
        assert rows.Id.str.fullmatch(definition.prefix + "[0-9A-Za-z]{12}[A-Z0-5]{3}").all()


def checksum(short: str) -> str:
    """The three characters that Salesforce appends, from its documentation."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    chunks = (short[start : start + 5] for start in (0, 5, 10))
    return "".join(letters[sum((c in letters[:26]) << n for n, c in enumerate(k))] for k in chunks)


@given(st.sampled_from(tuple(OBJECTS)), st.lists(st.integers(-1, 2**39), min_size=1, unique=True))
def test_ids(name: str, numbers: list[int]) -> None:
    keys = ids.key(name, np.array(numbers, np.int64))
    rendered = ids.render(keys).to_pylist()
    assert [text is None for text in rendered] == [number < 0 for number in numbers]
    texts = [text for text in rendered if text is not None]
    assert len(set(texts)) == len(texts)
    assert all(text[:3] == OBJECTS[name].prefix for text in texts)
    assert all(text[15:] == checksum(text[:15]) for text in texts)
    assert ids.number_of(keys).tolist() == [max(number, -1) for number in numbers]


def test_ids_of_many_references_to_few_records() -> None:
    chance = np.random.default_rng(3)
    numbers = chance.integers(-1, 50, 20_000)
    record = np.where(numbers % 2, ids.key("User", numbers), ids.key("Group", numbers))
    alone = {key: ids.render(np.array([key], np.int64))[0].as_py() for key in set(record.tolist())}
    assert ids.render(record).to_pylist() == [alone[key] for key in record.tolist()]


def test_people_work_in_working_hours(folder: Path) -> None:
    seen = Company(folder, ENDS_AT)
    tasks = seen.table("Task").merge(
        seen.users[["Region__c", "role"]], left_on="CreatedById", right_index=True
    )
    human = tasks[tasks.role != "Integration"]
    zones = {"EMEA": "Europe/Berlin", "AMER": "America/New_York", "APAC": "Asia/Singapore"}
    for region, zone in zones.items():
        done = human[human.Region__c == region].CompletedDateTime.dropna()
        local = done.dt.tz_localize("UTC").dt.tz_convert(zone)
        assert len(local) > 50
        assert (local.dt.weekday < 5).all()
        assert local.dt.hour.between(9, 17).all()


def test_managers_lead_to_the_top(folder: Path) -> None:
    users = Company(folder, ENDS_AT).users
    top = users[users.ManagerId.isna()]
    assert list(top.role) == ["CEO"]
    for user in users.index:
        steps, at = 0, user
        while users.ManagerId[at] is not None and at != top.index[0]:
            at, steps = users.ManagerId[at], steps + 1
            assert steps < 6
    counts = Counter(users[users.IsActive].role)
    assert counts["SDR"] + counts["Account Executive"] == 14
    assert counts["Marketing Manager"] + counts["Marketing Specialist"] == 11


@pytest.mark.parametrize(
    ("stage", "head"),
    [
        ("defined", "CEO"),
        ("aligned", "Chief Operating Officer"),
        ("integrated", "Chief Revenue Officer"),
    ],
)
def test_common_head(tmp_path: Path, stage: str, head: str) -> None:
    generate(tmp_path, Scenario.preset(stage), 1, 5, ENDS_AT, months=1)
    users = Company(tmp_path, ENDS_AT).users
    bosses = users[users.role.isin(["VP Sales", "VP Marketing"])].ManagerId
    assert set(users.role[bosses]) == {head}


def test_made_up_names_are_there_to_be_left_out(folder: Path) -> None:
    leads = pd.read_parquet(folder / "Lead.parquet")
    for name in ("FirstName", "LastName", "Name", "Email", "Phone", "MobilePhone", "Company"):
        assert leads[name].notna().all()


@pytest.mark.parametrize("stage", ["undefined", "defined", "aligned", "integrated"])
def test_targets_survey_and_population(tmp_path: Path, stage: str) -> None:
    scenario = Scenario.preset(stage)
    generate(tmp_path, scenario, 2, 40, ENDS_AT, months=12)
    with (tmp_path / "targets.csv").open() as file:
        targets = list(csv.DictReader(file))
    quarter = [row for row in targets if row["period"] == "2026-Q3"]
    held = {(row["metric"], row["function"]) for row in quarter} | {("revenue", "sales")}
    both = [metric for metric in METRICS if {(metric, "sales"), (metric, "marketing")} <= held]
    planted = json.loads((tmp_path / "population.json").read_text())
    assert len(both) / len(METRICS) == planted["shared_metric_coverage"]
    assert planted == pytest.approx(scenario.population())
    survey = pd.read_csv(tmp_path / "survey.csv")
    answers = survey[[f"s{number}" for number in range(1, 21)]]
    assert answers.isin([1, 2, 3, 4, 5]).all().all()
    assert survey.respondent.is_unique
    assert Counter(zip(survey.function, survey.level, strict=True)) == {
        ("sales", "head"): 4,
        ("sales", "staff"): 14,
        ("marketing", "head"): 1,
        ("marketing", "staff"): 11,
    }
    totals = answers.sum(axis=1).groupby(survey.function).mean()
    assert totals["sales"] < totals["marketing"]
    low = {"undefined": 20, "defined": 40, "aligned": 60, "integrated": 80}[stage]
    assert low <= totals.mean() < low + 20


@given(
    st.sampled_from(["followup", "handoff"]), st.sampled_from(["undefined", "level 3", "aligned"])
)
def test_scenarios_refuse_what_they_do_not_know(dimension: str, level: str) -> None:
    if (dimension, level) in product(["handoff"], ["undefined", "aligned"]):
        chosen = Scenario.mixed({dimension: level})
        assert chosen.handoff == Scenario.preset(level).handoff
        assert chosen.language == Scenario.preset("defined").language
        return
    with pytest.raises(ConfigurationError, match="Write one of"):
        Scenario.mixed({dimension: level})


def test_counts_that_make_no_company_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        generate(tmp_path, Scenario.preset("defined"), 1, 0, ENDS_AT)
