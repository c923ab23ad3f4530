"""The pack for the meeting: what it says in the states that it can meet."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from model.errors import ConfigurationError, RecordsError
from monitor import meeting, open_leads
from monitor.demo import Company
from monitor.meeting import MeetingForm
from monitor.outputs import pack
from monitor.outputs.svg import Row, ladder, trend
from tests.dashboard import forms
from tests.dashboard.chromium import browser, executable

CHANGE: Any = {
    "id": "lead_followup_rate",
    "title": "Leads <followed> up in time",
    "unit": "share",
    "before": 0.62,
    "after": 0.41,
    "difference": -0.21,
    "exceeds": True,
    "direction": "worse",
    "words": "",
}
DEAL: Any = {
    "id": "006A",
    "url": "https://crm.example.com/006A",
    "amount": 73200.0,
    "sales_stage": "Proposal",
    "close_on": "2026-10-01",
    "owner": "A | B",
    "is_key": True,
    "risks": ["its close date has passed"],
    "is_alone": True,
}
LEAD = {"id": "00Q1", "url": None}
ACTION: Any = {
    "title": "Answer within a day",
    "function": "sales",
    "due_on": "2026-12-01",
    "is_overdue": True,
    "state": "open",
    "sentence": "Half of the way.",
}


def line(day: str, definitions: str = "aaa", score: float | None = 50.0) -> Any:
    low, high = (None, None) if score is None else (score - 5, score + 5)
    return {
        "id": day,
        "as_of": f"{day}T16:00:00Z",
        "as_of_on": day,
        "kind": "live",
        "definitions": definitions,
        "stage": "undefined",
        "score": score,
        "low": low,
        "high": high,
    }


def a_form(**changes: Any) -> MeetingForm:
    history = [line("2026-08-31"), line("2026-09-30", score=None), line("2026-10-31", "bbb", 53.0)]
    base: Any = {
        "organisation": "Miller & Söhne",
        "as_of": "2026-11-22T16:00:00Z",
        "as_of_on": "2026-11-22",
        "definitions": "bbb",
        "stage": forms.stage(),
        "since": history[0],
        "comparison": {"note": None},
        "changes": [CHANGE],
        "history": history,
        "deals": [DEAL],
        "deals_of": 12,
        "dropped": [
            {"id": "00Q1", "url": None, "handed_off_on": "2026-11-02", "owner": None},
        ],
        "dropped_of": 1,
        "rules": [
            {"title": "Fast", "checked": 9, "broken": 2, "records": [{"id": "00Q1", "url": None}]}
        ],
        "actions": [ACTION],
        "titles": {},
    }
    return {**base, **changes}  # type: ignore[typeddict-item]


class Tags(HTMLParser):
    """What a page opens and closes, and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)
        self.loads += [f"{tag} {name}" for name, _ in attrs if name in ("src", "srcset")]
        self.loads += [tag] * (tag in ("link", "script", "iframe", "img"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def text_of(html: str) -> str:
    body = re.sub(r"<(style|svg).*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_page_is_whole_and_needs_nothing_else() -> None:
    html = pack.render(a_form(), "html")
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert tags.loads == []
    assert "@import" not in html
    assert "url(" not in html
    assert tags.headings == ["h1", *["h2"] * 6]
    drawn = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
    assert len(drawn) == 3
    for one in drawn:
        assert ElementTree.fromstring(one).get("aria-label")
    assert "Leads &lt;followed&gt; up in time" in html


def test_both_forms_say_the_same() -> None:
    form = a_form()
    page, plain = text_of(pack.render(form, "html")), pack.render(form, "md")
    for said in (
        "Marketing sees itself at Aligned.",
        "Of the 12 major open opportunities, the one below is",
        "1 lead waits for a first answer beyond the agreed time",
        "The verdict went from Undefined to Defined.",
        "Half of the way.",
        "do not subtract",
        *pack.agenda(form),
    ):
        assert said in page
        assert said in plain
    assert "62 %" in page
    assert "| Leads &lt;followed> up in time | 62 % | 41 % | worse |" in plain
    assert "[006A](https://crm.example.com/006A)" in plain
    assert "A \\| B" in plain


def test_the_agenda_follows_what_there_is() -> None:
    whole = pack.agenda(a_form())
    assert [item.partition(":")[0] for item in whole] == [
        "What we agreed",
        "How each side sees it, and where the records see it otherwise.",
        "What has changed",
        "The major opportunities below",
        "Problems",
        "What we do until next time",
    ]
    nothing = a_form(actions=[], changes=[], deals=[], dropped=[], dropped_of=0, rules=[])
    assert len(pack.agenda(nothing)) == 2


def test_nothing_to_compare_with_and_nothing_known_is_said() -> None:
    stage = {**forms.stage(), "survey": None, "stage": None}
    form = a_form(
        stage=stage, since=None, comparison=None, changes=[], history=[], deals=None, dropped=None
    )
    for to in ("html", "md"):
        text = pack.render(form, to)
        assert "nothing to compare with yet" in text
        assert "do not settle on one stage" in text
        assert "have not been asked yet" in text
        assert "do not tell which leads wait" in text
        assert "None" not in text


def test_a_line_never_joins_two_definitions() -> None:
    drawn = trend([line("2026-08-31"), line("2026-09-30"), line("2026-10-31", "bbb")], "")
    lines = re.findall(r'<polyline points="([^"]*)"', drawn)
    assert [len(points.split()) for points in lines] == [2, 1]
    assert drawn.count("definitions changed") == 1


def test_marks_stand_where_their_scores_are() -> None:
    rows = [Row("A", "", score, None, None) for score in (20.0, 60.0, 100.0)]
    places = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', ladder(rows, ""))]
    assert places[1] == pytest.approx((places[0] + places[2]) / 2)
    assert ladder([Row("A", "not assessed", None, None, None)], "").count("<circle") == 0


def test_a_pack_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        pack.write(a_form(), "md", tmp_path / "no" / "pack.md")
    pack.write(a_form(), "md", tmp_path / "pack.md")
    assert [one.name for one in tmp_path.iterdir()] == ["pack.md"]


@pytest.mark.full
@pytest.mark.browser
def test_the_demonstrations_pack_is_read_and_printed(
    demonstration: Company, tmp_path: Path
) -> None:
    form = meeting.meeting(demonstration.workspace)
    assert form["since"] is not None
    assert form["comparison"] is not None
    assert form["deals"]
    for deal in form["deals"]:
        assert deal["risks"] or deal["is_alone"]
        assert deal["url"] is not None
        assert deal["id"] in deal["url"]
    assert form["dropped"] is not None
    assert len(form["dropped"]) == min(form["dropped_of"], 10)
    waiting = open_leads.open_leads(demonstration.workspace)["rows"]
    late = {one["lead_id"] for one in waiting if one["hours_left"] < 0}
    assert 0 < form["dropped_of"] <= len(late)
    assert {one["id"] for one in form["dropped"]} <= late
    for rule in form["rules"]:
        assert 0 <= rule["broken"] <= rule["checked"]
        assert bool(rule["records"]) == bool(rule["broken"])
    for to in ("html", "md"):
        text = pack.render(form, to)
        assert form["organisation"] in text
        assert "None" not in text
    path = executable()
    assert path is not None
    file = tmp_path / "pack.html"
    pack.write(form, "html", file)
    with browser(path) as chromium:
        page, asked = chromium.new_page(), list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        assert asked == [file.as_uri()]
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        for width in (1200, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(wide) <= 0, width
        for paper in ("A4", "Letter"):
            printed = page.pdf(format=paper)
            assert 1 < len(re.findall(rb"/Type /Page\b", printed)) < 8
    with pytest.raises(RecordsError, match="no snapshot beef"):
        meeting.meeting(demonstration.workspace, "beef")
