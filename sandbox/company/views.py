"""Reports and dashboards. Who looks at one moves its dates, but not its SystemModstamp."""

import numpy as np

from sandbox.company.clock import DAY, HOUR
from sandbox.company.ids import Ints
from sandbox.company.ledger import MISSING, Column, Ledger
from sandbox.company.people import user_key
from sandbox.company.world import World
from sandbox.company.write import Coded, Out, Values

_REPORTS = (
    "Pipeline by stage",
    "MQLs by campaign",
    "Lead response",
    "Win rate",
    "Revenue",
    'Handoffs, "open"',
)
_DASHBOARDS = ("Funnel", "Marketing", "Sales – Überblick")
_EVERY = (7, 9, 14, 30, 45)  # days between two looks


def write_views(out: Out, world: World) -> None:
    """Report and Dashboard."""
    heads = np.array([world.people.head_of_sales, world.people.head_of_marketing], np.int64)
    for name, titles in (("Report", _REPORTS), ("Dashboard", _DASHBOARDS)):
        count = len(titles)
        number = np.arange(count)
        owner = user_key(heads[number % 2])
        ledger = Ledger(count)
        created = np.full(count, world.start - 100 * DAY)
        never = np.full(count, MISSING)
        seen = ("LastViewedDate", "LastReferencedDate", "LastRunDate")[: 3 - (name != "Report")]
        start: dict[str, Column] = dict.fromkeys(seen, never)
        ledger.change(number, created, owner, start)
        place, at = _looks(world, count)
        viewed: dict[str, Column] = dict.fromkeys(seen, at)
        ledger.change(place, at, owner[place], viewed, is_silent=True)
        versions = ledger.versions(world.horizon)
        held = versions.record
        texts = [title.replace(" ", "_") for title in titles]
        own: dict[str, Values] = {
            "Title" if name == "Dashboard" else "Name": Coded(held, titles),
            "DeveloperName": Coded(held, texts),
            "FolderName": Coded(held % 2, ("Funnel", "Private")),
            "RunningUserId" if name == "Dashboard" else "OwnerId": owner[held],
        }
        kind = "Type" if name == "Dashboard" else "Format"
        words = ("SpecifiedUser",) if name == "Dashboard" else ("Summary",)
        own[kind] = Coded(np.zeros(len(held), np.int64), words)
        out.write_versions(name, versions, own)


def _looks(world: World, count: int) -> tuple[Ints, Ints]:
    """Which report or dashboard is looked at when."""
    place, at = [], []
    for number in range(count):
        step = _EVERY[number % len(_EVERY)] * DAY
        moments = np.arange(world.start + (number + 9) * HOUR, world.horizon, step)
        place.append(np.full(len(moments), number))
        at.append(moments)
    return np.concatenate(place), np.concatenate(at)
