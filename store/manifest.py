"""The manifest: which version of which table belongs together. Readers open nothing else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Self

import pyarrow as pa

from model.availability import Availability
from model.errors import LakeError

MANIFESTS = "_manifests"
NOT_PUBLISHED = -1
MANIFEST_SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("committed_at", pa.timestamp("us")),
        ("cutoff_at", pa.timestamp("us")),
        ("body", pa.string()),
    ]
)


@dataclass(frozen=True)
class SourceState:
    """What one source gave at its last sync.

    `cutoff_at` (naive UTC): its records are complete up to then; None where that has no meaning
    (declared targets). `record_url`: a template with {id}, or None. `notes`: for the user.
    `counted`: by table, the records that the connection sees and those that the source holds by its
    own count, at that sync. `reconciled_at` (the source's clock): its rows were last compared with
    the records that it still holds; `reconciled` says what came of it.
    """

    availability: Availability
    cutoff_at: datetime | None
    record_url: str | None = None
    notes: tuple[str, ...] = ()
    reconciled_at: datetime | None = None
    reconciled: tuple[str, ...] = ()
    counted: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form; `from_json` is its inverse."""
        return {
            "availability": self.availability.to_json(),
            "cutoff_at": self.cutoff_at and self.cutoff_at.isoformat(),
            "record_url": self.record_url,
            "notes": list(self.notes),
            "reconciled_at": self.reconciled_at and self.reconciled_at.isoformat(),
            "reconciled": list(self.reconciled),
            "counted": {table: list(both) for table, both in self.counted.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        cutoff, reconciled_at = data["cutoff_at"], data.get("reconciled_at")
        return cls(
            Availability.from_json(data["availability"]),
            None if cutoff is None else datetime.fromisoformat(cutoff),
            data["record_url"],
            tuple(data["notes"]),
            None if reconciled_at is None else datetime.fromisoformat(reconciled_at),
            tuple(data.get("reconciled", ())),
            {table: (seen, held) for table, (seen, held) in data.get("counted", {}).items()},
        )


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Versions that belong together.

    `versions`: lake path, such as "crm/leads" or "facts/handoffs", to its version. `sources`: by
    name. `cutoff_at` (naive UTC): the records of all sources are complete up to then.
    `definitions`: the version of the definitions under which the facts were built. Ids grow; they
    are not consecutive. A draft has the id `NOT_PUBLISHED` until `Lake.publish`.
    """

    id: int
    committed_at: datetime
    cutoff_at: datetime
    versions: Mapping[str, int]
    sources: Mapping[str, SourceState]
    definitions: str

    @classmethod
    def draft(
        cls, versions: Mapping[str, int], sources: Mapping[str, SourceState], definitions: str
    ) -> Self:
        """A manifest to publish; its cutoff is the earliest of its sources'.

        LakeError where no source says up to when its records are complete.
        """
        cutoffs = [state.cutoff_at for state in sources.values() if state.cutoff_at is not None]
        if not cutoffs:
            raise LakeError("no source has been pulled", "lake", "Run `detente sync`.")
        return cls(
            id=NOT_PUBLISHED,
            committed_at=min(cutoffs),
            cutoff_at=min(cutoffs),
            versions=dict(versions),
            sources=dict(sources),
            definitions=definitions,
        )

    def with_versions(self, versions: Mapping[str, int]) -> Self:
        """The same with other versions."""
        return replace(self, versions=dict(versions))

    @property
    def has_facts(self) -> bool:
        """Whether it names facts: one that only tables were committed to has none."""
        return any(path.startswith("facts/") for path in self.versions)

    @cached_property
    def availability(self) -> Availability:
        """What the sources give together."""
        merged = Availability()
        for state in self.sources.values():
            merged = merged.merge(state.availability)
        return merged

    def to_row(self) -> pa.Table:
        """One row of `MANIFEST_SCHEMA`."""
        body = {
            "versions": dict(self.versions),
            "sources": {name: state.to_json() for name, state in self.sources.items()},
            "definitions": self.definitions,
        }
        row = {
            "id": self.id,
            "committed_at": self.committed_at,
            "cutoff_at": self.cutoff_at,
            "body": json.dumps(body, sort_keys=True),
        }
        return pa.Table.from_pylist([row], schema=MANIFEST_SCHEMA)

    @classmethod
    def from_rows(cls, rows: pa.Table) -> list[Self]:
        """The manifests of such rows, oldest first."""
        found = []
        for row in rows.sort_by("id").to_pylist():
            body = json.loads(row["body"])
            states = {name: SourceState.from_json(s) for name, s in body["sources"].items()}
            found.append(
                cls(
                    id=row["id"],
                    committed_at=row["committed_at"],
                    cutoff_at=row["cutoff_at"],
                    versions=body["versions"],
                    sources=states,
                    definitions=body["definitions"],
                )
            )
        return found
