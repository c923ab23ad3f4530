"""How fast records leave an organisation: ours beside three others, over the same server.

    python -m bench.extract [--leads 500000] [--folder FOLDER] [--steps ours parse …]

Read are Lead, LeadHistory, Task, Opportunity and OpportunityHistory of one served organisation:

- `download`: the bare bytes of Bulk 2 result pages, thrown away;
- `parse`: simple-salesforce's `bulk2.download` into files, parsed by pyarrow with our types;
- `ours`: the connector, with its upserts into a lake, as `detente sync` runs it;
- `changes`: the same again, five days later, when about one row in a hundred is new or changed;
- `tap`: tap-salesforce (REST), stopped after 200,000 rows, as it takes long.

Each runs as a process of its own; memory is the peak of that process. Beside the time on the clock
stand the seconds of processors that it and the server took: on a busy machine they tell more.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import monitor  # noqa: F401  (as every command: it chooses how Arrow takes memory)

OBJECTS = ("Lead", "LeadHistory", "Task", "Opportunity", "OpportunityHistory")
TABLES = ("activities", "lead_changes", "leads", "opportunities", "opportunity_changes")
ENDS_AT = datetime(2026, 6, 30, 12)
LATER = timedelta(days=5)
PAGE_ROWS = 50_000
TAP_ROWS = 200_000
Found = dict[str, Any]
STEPS = ("download", "parse", "ours", "changes", "tap")


def main() -> None:
    """Generate, serve, run every step, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=500_000)
    parser.add_argument("--folder", type=Path, default=Path("extract-bench"))
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        print(json.dumps(_WORKERS[given.step](given.folder)))
        return
    from sandbox.process import start

    organisation = given.folder / f"organisation-{given.leads}"
    if not (organisation / "scenario.json").is_file():
        _generate(organisation, given.leads)
    with start(organisation, given.folder / "state.json", clock=ENDS_AT) as server:
        for step in given.steps:
            if step == "changes":
                server.set_clock(ENDS_AT + LATER)
            before = _processor_seconds(server.process.pid)
            found = _run(step, given.folder)
            found["processor"] += _processor_seconds(server.process.pid) - before
            _report(step, found)
            if step == "changes":
                server.set_clock(ENDS_AT)


def _generate(organisation: Path, leads: int) -> None:
    command = [sys.executable, "-m", "sandbox", "generate", "--folder", str(organisation)]
    command += ["--leads", str(leads), "--ends-at", ENDS_AT.isoformat()]
    subprocess.run(command, check=True)


def _run(step: str, folder: Path) -> Found:
    """What a step says of itself, with the peak memory (MB) of its process."""
    command = [sys.executable, "-m", "bench.extract", "--folder", str(folder), "--step", step]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{step} failed")
    took = used.ru_utime + used.ru_stime
    return {**json.loads(said), "megabytes": used.ru_maxrss / 1024, "processor": took}


def _processor_seconds(pid: int) -> float:
    """What a process took so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _report(step: str, found: Found) -> None:
    rate = found["rows"] / found["seconds"]
    sent = f"{found['bytes'] / 1e6:8,.0f} MB sent" if "bytes" in found else ""
    print(
        f"{step:<9}{found['rows']:>10,} rows {found['seconds']:8.1f} s {rate:>9,.0f} rows/s"
        f" {found['processor']:6.1f} s of processors {found['megabytes']:6,.0f} MB peak {sent}",
        flush=True,
    )


# The steps, each in a process of its own.


def _settings(folder: Path) -> Any:
    from connectors.salesforce import SalesforceSource

    state = json.loads((folder / "state.json").read_text())
    os.environ["BENCH_TOKEN"] = state["access_token"]
    return SalesforceSource(
        instance_url=state["url"],
        ca_file=state["ca_file"],
        auth="session",
        token_env="BENCH_TOKEN",
        api_budget=1.0,
    )


def _queries(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Object, SOQL and Arrow types by field of what the connector itself would select."""
    from connectors.salesforce.client import Client
    from connectors.salesforce.objects import streams
    from connectors.salesforce.queries import Query

    client = Client(_settings(folder))
    found = {stream.object: stream for stream in streams() if stream.object in OBJECTS}
    for name in OBJECTS:
        visible = {one["name"] for one in (client.describe(name) or {})["fields"]}
        kinds = {f: k.arrow for f, k in found[name].wanted.items() if f in visible}
        yield name, Query(name, tuple(kinds)).soql, kinds


def _salesforce(folder: Path) -> Any:
    import requests
    from simple_salesforce.api import Salesforce

    settings = _settings(folder)
    session = requests.Session()
    session.trust_env = False
    session.verify = str(settings.ca_file)
    token, url = os.environ["BENCH_TOKEN"], settings.instance_url
    return Salesforce(session_id=token, instance_url=url, session=session, version="62.0")


