"""A generated company of any size, written straight into a lake as canonical tables.

    python -m bench.lake --leads 2000000 --home FOLDER [--refresh]

By 2,000,000 leads it has 4 million history rows, 20 million activities, 0.5 million opportunities
with 2 million changes, 3 million campaign members and 2,000 users over 24 months; other sizes in
proportion. The same size gives the same rows each time. `--refresh` builds the facts, too.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import yaml

import monitor  # noqa: F401  (as every command: it chooses how Arrow takes memory)
from model.availability import Availability
from model.tables import TABLES
from monitor import functions, refresh
from monitor.workspace import Workspace
from store.lake import Lake
from store.manifest import Manifest, SourceState

AS_OF = datetime(2026, 6, 30, 12)
DAYS = 730
USERS = 2_000
SOURCE = "crm"
ROWS_AT_ONCE = 250_000
DEFINITIONS = Path(__file__).parents[1] / "monitor" / "demo.yaml"


def main() -> None:
    """Write a lake, and what it takes to read it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=2_000_000)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--refresh", action="store_true")
    given = parser.parse_args()
    workspace = write(given.home, given.leads)
    if given.refresh:
        began = time.perf_counter()
        refresh.refresh(workspace)
        print(f"facts: {time.perf_counter() - began:.1f} s")


