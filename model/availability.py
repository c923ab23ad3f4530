"""What the sources can and cannot give: absence is said, and never counted as zero."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from model.tables import TABLES


@dataclass(frozen=True)
class Availability:
    """The canonical columns that the sources fill, and why the others are absent.

    `columns` maps a table to the columns that some source gives; `reasons` maps `table` or
    `table.column` to a sentence such as "LeadHistory is not visible to the connection's user".
    `partial` maps a table that is given to what it lacks all the same: "EmailMessage is not
    visible to the connection's user: e-mails without a task are not seen".
    """

    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    partial: Mapping[str, str] = field(default_factory=dict)

    def has(self, need: str) -> bool:
        """Whether `table` or `table.column` is given by some source."""
        table, _, column = need.partition(".")
        given = self.columns.get(table)
        return given is not None and (not column or column in given)

    def lacks(self, needs: Iterable[str]) -> list[str]:
        """A reason in plain words for each of `needs` that no source gives; no reason twice."""
        found: dict[str, None] = {}
        for need in needs:
            if not self.has(need):
                table, _, column = need.partition(".")
                reason = self.reasons.get(need) or self.reasons.get(table)
                fallback = f"no source gives {table}" + (f".{column}" if column else "")
                found[reason or fallback] = None
        return list(found)

    def merge(self, other: "Availability") -> "Availability":
        """What both give together; a reason stays only while neither gives the column."""
        tables = {*self.columns, *other.columns}
        none: frozenset[str] = frozenset()
        columns = {t: self.columns.get(t, none) | other.columns.get(t, none) for t in tables}
        merged = Availability(columns)
        reasons = {k: v for k, v in {**other.reasons, **self.reasons}.items() if not merged.has(k)}
        return Availability(columns, reasons, {**other.partial, **self.partial})

    def to_json(self) -> dict[str, object]:
        """A JSON-ready form; `from_json` is its inverse."""
        return {
            "columns": {table: sorted(names) for table, names in sorted(self.columns.items())},
            "reasons": dict(sorted(self.reasons.items())),
            "partial": dict(sorted(self.partial.items())),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Mapping[str, object]]) -> "Availability":
        """The inverse of `to_json`; tables that this version does not know are ignored."""
        columns = {
            table: frozenset(names)
            for table, names in data["columns"].items()
            if table in TABLES and isinstance(names, list)
        }
        reasons = {key: str(text) for key, text in data["reasons"].items()}
        partial = {key: str(text) for key, text in data.get("partial", {}).items()}
        return cls(columns, reasons, partial)
