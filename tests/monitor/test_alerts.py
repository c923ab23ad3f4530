"""Alerts as they arrive: at a real mail server and a real web server, each thing once."""

import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from model.errors import RecordsError, SourceError
from monitor import alerts
from monitor.alerts import AlertsForm
from monitor.content import value_rows
from monitor.sync import sync
from monitor.workspace import Workspace
from store.records.snapshots import SnapshotDraft
from tests.cli.run import detente
from tests.monitor import sending
from tests.monitor.receivers import Receiver, mailbox, webhook
from tests.monitor.small import Small
from tests.store import postgresql
from tests.store.raw import sql
from tests.store.workers import pipe, spawn

NOW = datetime(2026, 11, 25, 12)  # a Wednesday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SECRET = "s3cr3t"


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Ann has an hour left and a half, Bob is late, one is answered and one just handed over."""
    company = Small(tmp_path_factory.mktemp("small"), NOW)
    company.hand_over("L-soon", "ann", NOW - 22.5 * HOUR)  # 13:30 the day before
    company.hand_over("L-late", "bob", NOW - 2 * DAY)
    company.hand_over("L-answered", "bob", NOW - 22 * HOUR)
    company.hand_over("L-fresh", "bob", NOW - HOUR)
    company.call("L-answered", "bob", NOW - 20 * HOUR)
    company.write()
    sync(company.workspace())
    return company


@dataclass
class Watch:
    """A workspace over the pulled company, its channels, and what arrives there."""

    workspace: Workspace
    mail: Receiver
    web: Receiver

    def check(self, now: datetime = NOW + MINUTE, dry_run: bool = False) -> AlertsForm:
        return alerts.check(self.workspace, now, dry_run)

    @property
    def subjects(self) -> list[str]:
        return [str(mail["subject"]) for mail in self.mail.got]


SETTINGS: dict[str, object] = {
    "link": "https://detente.example.com",
    "channels": [{"name": "mail", "url_env": "TO_MAIL"}, {"name": "chat", "url_env": "TO_CHAT"}],
}


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Receiver, Receiver]]:
    with mailbox() as mail, webhook() as web:
        address = f"127.0.0.1:{mail.port}?from=detente@example.com&to=ops@example.com"
        monkeypatch.setenv("TO_MAIL", f"mailto://{address}")
        monkeypatch.setenv("TO_CHAT", f"json://me:{SECRET}@127.0.0.1:{web.port}/hook")
        yield mail, web


@pytest.fixture
def watch(
    pulled: Small, channels: tuple[Receiver, Receiver], records_url: str, tmp_path: Path
) -> Iterator[Watch]:
    workspace = over(pulled, tmp_path, records_url)
    yield Watch(workspace, *channels)
    workspace.records.close()


def over(pulled: Small, home: Path, records_url: str, **settings: Any) -> Workspace:
    """A workspace with records of its own over the lake that was pulled once."""
    lake = {"url": str(pulled.folder / "home" / "lake")}
    records = postgresql.settings(records_url)
    config = pulled.configure(alerts=SETTINGS | settings, lake=lake, records=records)
    return Workspace.open(Path(shutil.copy(config, home / "own.yaml")), home)


def test_a_lead_whose_time_is_nearly_over_is_named_once_with_whose_it_is(watch: Watch) -> None:
    form = watch.check()
    assert (form["sent"], form["waiting"], form["failures"]) == (2, 0, [])
    (mail,) = watch.mail.got
    assert mail["subject"] == "A lead waits for a first touch, and the agreed time is nearly over"
    assert mail["to"] == "ops@example.com"
    body = mail.get_body().get_content()
    assert "Ann Sales: lead L-soon, 1.5 of 8 business hours left" in body
    assert "until 2026-11-25 13:30 (UTC)" in body
    assert "https://crm.example.com/L-soon" in body
    assert "L-late" not in body
    ((path, told),) = watch.web.got
    assert (path, told["title"]) == ("/hook", mail["subject"])
    assert "Ann Sales: lead L-soon" in told["message"]
    assert watch.check(NOW + 2 * HOUR)["told"] == []
    assert len(watch.mail.got) == len(watch.web.got) == 1


def test_a_lead_is_forgotten_after_ninety_days_told_or_not(
    watch: Watch, records_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TO_CHAT")
    assert (watch.check()["waiting"], len(watch.mail.got)) == (1, 1)

    def naming() -> int:
        texts = "SELECT key FROM alert_states UNION ALL SELECT body FROM alerts_sent"
        return sum("L-soon" in one for (one,) in sql(records_url, texts))

    watch.check(NOW + 89 * DAY)
    assert naming() == 3
    watch.check(NOW + 91 * DAY)
    assert naming() == 0


def test_a_channel_that_does_not_answer_gets_it_later_and_the_other_not_twice(
    watch: Watch,
) -> None:
    watch.web.refuses = True
    form = watch.check()
    assert (form["sent"], form["waiting"]) == (1, 1)
    assert form["failures"] == [
        "channel chat: it did not take the message; what it has not taken is sent again with the "
        "next check"
    ]
    assert watch.check(NOW + HOUR)["waiting"] == 1
    watch.web.refuses = False
    assert watch.check(NOW + 2 * HOUR)["sent"] == 1
    assert watch.check(NOW + 3 * HOUR)["sent"] == 0
    assert len(watch.mail.got) == len(watch.web.got) == 1


def test_a_trial_changes_nothing(watch: Watch) -> None:
    form = watch.check(dry_run=True)
    assert [one["rule"] for one in form["told"]] == ["sla"]
    assert form["sent"] == 0
    assert watch.workspace.records.alerts.known() == {}
    assert watch.workspace.records.alerts.waiting() == []
    assert watch.mail.got == []
    assert watch.check()["sent"] == 2


def test_old_news_is_told_and_leads_of_then_are_not(watch: Watch) -> None:
    form = watch.check(NOW + 25 * HOUR)
    assert [one["title"] for one in form["told"]] == ["No new records for 25 hours"]
    assert "ends at 2026-11-25 12:00 (UTC)" in form["told"][0]["body"]
    assert "https://detente.example.com/health" in form["told"][0]["body"]
    assert watch.check(NOW + 49 * HOUR)["told"] == []


def test_a_sync_that_fails_is_told_once_and_again_after_the_quiet_period(watch: Watch) -> None:
    runs = watch.workspace.records.runs

    def fails() -> None:
        with pytest.raises(SourceError), runs.running():
            raise SourceError("the log-in is refused", "crm", "Check the secret.")

    watch.check()
    watch.mail.got.clear()
    fails()
    assert watch.check(NOW + 10 * MINUTE)["told"][0]["title"].startswith("The sync failed")
    assert "crm: the log-in is refused. Check the secret." in str(watch.mail.got[0].get_body())
    fails()
    assert watch.check(NOW + 20 * MINUTE)["told"] == []
    with runs.running():
        pass
    assert watch.check(NOW + HOUR)["told"] == []
    fails()
    assert watch.check(NOW + 2 * HOUR)["told"] == []  # within a day of the first
    assert [one["rule"] for one in watch.check(NOW + 25 * HOUR)["told"]] == ["sync", "stale"]
    with runs.running() as run:
        run.partial, run.report = True, {"sources": [{"name": "crm", "incomplete": ["crm.x: no"]}]}
    assert watch.check(NOW + 26 * HOUR)["told"] == []
    told = watch.check(NOW + 50 * HOUR)["told"]
    assert [one["title"] for one in told] == ["The sync brought only some of the records"]
    assert "crm.x: no" in told[0]["body"]


def taken(workspace: Workspace, day: int, headline: str | None, value: float) -> None:
    """A snapshot in which one indicator has this value, 2 points of it either way."""
    row = {
        "id": "lead_followup_rate",
        "segment": {},
        "value": value,
        "low": value - 0.02,
        "high": value + 0.02,
        "n": 400,
        "status": "ok",
        "reason": None,
        "bound": None,
        "unit": "share",
    }
    stage = {"headline": headline, "sentence": "Aligned 82 %, Defined 18 %."}
    workspace.records.snapshots.keep(
        SnapshotDraft(
            taken_at=NOW,
            as_of_at=NOW + (day - 400) * DAY,
            manifest_id=day,
            definitions=workspace.definitions_version,
            software="0.1",
            kind="live",
            predecessor_id=None,
            summary={},
            payload={"stage": stage, "indicators": {"rows": [row]}},
            statistics=b"",
            values=value_rows({"rows": [row], "outcomes": []}, []),
        )
    )


def test_figures_are_told_when_they_change_beyond_chance(watch: Watch) -> None:
    def titles(day: int, headline: str | None, value: float) -> list[str]:
        taken(watch.workspace, day, headline, value)
        told = watch.check(NOW + MINUTE + day * DAY)["told"]
        return [one["title"] for one in told if one["rule"] in ("headline", "indicators")]

    for month in range(9):
        assert titles(28 * month, "defined", 0.60 + 0.01 * (month % 2)) == []
    assert titles(260, "defined", 0.63) == []
    assert titles(290, "aligned", 0.81) == [
        "Sales and Marketing are now Aligned, it was Defined",
        "Leads followed up in time: has risen to Aligned",
    ]
    assert titles(291, "aligned", 0.74) == []  # back over the anchor, but not beyond doubt
    body = watch.mail.got[-1].get_body().get_content()
    assert "81 % (likely 79 % to 83 %), n = 400." in body
    assert "Aligned begins at 75 %." in body
    assert "In the 10 months before it was 60 % to 63 %." in body
    assert body.count("https://detente.example.com/indicators?indicator=lead_followup_rate") == 1
    assert titles(320, None, 0.30) == ["Leads followed up in time: has fallen to Undefined"]
    assert titles(321, None, 0.95) == ["Leads followed up in time: has risen to Integrated"]
    assert titles(322, None, 0.62) == ["Leads followed up in time: has fallen to Defined"]
    assert titles(323, None, 0.51) == ["Leads followed up in time: unusually low"]


def test_two_checks_at_a_time_are_one(watch: Watch) -> None:
    kept = watch.workspace.records.leases
    lease = kept.take(alerts.LEASE, "another", NOW, alerts.LASTS)
    assert lease is not None
    with pytest.raises(RecordsError, match="another process is sending"):
        watch.check()
    kept.release(lease)
    assert watch.check()["sent"] == 2


def test_no_secret_is_said(
    pulled: Small, channels: tuple[Receiver, Receiver], tmp_path: Path, capfd: Any
) -> None:
    channels[1].refuses = True
    workspace = over(pulled, tmp_path, f"sqlite:///{tmp_path}/r.db", stale_hours=1e6)
    ran = detente("--config", workspace.config, "--home", tmp_path, "alerts", "check", "--json")
    assert ran.code == 3, ran.err
    assert json.loads(ran.out)["sent"] == 1
    assert "channel chat: it did not take the message" in ran.err
    assert SECRET not in ran.out + ran.err + "".join(capfd.readouterr())
    said = detente(
        "--config", workspace.config, "--home", tmp_path, "alerts", "check", TO_CHAT="x:"
    )
    assert "not one that Apprise knows" in said.err
    gone = detente("--config", workspace.config, "--home", tmp_path, "alerts", "check", TO_CHAT="")
    assert "the environment variable TO_CHAT is not set" in gone.err


def test_a_chat_s_own_format(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Slack and those like it take: one text. Mattermost's address may name any host."""
    monkeypatch.setenv(
        "TO_CHAT", f"mmost://127.0.0.1:{watch.web.port}/3ccdd113474722377935511fc85d3dd4"
    )
    watch.check()
    ((path, told),) = watch.web.got
    assert path.startswith("/hooks/")
    assert "A lead waits for a first touch" in told["text"]
    assert "Ann Sales: lead L-soon" in told["text"]


def kill_senders(url: str, times: int) -> None:
    """Forty messages, sent by processes that are killed: none is lost, and doubled at most the
    one that was under way.
    """
    chance, killed_ = random.Random(2006), 0
    with webhook() as web:
        sending.queue(url, 40)
        for _ in range(times):
            receive, send = pipe()
            process = spawn(sending.send_all, url, web.port, send)
            assert receive.poll(60)
            process.join(chance.random() * 0.4)
            killed_ += process.is_alive()
            process.kill()
            process.join(20)
        _, send = pipe()
        last = spawn(sending.send_all, url, web.port, send)
        last.join(60)
        assert last.exitcode == 0
        arrived = [told["title"] for _, told in web.got]
    assert set(arrived) == {f"message {n}" for n in range(40)}
    assert len(arrived) <= 40 + killed_
    assert sorted(set(arrived), key=arrived.index) == [f"message {n}" for n in range(40)]


def test_a_sender_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    kill_senders(f"sqlite:///{tmp_path}/r.db", 4)


@pytest.mark.full
def test_a_sender_killed_twenty_times(records_url: str) -> None:
    kill_senders(records_url, 20)