def write(home: Path, leads: int, report: bool = True) -> Workspace:
    """A home folder with a configuration and a lake of that many leads, without facts."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / "detente.yaml"
    settings = yaml.safe_load(DEFINITIONS.read_text(encoding="utf-8"))
    settings["sources"] = []
    config.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    workspace = Workspace.open(config, home)
    with tempfile.TemporaryDirectory(dir=home) as scratch, generated(leads, Path(scratch)) as con:
        for name in _QUERIES:
            began = time.perf_counter()
            written = workspace.lake.replace(SOURCE, name, _batches(con, name))
            if report:
                print(f"{name}: {written.written} rows, {time.perf_counter() - began:.1f} s")
    _publish(workspace.lake, workspace)
    return workspace


def _publish(lake: Lake, workspace: Workspace) -> None:
    columns = {name: frozenset(table.columns) for name, table in TABLES.items()}
    states = {SOURCE: SourceState(Availability(columns), AS_OF)}
    versions = lake.versions(SOURCE)
    functions.keep_history(workspace, versions, states)
    versions |= lake.versions(functions.SOURCE)
    lake.publish(Manifest.draft(versions, states, workspace.definitions_version))


def _batches(con: duckdb.DuckDBPyConnection, name: str) -> Iterator[pa.Table]:
    con.execute(f"CREATE TABLE made_{name} AS {_QUERIES[name]}")
    rows = con.table(f"made_{name}")
    if "recorded_at" not in rows.columns:
        born = next((c for c in ("created_at", "changed_at", "added_at") if c in rows.columns), "")
        rows = con.sql(f"SELECT *, {born or 'opened()'} AS recorded_at FROM rows")
    for batch in rows.to_arrow_reader(ROWS_AT_ONCE):
        yield pa.Table.from_batches([batch])


def generated(leads: int, scratch: Path) -> duckdb.DuckDBPyConnection:
    """The company's core: leads, handed-off leads, deals and accounts by number."""
    con = duckdb.connect(str(scratch / "company.db"), config={"memory_limit": "4GB"})
    con.execute("SET preserve_insertion_order = false")
    con.execute(_MACROS)
    for name, value in (("lead", leads), ("account", leads // 10), ("deal", leads // 4)):
        con.execute(f"CREATE MACRO {name}_count() AS {max(value, 50)}")
    con.execute(_CORE)
    return con


_FROM = AS_OF - timedelta(days=DAYS)
# u: a fixed random number in 0..1 by number and purpose; id: an id of 18 characters.
_MACROS = f"""
CREATE MACRO opened() AS TIMESTAMP '{_FROM}';
CREATE MACRO today() AS TIMESTAMP '{AS_OF}';
CREATE MACRO u(i, what) AS hash(xor(hash(i), hash(what)))::DOUBLE / 18446744073709551616.0;
CREATE MACRO below(i, what, n) AS floor(u(i, what) * n)::BIGINT;
CREATE MACRO one_of(i, what, words) AS words[1 + below(i, what, len(words))];
CREATE MACRO id(prefix, i) AS prefix || '5g' || lpad(i::VARCHAR, 13, '0');
CREATE MACRO after(since, days) AS since + to_seconds(floor(days * 86400)::BIGINT);
CREATE MACRO wait(i, what, days) AS -ln(1 - u(i, what)) * days;
CREATE MACRO day(i, what) AS after(opened(), u(i, what) * {DAYS});
CREATE MACRO seller(i, what) AS 4 + below(i, what, 1500);
CREATE MACRO marketer(i, what) AS 1504 + below(i, what, 400);
CREATE MACRO region(i) AS ['EMEA', 'AMER', 'APAC'][1 + i % 3];
CREATE MACRO unit(i) AS one_of(i, 'unit', ['Industry', 'Energy', 'Life Sciences', 'Public']);
CREATE MACRO industry(i) AS one_of(i, 'industry', ['Chemicals', 'Food', 'Machinery', 'Pharma',
    'Utilities', 'Water', 'Mining', 'Paper']);
CREATE MACRO segment(i) AS one_of(i, 'segment', ['Enterprise', 'Mid-market', 'Small']);
CREATE MACRO origin(i) AS one_of(i, 'source', ['Web', 'Fair', 'Webinar', 'Partner', 'Referral',
    'Content', 'Outbound', 'Other']);
"""
_CORE = """
CREATE TABLE core AS
WITH born AS (
    SELECT i, day(i, 'born') AS created_at, u(i, 'class') AS c, seller(i, 'owner') AS seller,
        marketer(i, 'owner') AS marketer, u(i, 'queued') < 0.5 AS is_queued
    FROM range(lead_count()) t(i)),
marked AS (
    SELECT *, CASE WHEN c < 0.30 THEN 'new' WHEN c < 0.50 THEN 'mql' WHEN c < 0.70 THEN 'open'
        WHEN c < 0.82 THEN 'converted' WHEN c < 0.88 THEN 'accepted' WHEN c < 0.96 THEN 'rejected'
        WHEN c < 0.98 THEN 'recycled' ELSE 'unreachable' END AS class,
        after(created_at, wait(i, 'mql', 4)) AS mql_at FROM born),
timed AS (
    SELECT *, after(mql_at, wait(i, 'handed', 1)) AS handed_at FROM marked),
owned AS (
    SELECT *, after(handed_at, CASE WHEN is_queued THEN wait(i, 'owned', 0.4) ELSE 0 END)
        AS owned_at FROM timed),
decided AS (
    SELECT *, after(owned_at, wait(i, 'decided', 5)) AS decided_at FROM owned),
became AS (
    SELECT *, class = 'converted' AND after(decided_at, wait(i, 'won', 10)) <= today() AS is_deal,
        after(decided_at, wait(i, 'won', 10)) AS converted_at FROM decided)
SELECT *, CASE WHEN is_deal THEN row_number() OVER (PARTITION BY is_deal ORDER BY i) - 1 END AS j
FROM became;
CREATE TABLE handed AS
SELECT row_number() OVER (ORDER BY i) - 1 AS r, i, j, handed_at, seller, converted_at FROM core
WHERE class NOT IN ('new', 'mql') AND handed_at <= today() AND u(i, 'ever') < 0.85;
CREATE TABLE deal AS
WITH begun AS (
    SELECT t.j, i, coalesce(converted_at, day(t.j, 'deal')) AS created_at,
        coalesce(seller, seller(t.j, 'deal')) AS seller,
        below(t.j, 'account', account_count()) AS account, u(t.j, 'won') < 0.35 AS won,
        round(exp(9 + 2 * u(t.j, 'amount') + 2 * u(t.j, 'more')), 2) AS amount
    FROM range(deal_count()) t(j) LEFT JOIN (FROM core WHERE j IS NOT NULL) USING (j)),
timed AS (SELECT *, after(created_at, 5 + wait(j, 'cycle', 70)) AS ended_at FROM begun)
SELECT *, ended_at <= today() AS is_closed FROM timed;
"""


def _lead_change(field: str, old: str, new: str, at: str, where: str, by: str, nth: int) -> str:
    kinds = "NULL AS old_kind, NULL AS new_kind"
    if field == "owner":
        kinds = ", ".join(
            f"CASE WHEN ({value}) LIKE '00G%' THEN 'queue' ELSE 'user' END AS {name}_kind"
            for name, value in (("old", old), ("new", new))
        )
    return f"""SELECT id('0{nth:02}', i) AS change_id, id('00Q', i) AS lead_id,
        '{field}' AS field, {old} AS old, {new} AS new, {kinds}, {at} AS changed_at,
        id('005', {by}) AS changed_by FROM core WHERE ({where}) AND {at} <= today()"""


_PASSED = "class NOT IN ('new', 'mql')"
_QUEUE = "id('00G', 1 + seller % 8)"
_SELLER, _MARKETER = "id('005', seller)", "id('005', marketer)"
_OTHER = "id('005', seller(i, 'other'))"
_BOUNCES = f"{_PASSED} AND class <> 'recycled' AND u(i, 'bounces') < 0.06"
_AGAIN = "after(decided_at, 20)"
_ENDS = """CASE class WHEN 'rejected' THEN 'Rejected' WHEN 'recycled' THEN 'Recycled'
    WHEN 'unreachable' THEN 'Unreachable' ELSE 'Accepted' END"""
_LEAD_CHANGES = " UNION ALL ".join(
    _lead_change(*step, nth)
    for nth, step in enumerate(
        (
            ("status", "'New'", "'Marketing Qualified'", "mql_at", "class <> 'new'", "marketer"),
            ("owner", _MARKETER, _SELLER, "handed_at", f"{_PASSED} AND NOT is_queued", "marketer"),
            ("owner", _MARKETER, _QUEUE, "handed_at", f"{_PASSED} AND is_queued", "marketer"),
            ("owner", _QUEUE, _SELLER, "owned_at", f"{_PASSED} AND is_queued", "seller"),
            (
                "status",
                "'Marketing Qualified'",
                _ENDS,
                "decided_at",
                f"{_PASSED} AND class <> 'open'",
                "seller",
            ),
            ("status", "'Accepted'", "'Converted'", "converted_at", "is_deal", "seller"),
            ("converted", "'false'", "'true'", "converted_at", "is_deal", "seller"),
            ("owner", _SELLER, _OTHER, "after(owned_at, 1)", _BOUNCES, "seller"),
            ("owner", _OTHER, _SELLER, "after(owned_at, 3)", _BOUNCES, "seller"),
            ("owner", _SELLER, _MARKETER, _AGAIN, "class = 'recycled'", "seller"),
            (
                "status",
                "'Recycled'",
                "'Marketing Qualified'",
                f"after({_AGAIN}, 9)",
                "class = 'recycled'",
                "marketer",
            ),
            (
                "owner",
                _MARKETER,
                _SELLER,
                f"after({_AGAIN}, 10)",
                "class = 'recycled'",
                "marketer",
            ),
            (
                "score",
                "(20 + below(i, 'score', 60))::VARCHAR",
                "(20 + below(i, 'later', 60))::VARCHAR",
                "after(created_at, 1)",
                "u(i, 'scored') < 0.03",
                "1999",
            ),
        )
    )
)
_CONTACT = "id('003', {})"


def _deal_change(field: str, old: str, new: str, at: str, where: str, nth: int) -> str:
    return f"""SELECT id('1{nth:02}', j) AS change_id, id('006', j) AS opportunity_id,
        '{field}' AS field, {old} AS old, {new} AS new, {at} AS changed_at,
        id('005', seller) AS changed_by FROM deal WHERE ({where}) AND {at} <= today()"""


def _within(share: float) -> str:
    return f"(created_at + (ended_at - created_at) * {share})"


_WON = "CASE WHEN won THEN 'Closed Won' ELSE 'Closed Lost' END"
_DAY = "CAST({} AS DATE)::VARCHAR"
_DEAL_CHANGES = " UNION ALL ".join(
    _deal_change(*step, nth)
    for nth, step in enumerate(
        (
            ("stage", "'Qualification'", "'Proposal'", _within(0.2), "true"),
            ("stage", "'Proposal'", "'Negotiation'", _within(0.6), "true"),
            ("stage", "'Negotiation'", _WON, "ended_at", "true"),
            ("amount", "(amount * 1.2)::VARCHAR", "amount::VARCHAR", _within(0.5), "j % 5 < 2"),
            (
                "close_date",
                _DAY.format("created_at + INTERVAL 40 DAY"),
                _DAY.format("ended_at"),
                _within(0.7),
                "j % 5 > 1",
            ),
            ("forecast", "'Pipeline'", "'Commit'", _within(0.6), "j % 4 = 0"),
            ("owner", "id('005', seller(j, 'before'))", _SELLER, _within(0.3), "j % 10 = 0"),
        )
    )
)
_ACTIVITIES = """
WITH drawn AS (
    SELECT k, u(k, 'place') AS p, u(k, 'at') AS share,
        below(k, 'lead', (SELECT count(*) FROM handed)) AS r, below(k, 'deal', deal_count()) AS j,
        below(k, 'any', lead_count()) AS i FROM range(10 * lead_count()) t(k)),
placed AS (
    SELECT k, 'lead' AS place, h.i, h.j, seller, NULL::BIGINT AS account,
        after(handed_at, wait(k, 'touch', 12)) AS occurred_at
    FROM drawn d JOIN handed h USING (r) WHERE p < 0.5
    UNION ALL
    SELECT k, 'mail', d.i, NULL, 1999, NULL, after(created_at, wait(k, 'mail', 60))
    FROM drawn d JOIN core USING (i) WHERE p BETWEEN 0.5 AND 0.7
    UNION ALL
    SELECT k, CASE WHEN p < 0.87 THEN 'deal' WHEN p < 0.97 THEN 'contact' ELSE 'visit' END, NULL,
        d.j, seller, account, created_at + (least(ended_at, today()) - created_at) * share
    FROM drawn d JOIN deal USING (j) WHERE p > 0.7 AND p < 0.995
    UNION ALL
    SELECT k, 'internal', NULL, NULL, seller(k, 'host'), NULL, day(k, 'internal')
    FROM drawn WHERE p >= 0.995)
SELECT id('00T', k) AS activity_id,
    CASE WHEN place IN ('visit', 'internal') THEN 'meeting' WHEN place = 'mail' THEN 'email'
        ELSE one_of(k, 'kind', ['call', 'call', 'email', 'email', 'email', 'task']) END AS kind,
    CASE WHEN place = 'internal' AND u(k, 'training') < 0.1 THEN 'Training' END AS type,
    CASE WHEN place = 'mail' OR (place = 'lead' AND j IS NULL) THEN id('00Q', i) END AS lead_id,
    CASE WHEN place IN ('contact', 'visit') OR (place = 'lead' AND j IS NOT NULL)
        THEN id('003', j) END AS contact_id,
    CASE WHEN place = 'deal' THEN id('006', j) END AS opportunity_id,
    CASE WHEN place IN ('deal', 'visit') THEN id('001', account) END AS account_id,
    CASE WHEN place = 'internal' AND u(k, 'about') < 0.3
        THEN id('701', below(k, 'campaign', 2000)) END AS campaign_id,
    id('005', CASE WHEN place = 'mail' OR u(k, 'by') < 0.85 THEN seller WHEN u(k, 'by') < 0.95
        THEN seller(k, 'by') ELSE marketer(k, 'by') END) AS performed_by,
    occurred_at AS created_at, occurred_at,
    CASE WHEN place <> 'mail' AND u(k, 'due') < 0.3 THEN occurred_at::DATE + 2 END AS due_on,
    CASE WHEN u(k, 'direction') < 0.1 THEN 'inbound' ELSE 'outbound' END AS direction,
    place = 'mail' AS is_automated, u(k, 'done') < 0.95 AS is_completed,
    place = 'internal' AS is_internal
FROM placed WHERE occurred_at <= today()
"""
_QUERIES = {
    "users": f"""
        SELECT id('005', i) AS user_id, 'Person ' || i AS display_name,
            CASE WHEN i = 0 THEN 'CEO' WHEN i = 1 THEN 'Chief Revenue Officer'
                WHEN i = 2 THEN 'VP Sales' WHEN i = 3 THEN 'VP Marketing'
                WHEN i < 54 THEN 'Sales Manager' WHEN i < 1204 THEN 'Account Executive'
                WHEN i < 1504 THEN 'SDR' WHEN i < 1904 THEN 'Marketing Manager'
                WHEN i < 1990 THEN 'Support' ELSE 'Integration User' END AS role, role AS title,
            CASE WHEN i > 0 THEN id('005', CASE WHEN i < 4 THEN least(i - 1, 1) WHEN i < 54 THEN 2
                WHEN i < 1504 THEN 4 + i % 50 WHEN i < 1904 THEN 3 ELSE 0 END) END AS manager_id,
            region(i) AS region, unit(i) AS business_unit, 'Team ' || i % 40 AS team,
            opened() AS created_at, i >= 1990 AS is_automation FROM range({USERS}) t(i)""",
    "queues": """
        SELECT id('00G', i) AS queue_id, CASE WHEN i = 0 THEN 'Marketing Nurture'
            ELSE 'Sales Queue ' || i END AS name FROM range(9) t(i)""",
    "leads": f"""
        SELECT id('00Q', i) AS lead_id, created_at, origin(i) AS source, region(i) AS region,
            unit(i) AS business_unit, industry(i) AS industry, segment(i) AS segment,
            CASE WHEN class = 'new' OR mql_at > today() THEN 'New'
                WHEN is_deal THEN 'Converted'
                WHEN class IN ('mql', 'open') OR decided_at > today() THEN 'Marketing Qualified'
                ELSE {_ENDS} END AS status,
            (20 + below(i, 'later', 60))::DOUBLE AS score,
            CASE WHEN class = 'rejected' AND decided_at <= today() THEN one_of(i, 'why',
                ['No Budget', 'Not A Fit', 'No Project', 'Other', NULL]) END AS rejection_reason,
            CASE WHEN {_PASSED} AND owned_at <= today() THEN {_SELLER}
                WHEN {_PASSED} AND handed_at <= today() THEN {_QUEUE}
                ELSE {_MARKETER} END AS owner_id,
            CASE WHEN owner_id LIKE '00G%' THEN 'queue' ELSE 'user' END AS owner_kind,
            CASE WHEN class <> 'new' AND mql_at <= today() THEN mql_at END AS mql_at,
            CASE WHEN is_deal THEN converted_at END AS converted_at,
            CASE WHEN is_deal THEN id('006', j) END AS opportunity_id,
            CASE WHEN is_deal THEN id('001', below(j, 'account', account_count())) END
                AS account_id,
            CASE WHEN is_deal THEN id('003', j) END AS contact_id,
            CASE WHEN is_gone AND i % 2 = 0 THEN id('00Q', i + 1) END AS merged_into,
            CASE WHEN is_gone THEN after(created_at, 20) END AS deleted_at
        FROM (SELECT *, class = 'mql' AND i % 100 < 4 AND after(created_at, 20) <= today()
            AS is_gone FROM core)""",
    "lead_changes": _LEAD_CHANGES,
    "contacts": """
        SELECT id('003', j) AS contact_id, id('001', account) AS account_id, created_at
        FROM deal""",
    "accounts": """
        SELECT id('001', i) AS account_id, day(i, 'account') AS created_at,
            segment(i + 7) AS segment, industry(i) AS industry, region(i) AS region,
            unit(i) AS business_unit, id('005', seller(i, 'account')) AS owner_id,
            u(i, 'key') < 0.02 AS is_key_account FROM range(account_count()) t(i)""",
    "activities": _ACTIVITIES,
    "attendees": """
        WITH there AS (
            SELECT *, hash(activity_id) AS k FROM made_activities WHERE kind = 'meeting')
        SELECT activity_id || ':0' AS attendee_id, activity_id, performed_by AS user_id,
            NULL AS contact_id FROM there
        UNION ALL
        SELECT activity_id || ':1', activity_id, id('005', marketer(k, 'there')), NULL FROM there
        WHERE u(k, 'joins') < 0.3
        UNION ALL
        SELECT activity_id || ':2', activity_id, NULL, contact_id FROM there
        WHERE contact_id IS NOT NULL""",
    "campaigns": """
        SELECT id('701', i) AS campaign_id, 'Event' AS kind,
            id('005', CASE WHEN i % 9 = 0 THEN seller(i, 'owner') ELSE marketer(i, 'owner') END)
                AS owner_id, day(i, 'start') AS created_at, created_at::DATE + 3 AS started_on,
            1000 + below(i, 'cost', 50000)::DOUBLE AS actual_cost, region(i) AS region,
            unit(i) AS business_unit FROM range(2000) t(i)""",
    "campaign_members": """
        WITH drawn AS (SELECT m, below(m, 'who', lead_count()) AS i
            FROM range((1.5 * lead_count())::BIGINT) t(m))
        SELECT id('00v', m) AS member_id, id('701', below(m, 'campaign', 2000)) AS campaign_id,
            CASE WHEN j IS NULL THEN id('00Q', i) END AS lead_id,
            CASE WHEN j IS NOT NULL THEN id('003', j) END AS contact_id,
            after(created_at, wait(m, 'added', 25)) AS added_at,
            id('005', CASE WHEN u(m, 'by') < 0.08 THEN seller(m, 'by') ELSE marketer(m, 'by') END)
                AS added_by FROM drawn JOIN core USING (i)
        WHERE after(created_at, wait(m, 'added', 25)) <= today()""",
    "campaign_influences": """
        SELECT id('a0I', j) AS influence_id, id('701', below(j, 'credit', 2000)) AS campaign_id,
            id('006', j) AS opportunity_id, 'Primary' AS model, created_at AS added_at
        FROM deal WHERE j % 3 = 0""",
    "opportunities": f"""
        SELECT id('006', j) AS opportunity_id, id('001', account) AS account_id,
            {_SELLER} AS owner_id, created_at,
            CASE WHEN is_closed THEN ended_at END AS closed_at, ended_at::DATE AS close_on,
            CASE WHEN is_closed THEN {_WON} WHEN {_within(0.6)} <= today() THEN 'Negotiation'
                WHEN {_within(0.2)} <= today() THEN 'Proposal' ELSE 'Qualification' END
                AS sales_stage, amount, 'EUR' AS currency, is_closed AND won AS is_won, is_closed,
            CASE WHEN j % 4 = 0 AND {_within(0.6)} <= today() THEN 'Commit' ELSE 'Pipeline' END
                AS forecast_category, CASE WHEN j % 7 > 0 THEN origin(j) END AS source,
            CASE WHEN j % 4 = 0 THEN id('701', below(j, 'from', 2000)) END AS campaign_id,
            CASE WHEN is_closed AND NOT won THEN one_of(j, 'loss',
                ['Price', 'Product Gap', 'Competitor', 'No Decision', 'Other', NULL]) END
                AS loss_reason, region(j) AS region, unit(j) AS business_unit,
            u(j, 'key') < 0.05 AS is_key FROM deal""",
    "opportunity_changes": _DEAL_CHANGES,
    "sales_stages": """
        SELECT * FROM (VALUES ('Qualification', 0, false, false, true),
            ('Proposal', 1, false, false, true), ('Negotiation', 2, false, false, true),
            ('Closed Won', 3, true, true, true), ('Closed Lost', 4, true, false, true))
            t(sales_stage, position, is_closed, is_won, is_qualified)""",
    "team_members": """
        SELECT id('00q', j) AS member_id, id('006', j) AS opportunity_id,
            id('005', CASE WHEN j % 15 = 0 THEN marketer(j, 'team') ELSE seller(j, 'team') END)
                AS user_id, 'Member' AS role, created_at AS added_at FROM deal WHERE j % 5 = 0""",
    "contact_roles": """
        SELECT id('00K', j) AS role_id, id('006', j) AS opportunity_id, id('003', j) AS contact_id,
            'Decision Maker' AS role, created_at AS added_at FROM deal WHERE j % 10 < 7""",
    "content_links": """
        SELECT id('06A', j) AS link_id, id('006', j) AS opportunity_id,
            id('069', below(j, 'document', 500)) AS document_id,
            id('005', marketer(j, 'document')) AS author_id, created_at AS linked_at
        FROM deal WHERE j % 4 = 1""",
    "targets": """
        SELECT metric || ':' || side || ':' || year || quarter AS target_id, metric,
            side AS function, year || '-Q' || quarter AS period, 1e8 AS amount,
            'EUR' AS unit, 'EUR' AS currency, false AS is_shared, 'crm' AS provenance
        FROM unnest(['revenue', 'pipeline_created', 'mqls']) a(metric),
            unnest(['sales', 'marketing']) b(side), range(2024, 2027) c(year),
            range(1, 5) d(quarter)""",
    "report_uses": f"""
        SELECT id('0Re', i) AS use_id, id('00O', below(i, 'report', 200)) AS report_id,
            id('005', below(i, 'user', {USERS})) AS user_id, day(i, 'used') AS used_at
        FROM range(20000) t(i)""",
}

if __name__ == "__main__":
    main()
