"""A process that hands over what waits, to be killed."""

import os
import tempfile
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from config import Settings
from model.alerts import MessageDraft
from monitor import alerts
from monitor.workspace import Workspace
from store.records import Records

NOW = datetime(2026, 6, 1)
CHANNEL = {"channels": [{"name": "web", "url_env": "TO_WEB"}]}


def queue(url: str, count: int) -> None:
    """So many messages that wait."""
    with Records.open(url) as records:
        lease = records.leases.take(alerts.LEASE, "test", NOW, alerts.LASTS)
        assert lease is not None
        drafts = [MessageDraft("sync", f"message {n}", "why") for n in range(count)]
        records.alerts.queue(lease, {}, drafts, ["web"], NOW)
        records.leases.release(lease)


def send_all(url: str, port: int, begun: Connection) -> None:
    """Send until nothing waits; each process a lease later."""
    os.environ["TO_WEB"] = f"json://127.0.0.1:{port}/"
    settings = Settings.model_validate({"alerts": CHANNEL})
    workspace = Workspace(Path(tempfile.gettempdir()) / "detente-nothing", settings)
    workspace.__dict__["records"] = Records.open(url)
    begun.send(None)
    now = NOW + timedelta(seconds=os.getpid())  # whatever, but later
    while workspace.records.leases.holder(alerts.LEASE, now):
        now += alerts.LASTS
    assert alerts.check(workspace, now)["waiting"] == 0
