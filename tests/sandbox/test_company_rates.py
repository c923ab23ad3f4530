"""What was planted can be measured: plain counts against the population values."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from sandbox.company import generate
from sandbox.company.funnel import response_hours
from sandbox.scenario import Scenario
from tests.sandbox.company_oracle import Company, Rate

ENDS_AT = datetime(2026, 11, 20, 12)
STAGES = ("undefined", "defined", "aligned", "integrated")


@pytest.fixture(scope="module", params=STAGES)
def measured(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Company, dict[str, float]]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    scenario = Scenario.preset(request.param)
    generate(folder, scenario, 11, 4000, ENDS_AT)
    return Company(folder, ENDS_AT), scenario.population()


def agrees(rate: Rate, planted: float, owners: int) -> bool:
    """Within four standard errors, of which owners who differ are a part."""
    spread = planted * (1 - planted)
    error = np.sqrt(spread / rate.n + 0.04 * spread / owners)
    return bool(abs(rate.value - planted) < 4 * error + 0.003)


def test_handoffs(measured: tuple[Company, dict[str, float]]) -> None:
    company, planted = measured
    hours, days = np.array(company.responses()).T
    within = Rate(float((hours <= 8).mean()), len(hours))
    never = Rate(float((days > 30).mean()), len(days))
    assert agrees(within, planted["lead_followup_rate"], 14)
    assert agrees(never, planted["never_touched_rate"], 14)
    by_median = Rate(float((hours <= planted["first_response_hours"]).mean()), len(hours))
    assert agrees(by_median, 0.5, 14)
    assert agrees(company.bounced(), planted["ownership_bounce_rate"], 14)


def test_decisions(measured: tuple[Company, dict[str, float]]) -> None:
    company, planted = measured
    accepted, timely = company.decisions()
    assert agrees(accepted, planted["mql_acceptance_rate"], 14)
    assert agrees(timely, planted["decision_rate"], 14)


def test_opportunities(measured: tuple[Company, dict[str, float]]) -> None:
    company, planted = measured
    assert agrees(company.loss_reasons(), planted["loss_reason_rate"], 9)
    assert agrees(company.contact_roles(), planted["contact_role_coverage"], 9)
    assert agrees(company.key_meetings(), planted["marketing_in_key_meetings"], 9)
    number, amount = company.traced()
    assert agrees(number, planted["funnel_continuity"], 9)
    assert abs(number.value - amount.value) < 0.1


@pytest.fixture(scope="module")
def two_speeds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scenario]:
    folder = tmp_path_factory.mktemp("regions")
    scenario = Scenario.preset("aligned").within(AMER=Scenario.preset("undefined"))
    generate(folder, scenario, 5, 6000, ENDS_AT)
    return folder, scenario


@pytest.mark.parametrize("region", ["EMEA", "AMER"])
def test_a_region_behaves_by_its_own_scenario(
    region: str, two_speeds: tuple[Path, Scenario]
) -> None:
    folder, scenario = two_speeds
    here = Company(folder, ENDS_AT, region), scenario.of(region).population()
    test_handoffs(here)
    test_decisions(here)
    test_opportunities(here)


@pytest.mark.parametrize("stage", STAGES)
def test_joint_meetings_of_twenty_years(tmp_path: Path, stage: str) -> None:
    scenario = Scenario.preset(stage)
    generate(tmp_path, scenario, 4, 1, ENDS_AT, months=240)
    days = np.array([at.timestamp() for at in Company(tmp_path, ENDS_AT).joint_days()]) / 86_400
    planted = scenario.population()["joint_meeting_cadence"]
    assert np.quantile(np.diff(days), 0.75) == pytest.approx(planted, rel=0.15, abs=0.6)


def test_volume_of_the_last_quarter(measured: tuple[Company, dict[str, float]]) -> None:
    company, _ = measured
    recent = np.datetime64(ENDS_AT) - np.timedelta64(121, "D")
    end = recent + np.timedelta64(90, "D")
    times = np.array([at for _, at in company.handoffs], "datetime64[us]")
    assert ((times >= recent) & (times < end)).sum() >= 200
    owners = {o for owned in company.owners.values() for _, o in owned if o.startswith("005")}
    assert 12 <= len(owners & company.sales) <= 24
    key = company.deals().query("Is_Key__c and IsClosed").CloseDate
    closed = np.array(key, "datetime64[D]")
    last = np.datetime64(ENDS_AT, "D")
    for back in (0, 90, 180):
        until = last - np.timedelta64(back, "D")
        begun = until - np.timedelta64(90, "D")
        assert ((closed > begun) & (closed <= until)).sum() >= 20


@pytest.mark.parametrize("stage", STAGES)
def test_response_times_meet_their_three_marks_exactly(stage: str) -> None:
    rates = Scenario.preset(stage).handoff
    latent = np.random.default_rng(1).normal(size=400_000)
    tail = np.random.default_rng(2).random(400_000)
    hours = response_hours(
        latent,
        rates.touched_within_8_hours,
        rates.never_touched,
        rates.median_response_hours,
        tail,
    )
    assert (hours <= 8).mean() == pytest.approx(rates.touched_within_8_hours, abs=0.003)
    assert np.isinf(hours).mean() == pytest.approx(rates.never_touched, abs=0.003)
    assert (hours <= rates.median_response_hours).mean() == pytest.approx(0.5, abs=0.003)
    assert hours[np.isfinite(hours)].max() <= 140
