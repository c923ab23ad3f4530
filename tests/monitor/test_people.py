"""Functions, not persons: what is too small to be shown is shown on no way out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import PeopleSettings
from model.errors import ConfigurationError
from monitor import demo, people, views
from monitor.workspace import Workspace
from tests.cli.run import detente

SIZES = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(1, 12), max_size=8)


@given(SIZES, st.integers(2, 8))
def test_neither_a_small_group_nor_what_is_left_of_the_whole_tells_of_few(
    sizes: dict[str, int], least: int
) -> None:
    hidden = people.too_small(sizes, least)
    assert all(size >= least for group, size in sizes.items() if group not in hidden)
    left = sum(sizes[group] for group in hidden)
    assert not hidden or left >= least or hidden == set(sizes)
    assert bool(hidden) == any(size < least for size in sizes.values())


def narrowed(company: demo.Company, **settings: int | bool) -> Workspace:
    chosen = company.workspace.settings.model_copy(
        update={"people": PeopleSettings.model_validate(settings)}
    )
    return Workspace(company.workspace.home, chosen)


def test_small_groups_are_blank_in_every_figure(demonstration: demo.Company) -> None:
    workspace = narrowed(demonstration, smallest_team=500)
    for form in (
        views.indicators(workspace, by=("region",)),
        views.indicators(workspace, {"region": "EMEA"}),
    ):
        told = [*form["rows"], *form["outcomes"]]
        assert len(told) > 40
        assert all(row["value"] is None and row["n"] == 0 for row in told)
    whole = views.indicators(workspace)["rows"]
    assert sum(row["value"] is not None for row in whole) > 20


def test_nothing_is_split_by_owner_unless_the_configuration_opens_it(
    demonstration: demo.Company,
) -> None:
    workspace = narrowed(demonstration)
    for asked in ({"by": ("owner",)}, {"where": {"owner": "005"}}):
        with pytest.raises(ConfigurationError, match="by person"):
            views.indicators(workspace, **asked)
    opened = narrowed(demonstration, per_person=True)
    rows = views.indicators(opened, by=("owner",))["rows"]
    assert len({row["segment"]["owner"] for row in rows}) > 5
    ran = detente(
        "--config", demonstration.config, "--home", workspace.home, "records",
        "lead_followup_rate", "--where", "owner=005",
    )  # fmt: skip
    assert ran.code == 1
    assert "people.per_person" in ran.err
    assert ran.out == ""
