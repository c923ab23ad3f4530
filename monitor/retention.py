"""Which manifests' table versions stay readable beyond the last three: those of quarter ends."""

from datetime import datetime, timedelta

from model.periods import local_day
from monitor.workspace import Workspace


def kept_manifests(workspace: Workspace, cutoff_at: datetime) -> list[int]:
    """The manifests of the last live snapshot of each fiscal quarter, for `snapshots.keep_days`
    before `cutoff_at`. That of the running quarter is the newest snapshot's, which may turn out to
    be its last.

    What was deleted in the CRM leaves their tables only with them: hence the limit of days.
    """
    since = cutoff_at - timedelta(days=workspace.settings.snapshots.keep_days)
    calendar = workspace.settings.calendar
    last: dict[int, int] = {}
    for head in workspace.records.snapshots.list():
        if head.kind == "live" and head.as_of_at > since:
            day = local_day(head.as_of_at, calendar.default.timezone)
            quarter = (day.year * 12 + day.month - calendar.fiscal_year_starts) // 3
            last[quarter] = head.manifest_id  # the list is by as-of
    return sorted(last.values())
