"""What a sync did."""

from monitor import missing as lacking
from monitor.outputs.terminal.printing import line, lines, table
from monitor.sync import SyncReport


def sync(report: SyncReport) -> None:
    """What a sync did."""
    rows = [
        (source.name, one.table, f"{one.read:,}", f"{one.written:,}", f"{one.deleted:,}")
        for source in report.sources
        for one in source.tables
    ]
    table(("source", "table", "read", "written", "deleted"), rows, right=(2, 3, 4))
    for source in report.sources:
        if source.api_calls:
            line(f"{source.name}: {source.api_calls} API calls.")
        lines(f"{source.name}: {note}" for note in source.notes)
        for missing in source.missing:
            line(f"{source.name}: not available: {lacking.line(missing)}")
