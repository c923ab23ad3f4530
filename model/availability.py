"""What the sources can and cannot give: absence is said, and never counted as zero."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from model.tables import TABLES


@dataclass(frozen=True)
class Availability:
    """The canonical columns that the sources fill, and why the others are absent.

    `columns` maps a table to the columns that some source gives; `reasons` maps `table` or
    `table.column` to a sentence such as "LeadHistory is not visible to the connection's user".
    `partial` maps a `table` or `table.column` that is given to what it lacks all the same:
    "EmailMessage is not visible to the connection's user: e-mails without a task are not seen".
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

    def weakens(self, needs: Iterable[str]) -> list[str]:
        """What each of `needs` (`a|b`: either) lacks although it is given; nothing twice."""
        named = [one for need in needs for one in need.split("|") if self.has(one)]
        keys = [key for one in named for key in (one.partition(".")[0], one)]
        return list(dict.fromkeys(self.partial[key] for key in keys if key in self.partial))

    def merge(self, other: "Availability") -> "Availability":
        """What both give together; a reason stays only while neither gives the column. What one
        gives and the other, with rows in the same table, says it cannot, is given in part.
        """
        tables = {*self.columns, *other.columns}
        none: frozenset[str] = frozenset()
        columns = {t: self.columns.get(t, none) | other.columns.get(t, none) for t in tables}
        merged = Availability(columns)
        reasons = {k: v for k, v in {**other.reasons, **self.reasons}.items() if not merged.has(k)}
        partial = {**self._lacking_beside(other), **other._lacking_beside(self)}
        return Availability(columns, reasons, {**partial, **other.partial, **self.partial})

    def _lacking_beside(self, other: "Availability") -> dict[str, str]:
        """The columns that the other gives of a table of which both have rows, and why not this."""
        return {
            key: f"of some records only: {reason}"
            for key, reason in self.reasons.items()
            if other.has(key) and self.has(key.partition(".")[0])
        }

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
