"""Where a workspace is, and what a page drawn there says."""

import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import yaml
from streamlit.testing.v1 import AppTest

from monitor.workspace import Workspace

APP = Path(__file__).parents[2] / "streamlit_app.py"
PAGES = (
    "overview",
    "belief",
    "handoff",
    "pipeline",
    "indicators",
    "segments",
    "actions",
    "survey",
    "trends",
    "health",
)


@dataclass(frozen=True)
class Place:
    """A configuration file and a home folder."""

    config: Path
    home: Path

    def write(self, settings: dict[str, Any]) -> None:
        self.config.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")

    def settings(self) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load(self.config.read_text(encoding="utf-8"))
        return found

    def open(self) -> Workspace:
        return Workspace.open(self.config, self.home)

    @property
    def environment(self) -> dict[str, str]:
        return {"DETENTE_CONFIG": str(self.config), "DETENTE_HOME": str(self.home)}


def said(page: AppTest) -> str:
    """Everything a drawn page says, without markup."""
    parts = [
        element.value
        for kind in (
            page.title,
            page.header,
            page.subheader,
            page.markdown,
            page.caption,
            page.error,
            page.success,
            page.warning,
            page.code,
        )
        for element in kind
    ]
    parts += [element.proto.body for element in page.get("html")]
    text = re.sub(r"<style>.*?</style>", " ", " ".join(parts), flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", text))
