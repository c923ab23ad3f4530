"""The stage of companies taken the whole way: records behind a Salesforce-compatible server,
pulled, counted, judged.

    python -m bench.whole [companies]

Writes docs/validity/whole.json after each company; those that stand in it are not made again. The
levels of a company's dimensions are planted as behaviour (`sandbox.scenario`), which knows no
threshold. The truth is the score with every indicator at its population value where the generator
states one, and as measured where it does not.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from metrics.declaration import Result
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from metrics.stage import Verdict
from metrics.stage.profile import Profile, profile
from model.stages import CUTS, DIMENSIONS, STAGES, Stage
from monitor import demo, targets, views
from monitor.sync import sync
from monitor.workspace import Workspace
from sandbox.company import generate
from sandbox.process import start
from sandbox.scenario import Scenario

FILE = Path(__file__).parents[1] / "docs" / "validity" / "whole.json"
ENDS_AT = datetime(2026, 9, 30, 16)
LEADS = 5000
DISTANCES = (0, 2, 4, 6, 40)


@dataclass(frozen=True)
class Whole:
    """One company: the level planted in each dimension; `known` the true score and `planted` its
    stage; what was inferred, None where nothing was stated. `dimensions` has for each the true
    stage and the one inferred, `stated` how many assessed indicators have a planted value.
    """

    index: int
    levels: tuple[str, ...]
    planted: str
    known: float
    stage: str | None
    likeliest: str
    score: float
    low: float
    high: float
    evidence: float
    dimensions: tuple[tuple[str, str | None], ...]
    stated: int
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
    scenario = Scenario.mixed({d.value: levels[d] for d in levels}, f"company {index}")
    said, truth, stated = _judged(scenario, index)
    known, parts = truth.score(truth.filled()), truth.dimensions(truth.filled())
    return Whole(
        index=index,
        levels=tuple(levels[d] for d in DIMENSIONS),
        planted=Stage.of_score(known).value,
        known=known,
        stage=said.stage and said.stage.value,
        likeliest=max(STAGES, key=lambda one: said.probabilities[one]).value,
        score=said.score or 0.0,
        low=said.low or 0.0,
        high=said.high or 0.0,
        evidence=said.evidence,
        dimensions=tuple(
            (Stage.of_score(float(part)).value, one.stage and one.stage.value)
            for part, one in zip(parts, said.dimensions, strict=True)
        ),
        stated=stated,
        seconds=round(time.monotonic() - began, 1),
    )


def _judged(scenario: Scenario, seed: int) -> tuple[Verdict, Profile, int]:
    """The verdict, the profile of the truth, and how many indicators the generator states."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        generate(home / "organisation", scenario, seed=seed, leads=LEADS, ends_at=ENDS_AT)
        with start(home / "organisation", home / "state.json", clock=ENDS_AT) as running:
            os.environ[demo.TOKEN_VARIABLE] = running.access_token
            workspace = Workspace.open(demo.configure(home, running), home)
            sync(workspace)
        targets.import_targets(workspace, home / "organisation" / "targets.csv")
        with views.reading(workspace) as opened:
            results = opened.indicators()
            said = opened.verdict_of(results)
    planted = scenario.population()
    true = [_true(one, planted) for one in results]
    stated = sum(one.estimate.is_assessed and one.indicator.id in planted for one in results)
    return said, profile(true, workspace.definitions, CATALOGUE), stated


def _true(one: Result, planted: Mapping[str, float]) -> Result:
    value = planted.get(one.indicator.id)
    if value is None or not one.estimate.is_assessed:
        return one
    return replace(one, estimate=Estimate(value, None, None, 1))


def summary(found: Sequence[Whole]) -> dict[str, object]:
    """By distance of the true score from the nearest cut: how many, whose likeliest stage is the
    planted one, stated at all, right where stated; and how intervals and dimensions fared.
    """
    by_distance = []
    for low, high in pairwise(DISTANCES):
        near = [one for one in found if low <= _distance(one) < high]
        stated = [one for one in near if one.stage is not None]
        right = sum(one.likeliest == one.planted for one in near)
        right_stated = sum(one.stage == one.planted for one in stated)
        by_distance.append((f"{low}–{high}", len(near), right, len(stated), right_stated))
    pairs = [pair for one in found for pair in one.dimensions if pair[1] is not None]
    return {
        "by_distance": by_distance,
        "covered": sum(one.low <= one.known <= one.high for one in found),
        "mean_error": float(np.mean([one.score - one.known for one in found])),
        "dimensions": len(pairs),
        "dimensions_right": sum(planted == said for planted, said in pairs),
        "evidence": float(np.mean([one.evidence for one in found])),
        "stated": float(np.mean([one.stated for one in found])),
        "seconds": float(np.mean([one.seconds for one in found])),
    }


def _distance(one: Whole) -> float:
    return min(abs(one.known - cut) for cut in CUTS)


def _known() -> list[Whole]:
    if not FILE.exists():
        return []
    return [
        Whole(
            **{
                **one,
                "levels": tuple(one["levels"]),
                "dimensions": tuple((true, said) for true, said in one["dimensions"]),
            }
        )
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
