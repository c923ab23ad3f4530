"""The plots of docs/validity.md and docs/performance.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from bench.judging import Row
from metrics.indicators import CATALOGUE
from model.stages import CUTS

mpl.rcParams.update({"svg.hashsalt": "detente", "font.size": 9})


def reliability(path: Path, found: Mapping[str, Mapping[str, Any]]) -> None:
    """Stated probabilities against how often they came true."""
    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, one in found.items():
        stated, actual, _ = zip(*one["reliability"], strict=True)
        axes.plot(stated, actual, marker="o", markersize=4, linewidth=1, label=name)
    axes.set(xlabel="stated probability of a stage", ylabel="share in which it was the planted one")
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


def recovery(path: Path, rows: Sequence[Row]) -> None:
    """The share of verdicts equal to the planted stage, by the true score."""
    figure = Figure(figsize=(6.4, 3), layout="constrained")
    axes = figure.subplots()
    true = np.array([row.true for row in rows])
    right = np.array([int(np.argmax(row.chances)) == row.planted for row in rows])
    edges = np.arange(20, 101, 2)
    places = np.digitize(true, edges)
    there = [b for b in range(1, len(edges)) if (places == b).sum() >= 5]
    axes.plot(
        [edges[b - 1] + 1 for b in there],
        [right[places == b].mean() for b in there],
        marker="o",
        markersize=3,
        linewidth=1,
    )
    for cut in CUTS:
        axes.axvline(cut, color="0.7", linewidth=1)
    axes.set(xlabel="score of the population", ylabel="likeliest = planted", ylim=(0, 1.03))
    figure.savefig(path, metadata={"Date": None})


def flips(path: Path, found: Mapping[str, Mapping[str, float]]) -> None:
    """Which indicators alone could change the stage, and how often."""
    kinds = {"sampling": "an end of its interval", "threshold": "its thresholds ±10 %"}
    order = sorted(CATALOGUE, key=lambda name: found["sampling"][name])
    figure = Figure(figsize=(7, 7.4), layout="constrained")
    axes = figure.subplots()
    for offset, (kind, label) in zip((0.2, -0.2), kinds.items(), strict=True):
        values = [100 * found[kind][name] for name in order]
        axes.barh(np.arange(len(order)) + offset, values, height=0.38, label=label)
    axes.set_yticks(np.arange(len(order)), [CATALOGUE[name].title for name in order])
    axes.set(xlabel="organisations whose stage it changes (%)")
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(path, metadata={"Date": None})


def growth(path: Path, points: Mapping[str, Mapping[str, tuple[float, float]]]) -> None:
    """Seconds of processors and MB of building all facts, by engine and number of leads."""
    figure = Figure(figsize=(7.4, 3.2), layout="constrained")
    for place, unit in enumerate(("seconds of processors", "peak memory, MB")):
        axes = figure.add_subplot(1, 2, place + 1)
        for name, own in points.items():
            leads = sorted(own, key=int)
            values = [own[size][place] for size in leads]
            axes.plot([int(size) for size in leads], values, marker="o", markersize=4, label=name)
            for size, value in zip(leads, values, strict=True):
                axes.annotate(
                    f"{value:,.0f}",
                    (int(size), value),
                    xytext=(0, 5),
                    textcoords="offset points",
                    ha="center",
                    fontsize=7,
                )
        axes.set(xscale="log", yscale="log", xlabel="leads", ylabel=unit)
        axes.margins(0.12)
        axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})
