"""Companies taken the whole way: records behind a server, pulled, counted, judged."""

import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from model.stages import CUTS, DIMENSIONS, STAGES, Stage
from monitor import demo, targets, views
from monitor.sync import sync
from monitor.workspace import Workspace
from sandbox.company import generate
from sandbox.process import start
from sandbox.scenario import Scenario

ENDS_AT = datetime(2026, 9, 30, 16)
LEADS = 5000
MIDDLE = {stage.value: 30.0 + 20 * stage.rank for stage in STAGES}


@dataclass(frozen=True)
class Whole:
    """One company: the level planted in each dimension and the stage that the score of those
    levels' middles gives; what was inferred of each, None where nothing was stated.
    """

    planted: str
    distance: float
    levels: tuple[str, ...]
    stage: str | None
    likeliest: str
    evidence: float
    dimensions: tuple[str | None, ...]


def companies(count: int) -> list[Whole]:
    """Every level in all dimensions, then dimensions at levels drawn at random."""
    return [_company(index) for index in range(count)]


def _company(index: int) -> Whole:
    rng = np.random.default_rng([53, index])
    names = [stage.value for stage in STAGES]
    if index < len(names):
        levels = dict.fromkeys(DIMENSIONS, names[index])
    else:
        levels = {d: str(rng.choice(names)) for d in DIMENSIONS}
    scores = np.array([MIDDLE[levels[d]] for d in DIMENSIONS])
    score = float(scores.mean() - 0.3 * (scores.mean() - scores.min()))
    form = _judged(Scenario.mixed(levels, f"company {index}"), index)
    chances = form["probabilities"]
    return Whole(
        planted=Stage.of_score(score).value,
        distance=min(abs(score - cut) for cut in CUTS),
        levels=tuple(levels[d] for d in DIMENSIONS),
        stage=form["stage"],
        likeliest=max(chances, key=lambda name: chances[name]),
        evidence=form["evidence"],
        dimensions=tuple(one["stage"] for one in form["dimensions"]),
    )


def _judged(scenario: Scenario, seed: int) -> views.StageForm:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        generate(home / "organisation", scenario, seed=seed, leads=LEADS, ends_at=ENDS_AT)
        with start(home / "organisation", home / "state.json", clock=ENDS_AT) as running:
            os.environ[demo.TOKEN_VARIABLE] = running.access_token
            workspace = Workspace.open(demo.configure(home, running), home)
            sync(workspace)
        targets.import_targets(workspace, home / "organisation" / "targets.csv")
        return views.stage(workspace)