def _download(folder: Path) -> Found:
    salesforce = _salesforce(folder)
    http, base = salesforce.session, f"{salesforce.base_url}jobs/query"
    headers = {"Authorization": f"Bearer {salesforce.session_id}"}
    queries = list(_queries(folder))
    started, rows, size = time.perf_counter(), 0, 0
    for _, soql, _ in queries:
        body = {"operation": "queryAll", "query": soql, "contentType": "CSV"}
        job = f"{base}/{http.post(base, json=body, headers=headers).json()['id']}"
        while http.get(job, headers=headers).json()["state"] != "JobComplete":
            time.sleep(0.2)
        locator = ""
        while locator != "null":
            params = {"maxRecords": str(PAGE_ROWS), **({"locator": locator} if locator else {})}
            with http.get(f"{job}/results", headers=headers, params=params, stream=True) as page:
                size += sum(len(piece) for piece in page.iter_content(1 << 20))
                rows += int(page.headers["Sforce-NumberOfRecords"])
                locator = page.headers["Sforce-Locator"]
        http.delete(job, headers=headers)
    return {"rows": rows, "bytes": size, "seconds": time.perf_counter() - started}


def _parse(folder: Path) -> Found:
    import pyarrow as pa
    import pyarrow.csv

    salesforce = _salesforce(folder)
    target = folder / "downloaded"
    queries = list(_queries(folder))
    started, rows, size = time.perf_counter(), 0, 0
    for name, soql, kinds in queries:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        # Its usual pause before the first look at a job is five seconds.
        job = getattr(salesforce.bulk2, name)
        job.download(soql, path=str(target), max_records=PAGE_ROWS, wait=0.2)
        options = pa.csv.ConvertOptions(
            column_types={
                field: pa.timestamp("ms", "UTC") if pa.types.is_timestamp(kind) else kind
                for field, kind in kinds.items()
            },
            strings_can_be_null=True,
        )
        lines = pa.csv.ParseOptions(newlines_in_values=True)
        for file in target.iterdir():
            size += file.stat().st_size
            page = pa.csv.read_csv(file, convert_options=options, parse_options=lines)
            rows += page.num_rows
    shutil.rmtree(target, ignore_errors=True)
    return {"rows": rows, "bytes": size, "seconds": time.perf_counter() - started}


def _ours(folder: Path) -> Found:
    shutil.rmtree(folder / "home", ignore_errors=True)
    return _pulled(folder)


def _pulled(folder: Path) -> Found:
    """The five objects' tables into the lake, side by side as a sync pulls them."""
    from config import Settings
    from connectors.base import Offer
    from connectors.salesforce import SalesforceConnector
    from model.availability import Availability
    from monitor.progress import SILENT
    from monitor.pulls import SourcePull, Wish
    from store.lake import Lake

    class Five(SalesforceConnector):
        """The connector, but for the tables of the five objects alone."""

        def offer(self) -> Offer:
            every = super().offer()
            columns = {t: c for t, c in every.availability.columns.items() if t in TABLES}
            return Offer(Availability(columns, {}), every.cutoff_at)

    sent = _counted()
    home = folder / "home"
    limit = Settings().engine.memory_limit
    lake = Lake(str(home / "lake"), memory_limit=limit, temp_folder=home / "tmp")
    started = time.perf_counter()
    with Five("crm", _settings(folder), home / "pulls") as source:
        gathered = SourcePull(lake, source, Wish(), None, SILENT).run()[1]
    if gathered.failed:
        raise SystemExit("\n".join(gathered.missing("crm")))
    return {**sent, "seconds": time.perf_counter() - started}


def _counted() -> Found:
    """Counts of all that this process is sent from now on: rows and bytes."""
    import requests

    sent: Found = {"rows": 0, "bytes": 0}
    send, pieces = requests.Session.send, requests.Response.iter_content
    one_at_a_time = Lock()

    def counting(self: requests.Session, *args: Any, **kwargs: Any) -> requests.Response:
        answer = send(self, *args, **kwargs)
        with one_at_a_time:
            sent["rows"] += int(answer.headers.get("Sforce-NumberOfRecords", 0))
        return answer

    def measuring(self: requests.Response, *args: Any, **kwargs: Any) -> Iterator[Any]:
        by_rest = "json" in self.headers.get("Content-Type", "")
        for piece in pieces(self, *args, **kwargs):
            with one_at_a_time:
                sent["bytes"] += len(piece)
                sent["rows"] += piece.count(b'"attributes"') if by_rest else 0
            yield piece

    requests.Session.send = counting  # type: ignore[method-assign]
    requests.Response.iter_content = measuring  # type: ignore[method-assign]
    return sent


def _tap(folder: Path) -> Found:
    from sandbox.process import Running
    from tests.clients.installed import tap_salesforce
    from tests.clients.tap import tapped

    command = tap_salesforce()
    state = json.loads((folder / "state.json").read_text())
    fields = {f for f in Running.__dataclass_fields__ if f not in ("process", "users", "ca_file")}
    known = {name: state.get(name) for name in fields}
    server = Running(**known, ca_file=Path(state["ca_file"]), users={}, process=None)  # type: ignore[arg-type]
    started, rows = time.perf_counter(), 0
    with closing(tapped(command, server, folder, OBJECTS)) as messages:
        for message in messages:
            rows += message["type"] == "RECORD"
            if rows == TAP_ROWS:
                break
    return {"rows": rows, "seconds": time.perf_counter() - started}


_WORKERS: dict[str, Callable[[Path], Found]] = {
    "download": _download,
    "parse": _parse,
    "ours": _ours,
    "changes": _pulled,
    "tap": _tap,
}

if __name__ == "__main__":
    main()
