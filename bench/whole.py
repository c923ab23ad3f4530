"""The stage of companies taken the whole way: records behind a Salesforce-compatible server,
pulled, counted, judged.

    python -m bench.whole [companies]

Writes docs/validity/whole.json after each company; those that stand in it are not made again. The
levels of a company's dimensions are planted as behaviour (`sandbox.scenario`), which knows no
threshold; a level is taken for the middle of its stage's span.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from model.stages import CUTS, DIMENSIONS, STAGES, Dimension, Stage
from monitor import demo, targets, views
from monitor.report import StageForm
from monitor.sync import sync
from monitor.workspace import Workspace
from sandbox.company import generate
from sandbox.process import start
from sandbox.scenario import Scenario

FILE = Path(__file__).parents[1] / "docs" / "validity" / "whole.json"
ENDS_AT = datetime(2026, 9, 30, 16)
LEADS = 5000
MIDDLE = {stage.value: 30.0 + 20 * stage.rank for stage in STAGES}
DISTANCES = (0, 2, 4, 6, 40)


@dataclass(frozen=True)
class Whole:
    """One company: the level planted in each dimension, the score and stage that the middles of
    those levels give; what was inferred, None where nothing was stated.
    """

    index: int
    levels: tuple[str, ...]
    planted: str
    planted_score: float
    stage: str | None
    likeliest: str
    score: float
    evidence: float
    dimensions: tuple[str | None, ...]
    seconds: float


def company(index: int) -> Whole:
    """The company of that index, the same in every run: the first four have one level throughout,
    the others a level drawn for each dimension.
    """
    began = time.monotonic()
    rng = np.random.default_rng([53, index])
    names = [stage.value for stage in STAGES]
    if index < len(names):
        levels = dict.fromkeys(DIMENSIONS, names[index])
    else:
        levels = {d: str(rng.choice(names)) for d in DIMENSIONS}
    score = _score(levels)
    form = _judged(Scenario.mixed({d.value: levels[d] for d in levels}, f"company {index}"), index)
    chances = form["probabilities"]
    return Whole(
        index=index,
        levels=tuple(levels[d] for d in DIMENSIONS),
        planted=Stage.of_score(score).value,
        planted_score=score,
        stage=form["stage"],
        likeliest=max(chances, key=lambda name: chances[name]),
        score=form["score"] or 0.0,
        evidence=form["evidence"],
        dimensions=tuple(one["stage"] for one in form["dimensions"]),
        seconds=round(time.monotonic() - began, 1),
    )


def _score(levels: dict[Dimension, str]) -> float:
    middles = np.array([MIDDLE[levels[d]] for d in DIMENSIONS])
    return float(middles.mean() - 0.3 * (middles.mean() - middles.min()))


def _judged(scenario: Scenario, seed: int) -> StageForm:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        generate(home / "organisation", scenario, seed=seed, leads=LEADS, ends_at=ENDS_AT)
        with start(home / "organisation", home / "state.json", clock=ENDS_AT) as running:
            os.environ[demo.TOKEN_VARIABLE] = running.access_token
            workspace = Workspace.open(demo.configure(home, running), home)
            sync(workspace)
        targets.import_targets(workspace, home / "organisation" / "targets.csv")
        return views.stage(workspace)


def summary(found: Sequence[Whole]) -> dict[str, object]:
    """By distance of the planted score from the nearest cut: how many, whose likeliest stage is
    the planted one, stated at all, right where stated; and how dimensions fared.
    """
    by_distance = []
    for low, high in pairwise(DISTANCES):
        near = [one for one in found if low <= _distance(one) < high]
        stated = [one for one in near if one.stage is not None]
        right = sum(one.likeliest == one.planted for one in near)
        right_stated = sum(one.stage == one.planted for one in stated)
        by_distance.append((f"{low}–{high}", len(near), right, len(stated), right_stated))
    pairs = [
        (one.levels[i], said)
        for one in found
        for i, said in enumerate(one.dimensions)
        if said is not None
    ]
    return {
        "by_distance": by_distance,
        "dimensions": len(pairs),
        "dimensions_right": sum(planted == said for planted, said in pairs),
        "mean_error": float(np.mean([one.score - one.planted_score for one in found])),
        "evidence": float(np.mean([one.evidence for one in found])),
        "seconds": float(np.mean([one.seconds for one in found])),
    }


def _distance(one: Whole) -> float:
    return min(abs(one.planted_score - cut) for cut in CUTS)


def _known() -> list[Whole]:
    if not FILE.exists():
        return []
    return [
        Whole(**{**one, "levels": tuple(one["levels"]), "dimensions": tuple(one["dimensions"])})
        for one in json.loads(FILE.read_text())["companies"]
    ]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    found = {one.index: one for one in _known()}
    with ProcessPoolExecutor(2) as pool:
        tasks = [pool.submit(company, index) for index in range(count) if index not in found]
        for task in as_completed(tasks):
            one = task.result()
            found[one.index] = one
            done = [found[index] for index in sorted(found)]
            written = {"summary": summary(done), "companies": [asdict(each) for each in done]}
            FILE.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n")
            said = f"planted {one.planted}, likeliest {one.likeliest}, {one.seconds:.0f} s"
            sys.stderr.write(f"{len(done)} of {count}: {said}\n")
    print(json.dumps(summary(list(found.values())), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
