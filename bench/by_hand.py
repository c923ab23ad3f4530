"""The facts that grow with the company by a script in SQL (facts.sql), in DuckDB."""

import re
from datetime import timedelta
from pathlib import Path

import duckdb

from metrics.calendar import working_days
from metrics.facts import quarters
from metrics.facts.sides import owners
from model.periods import local_day
from monitor.functions import with_functions
from monitor.refresh import HISTORY
from monitor.workspace import Workspace
from store.duck import DuckSettings, literal, quoted
from store.duck_engine import DuckEngine

SCRIPT = Path(__file__).with_name("facts.sql").read_text(encoding="utf-8")
FACTS = re.findall(r"CREATE TABLE fact_(\w+)", SCRIPT)


def opened(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """DuckDB with all that the script is given."""
    manifest = workspace.lake.manifest()
    assert manifest is not None
    given, as_of = workspace.settings.definitions, manifest.cutoff_at
    zone, since = given.calendar.default.timezone, as_of - HISTORY
    with DuckEngine(workspace.lake, manifest) as engine:
        tables = with_functions(engine, workspace.settings.functions)
        own = engine.run(owners(tables["users"], tables["queues"], given.functions))
        found = list(quarters.quarters(given, as_of, since))[:-1]
        over = engine.run(quarters.quarter_table(found, zone))
    con = DuckSettings("2GB", workspace.home / "tmp").connect()
    con.execute("SET TimeZone = 'UTC'")
    for path, version in manifest.versions.items():
        source, _, name = path.partition("/")
        if source == "crm":
            files = ", ".join(literal(uri) for uri in workspace.lake.uris(path, version))
            rows = f"read_parquet([{files}], hive_partitioning = false)"
            con.execute(f"CREATE VIEW {quoted(name)} AS FROM {rows}")
    con.register("owners", own)
    con.register("quarters", over)
    con.register(
        "calendar",
        working_days(given.calendar, since.date(), as_of.date() + timedelta(days=1)),
    )
    con.execute(f"CREATE MACRO as_of() AS TIMESTAMP '{as_of}'")
    con.execute(f"CREATE MACRO since() AS TIMESTAMP '{since}'")
    con.execute(f"CREATE MACRO today() AS DATE '{local_day(as_of, zone)}'")
    return con


def build(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Run the script and write `<folder>/<fact>.parquet` for each of its facts."""
    folder.mkdir(parents=True, exist_ok=True)
    con.execute(SCRIPT)
    for name in FACTS:
        con.execute(f"COPY fact_{name} TO {literal(str(folder / name))} (FORMAT parquet)")
