"""What the tests of the Salesforce connector know of the organisation."""

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

CLOCK = datetime(2026, 6, 1, 12)
FIELDS = {
    "leads.region": "Region__c",
    "leads.business_unit": "Business_Unit__c",
    "leads.segment": "Segment__c",
    "leads.score": "Score__c",
    "leads.mql_at": "MQL_Date__c",
    "leads.rejection_reason": "Rejection_Reason__c",
    "accounts.is_key_account": "Is_Key_Account__c",
    "opportunities.loss_reason": "Loss_Reason__c",
    "users.team": "Team__c",
}
SECRETS = {
    "SALESFORCE_TOKEN": "access_token",
    "SALESFORCE_PASSWORD": "password",
    "SALESFORCE_SECURITY_TOKEN": "security_token",
    "SALESFORCE_CLIENT_SECRET": "client_secret",
}


def truth(folder: Path, sql: str, at: datetime = CLOCK) -> list[tuple[Any, ...]]:
    """Ask the organisation's files; `{Object}` in `sql` is the object as it stands `at`."""
    with duckdb.connect() as database:
        for file in folder.glob("*.parquet"):
            database.execute(
                f"CREATE VIEW {file.stem}_ AS SELECT * FROM read_parquet('{file}') "
                f"WHERE _visible_from <= '{at}' AND coalesce(_visible_to > '{at}', true)"
            )
        names = {file.stem: f"{file.stem}_" for file in folder.glob("*.parquet")}
        return database.execute(sql.format(**names)).fetchall()
