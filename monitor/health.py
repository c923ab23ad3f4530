"""The dirty records: what is wrong with them, and what is done about it."""

from typing import TypedDict

import pyarrow as pa

from monitor.reading import Reading
from monitor.workspace import Workspace


class FindingForm(TypedDict):
    """A kind of dirty record: what is done about it, how many there are, some ids."""

    id: str
    title: str
    what_is_done: str
    count: int
    sample: list[str]


def findings(workspace: Workspace) -> list[FindingForm]:
    """The kinds of dirty record, with their counts."""
    with Reading.open(workspace) as opened:
        return [
            {
                "id": one.id,
                "title": one.title,
                "what_is_done": one.what_is_done,
                "count": one.count,
                "sample": list(one.sample),
            }
            for one in opened.findings()
        ]


def records(workspace: Workspace, finding: str) -> pa.Table:
    """All records of a kind of dirty record: record_id, link (into the CRM, where it has one)."""
    with Reading.open(workspace) as opened:
        return opened.with_links(opened.dirty(finding), "record_id")
