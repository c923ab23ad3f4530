"""A company of a few leads in four CSV files: pulled in a moment, and changed at will."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import yaml

from monitor.workspace import Workspace

MAPPING = """
tables:
  users:
    file: users.csv
    columns: {user_id: id, display_name: name, role: role}
  leads:
    file: leads.csv
    columns: {lead_id: id, created_at: created, owner_id: owner, recorded_at: created,
              owner_kind: {constant: user}}
  lead_changes:
    file: changes.csv
    columns: {change_id: id, lead_id: lead, field: {constant: owner}, old: old, new: new,
              old_kind: {constant: user}, new_kind: {constant: user}, changed_at: at,
              recorded_at: at}
  activities:
    file: calls.csv
    columns: {activity_id: id, kind: {constant: call}, lead_id: lead, performed_by: by,
              occurred_at: at, is_completed: {constant: true}, recorded_at: at,
              direction: {constant: outbound}}
"""
USERS = "id,name,role\nmia,Mia Mark,Marketing\nann,Ann Sales,Sales\nbob,Bob Sales,Sales\n"


@dataclass
class Small:
    """Mia creates leads and hands them over; Ann and Bob call. `now`: how far the files reach."""

    folder: Path
    now: datetime
    leads: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    calls: list[tuple[str, str, datetime]] = field(default_factory=list)

    def hand_over(self, lead: str, owner: str, at: datetime) -> None:
        """A lead of Mia's goes to `owner`."""
        self.leads[lead] = (owner, at)

    def call(self, lead: str, by: str, at: datetime) -> None:
        """`by` calls."""
        self.calls.append((lead, by, at))

    def write(self) -> None:
        """The files as a CRM would export them at `now`."""
        source = self.folder / "export"
        source.mkdir(parents=True, exist_ok=True)
        leads = [(lead, at.isoformat(), owner) for lead, (owner, at) in self.leads.items()]
        changes = [
            (f"c-{lead}", lead, "mia", owner, at.isoformat())
            for lead, (owner, at) in self.leads.items()
        ]
        leads.append(("last", self.now.isoformat(), "mia"))
        calls = [(f"a{n}", *call[:2], call[2].isoformat()) for n, call in enumerate(self.calls)]
        (source / "users.csv").write_text(USERS)
        _csv(source / "leads.csv", ("id", "created", "owner"), leads)
        _csv(source / "changes.csv", ("id", "lead", "old", "new", "at"), changes)
        _csv(source / "calls.csv", ("id", "lead", "by", "at"), calls)
        (self.folder / "mapping.yaml").write_text(MAPPING)

    def configure(self, **settings: object) -> Path:
        """A configuration with these keys; its path."""
        source = {
            "name": "export",
            "kind": "files",
            "path": str(self.folder / "export"),
            "mapping": str(self.folder / "mapping.yaml"),
            "record_url": "https://crm.example.com/{id}",
        }
        functions = {"sales": {"roles": ["Sales"]}, "marketing": {"roles": ["Marketing"]}}
        file = self.folder / "detente.yaml"
        file.write_text(yaml.safe_dump({"sources": [source], "functions": functions, **settings}))
        return file

    def workspace(self, environment: Mapping[str, str] = {}, **settings: object) -> Workspace:
        """The workspace of that configuration."""
        return Workspace.open(self.configure(**settings), self.folder / "home")


def _csv(file: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    file.write_text("\n".join(",".join(row) for row in [head, *rows]) + "\n")
