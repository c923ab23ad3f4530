"""What the records say at one manifest and one as-of: the one way in for every figure shown."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

import ibis.expr.types as ir
import pyarrow as pa

from metrics import behind, evaluate, facts, health, past
from metrics.asked import PERIODS
from metrics.declaration import Gauge, Result, Shown
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE, EVIDENCE, OUTCOMES
from metrics.loaded import UNSET, Facts, Loaded, Span, instant
from metrics.rows import Rows
from metrics.stage import Verdict, infer
from model.availability import Availability
from model.closing import Closing
from model.definitions import Definitions
from model.errors import ConfigurationError, LakeError
from model.periods import Period, end_of, local_day, start_of
from model.validation import suggest
from monitor import people
from monitor.few import few
from monitor.functions import with_functions
from monitor.refresh import HISTORY, keeping
from monitor.workspace import Workspace
from store.engines import Engine
from store.manifest import Manifest


@dataclass
class Reading(Closing):
    """Figures from the tables of one manifest as of one instant; a context manager.

    As of the manifest's cutoff the facts in the lake serve; for any earlier day, or after the
    definitions changed, they are built anew from the canonical tables. The engine is opened when
    something is asked that the workspace's memory does not hold.
    """

    workspace: Workspace
    manifest: Manifest
    as_of: datetime
    _stack: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def open(cls, workspace: Workspace, day: date | None = None) -> "Reading":
        """The newest manifest as of the end of local `day`; None: as of its cutoff.

        Raises LakeError where nothing was pulled, ConfigurationError for a day past the cutoff.
        """
        manifest = workspace.lake.manifest()
        if manifest is None:
            raise LakeError("nothing has been pulled yet", "lake", "Run `detente sync` first.")
        return cls(workspace, manifest, as_of_instant(workspace, manifest, day))

    @cached_property
    def engine(self) -> Engine:
        """What computes over the manifest's tables."""
        return self._stack.enter_context(self.workspace.engine(self.manifest))

    @cached_property
    def facts(self) -> Mapping[str, ir.Table]:
        """The facts as of the instant."""
        if self._has_facts:
            return self.engine.facts()
        with ExitStack() as steps:
            expressions = facts.build(
                self.tables,
                self.definitions,
                self.availability,
                self.as_of,
                self.as_of - HISTORY,
                keeping(self.engine, steps),
                recorded_until=self.engine.recorded_until,
            )
            return self._stack.enter_context(self.engine.materialise(expressions))

    @property
    def _has_facts(self) -> bool:
        """Whether the lake has the facts of this instant, under these definitions."""
        current = self.manifest.definitions == self.workspace.definitions_version
        return self.as_of == self.manifest.cutoff_at and current and self.manifest.has_facts

    @cached_property
    def loaded(self) -> Loaded:
        """The facts as rows in memory, shared by the workspace's readings of the same."""
        of = (self.manifest.id, self.as_of, self.workspace.definitions_version)
        return evaluate.loaded(
            lambda: self.facts,
            self.availability,
            self.definitions,
            self.as_of,
            self._run,
            self.workspace.memory(of),
        )

    def _run(self, rows: ir.Table) -> pa.Table:
        return self.engine.run(rows)

    def dimensions(self, fact: str) -> list[str]:
        """The configured dimensions that a fact can be cut by."""
        return [name for name in self.definitions.segments if name in facts.SEGMENTS[fact]]

    def held(self, name: str, make: Callable[[], ir.Table]) -> pa.Table:
        """The rows of what `make` gives, computed once and then in the workspace's memory."""
        found: pa.Table = self.loaded.once(("held", name), lambda: self._run(make()))
        return found

    def handoffs(self, window: Period, where: Mapping[str, str]) -> Rows:
        """The handoffs of a segment in `window`."""
        span = Span(start_of(window.from_on, self.zone), end_of(window.to_on, self.zone))
        rows = self.loaded.rows("handoffs", span)
        last = min(span.last, self.as_of)
        return rows.between("handed_off_at", instant(span.first), instant(last)).within(where)

    def close(self) -> None:
        """Release the engine."""
        self._stack.close()

    @property
    def definitions(self) -> Definitions:
        """The organisation's definitions."""
        return self.workspace.definitions

    @property
    def availability(self) -> Availability:
        """What the sources of this manifest can give."""
        return self.manifest.availability

    @cached_property
    def tables(self) -> Mapping[str, ir.Table]:
        """The canonical tables, users and queues with their functions."""
        return with_functions(self.engine, self.definitions.functions)

    @property
    def zone(self) -> str:
        """The organisation's time zone."""
        return self.definitions.calendar.default.timezone

    @property
    def as_of_on(self) -> date:
        """The local day of `as_of`."""
        return local_day(self.as_of, self.zone)

    def period(self, window: str | None) -> Period | None:
        """What `--window` says; None: each figure's own days. Raises ConfigurationError."""
        if window is None:
            return None
        starts = self.definitions.calendar.fiscal_year_starts
        return Period.window(window, starts, self.as_of_on)

    def indicators(
        self,
        by: Sequence[str] = (),
        where: Mapping[str, str] | None = None,
        window: Period | None = None,
        only: Sequence[str] = (),
        *,
        keep: bool = False,
    ) -> list[Result]:
        """Every indicator (or `only` some), for the whole or `where`, split `by` segment dimensions
        and by week, month or quarter. With `keep` each result carries its statistics.

        Without a `window` each indicator looks back over its own trailing days.
        """
        self._check_split(by, where)
        found = evaluate.evaluate(
            self.loaded, window=window, by=by, where=where, only=only, keep=keep
        )
        return people.results(found, self._hidden([*by, *(where or {})]), self._least)

    def few_indicators(
        self,
        only: Sequence[str],
        by: Sequence[str] = (),
        where: Mapping[str, str] | None = None,
        window: Period | None = None,
    ) -> list[Result]:
        """The same of a few indicators that nothing more is asked after: where the lake has no
        facts of the instant, and the company is asked for, only what these look at is computed.
        """
        for name in only:
            if name not in CATALOGUE:
                raise ConfigurationError(f"no indicator {name!r}", "", suggest(name, [*CATALOGUE]))
        if self._has_facts or where or any(name not in PERIODS for name in by):
            return self.indicators(by, where, window, only)
        self._check_split(by, where)
        needed = evaluate.needed(self.definitions, only)
        known = self.availability, self.definitions, self.as_of

        def results(computed: Facts) -> list[Result]:
            loaded = evaluate.loaded(lambda: computed, *known, self._run, few=needed)
            return evaluate.evaluate(loaded, window=window, by=by, only=only)

        return few(self.engine, self.tables, *known, needed, results)

    def shown(
        self,
        by: Sequence[str] = (),
        where: Mapping[str, str] | None = None,
        window: Period | None = None,
        *,
        keep: bool = False,
    ) -> tuple[list[Shown], list[Shown]]:
        """The outcomes, and the measures of evidence quality: shown, never scored. With `keep`
        each carries its statistics.
        """
        self._check_split(by, where)
        outcomes, quality = evaluate.shown(
            self.loaded, window=window, by=by, where=where, counted=self._counted(), keep=keep
        )
        small = self._hidden([*by, *(where or {})])
        return people.shown(outcomes, small, self._least), quality

    def outcomes(self, ids: Sequence[str], window: Period) -> list[Shown]:
        """Some outcomes for the whole company, by id, over `window`."""
        return evaluate.shown(self.loaded, window=window, only=ids)[0]

    def logging(self) -> Estimate:
        """The share of the active people in Sales who logged anything of late."""
        _, (found,) = evaluate.shown(self.loaded, only=["activity_capture"])
        return found.estimate

    def headcount(self, where: Mapping[str, str] | None = None) -> dict[str, int]:
        """The active people of Sales and of Marketing, in the company or a segment."""

        def counted() -> behind.Headcount:
            return behind.people(self.tables, self.definitions, self.as_of, self.engine.run)

        found: behind.Headcount = self.loaded.once("headcount", counted)
        return found.of(where)

    def _counted(self) -> dict[str, tuple[int, int]]:
        """Records that are seen and held, by table; nothing as of a past instant, as no CRM says
        what it held then.
        """
        if self.as_of != self.manifest.cutoff_at:
            return {}
        found: dict[str, tuple[int, int]] = {}
        for state in self.manifest.sources.values():
            for table, (seen, held) in state.counted.items():
                before = found.get(table, (0, 0))
                found[table] = (before[0] + seen, before[1] + held)
        return found

    def verdict(self, where: Mapping[str, str] | None = None) -> Verdict:
        """The stage that these figures speak for."""
        return self.verdict_of(self.indicators(where=where), where)

    def verdict_of(
        self, results: Sequence[Result], where: Mapping[str, str] | None = None
    ) -> Verdict:
        """The stage that `results` (of one segment) speak for."""
        people = self.headcount(where)
        return infer(results, self.gates(where), people, self.definitions, CATALOGUE)

    def gates(self, where: Mapping[str, str] | None = None) -> dict[str, Estimate]:
        """What the gates of the stage ask."""
        return evaluate.gates(self.loaded, where=where)

    def gates_by(self, dimension: str, values: Sequence[str]) -> dict[str, dict[str, Estimate]]:
        """The same for each of the `values` of a dimension."""
        return evaluate.gates_by(self.loaded, dimension, values)

    def records(
        self,
        indicator: str,
        where: Mapping[str, str] | None = None,
        window: Period | None = None,
    ) -> pa.Table:
        """The CRM records behind an indicator, an outcome or a measure of evidence, each with
        whether and why it counts.
        """
        known = with_records()
        if indicator not in known:
            raise ConfigurationError(f"no indicator {indicator!r}", "", suggest(indicator, known))
        self._check_split((), where)
        return behind.records(
            self.facts,
            indicator,
            self.definitions,
            as_of=self.as_of,
            window=window,
            where=dict(where or {}),
            run=self.engine.run,
        )

    def findings(self) -> list[health.Found]:
        """Dirty records: what is wrong, what is done about it, how many."""
        known = self.tables, self.availability, self.definitions, self.as_of
        is_past = self.as_of < self.manifest.cutoff_at
        with ExitStack() as steps:
            keep = keeping(self.engine, steps)
            return health.find(*known, self.engine.run, keep, is_past=is_past)

    def dirty(self, finding: str) -> pa.Table:
        """All records of a kind of dirty record; empty where the sources do not tell."""
        by_id = {one.id: one for one in health.FINDINGS}
        if finding not in by_id:
            hint = suggest(finding, list(by_id))
            raise ConfigurationError(f"no kind of dirty record {finding!r}", "", hint)
        return health.records(
            by_id[finding],
            self.tables,
            self.availability,
            self.definitions,
            self.as_of,
            self.engine.run,
        )

    def unknown(self) -> list[str]:
        """What the records of today do not tell of a past as-of, in words; see `metrics.past`."""
        found = past.gaps(self.facts, self.tables, self.availability, self.engine.run)
        seldom = (f"data health: {one.title.lower()}" for one in health.FINDINGS if one.is_live)
        return list(dict.fromkeys([*(gap.words for gap in found), *seldom]))

    def record_url(self, record_id: str) -> str | None:
        """Where a record opens in the CRM."""
        for state in self.manifest.sources.values():
            if state.record_url:
                return state.record_url.replace("{id}", record_id)
        return None

    def with_links(self, rows: pa.Table, key: str) -> pa.Table:
        """Records with a column `link`: where each opens in the CRM."""
        links = [self.record_url(one) for one in rows[key].to_pylist()]
        return rows.append_column("link", pa.array(links, pa.string()))

    def check_occurs(self, where: Mapping[str, str]) -> None:
        """Raises ConfigurationError for a value that no record has."""
        values = self.segment_values() if where else {}
        for name, value in where.items():
            if name in values and value not in (*values[name], UNSET):
                known = suggest(value, values[name])
                raise ConfigurationError(f"no record has {name} {value!r}", "segment", known)

    def segment_values(self) -> dict[str, list[str]]:
        """The values of each configured dimension that occur in the facts."""
        found: dict[str, set[str]] = {name: set() for name in self.definitions.segments}
        for fact in self.facts.values():
            for name in found.keys() & set(fact.columns):
                values = self.engine.run(fact.select(name).distinct()).column(name)
                found[name] |= {value for value in values.to_pylist() if value is not None}
        return {name: sorted(values) for name, values in found.items() if values}

    @property
    def _least(self) -> int:
        return self.workspace.settings.people.smallest_team

    def _hidden(self, names: Sequence[str]) -> people.Hidden:
        """What is not shown of the dimensions `names`."""
        small: dict[str, frozenset[str]] = self.loaded.once("small groups", dict)
        wanted = [name for name in names if name not in (*small, *PERIODS)]
        settings = self.workspace.settings.people
        if wanted:
            owning = self.facts["handoffs"].select("owner")
            owning = owning.union(self.facts["opportunities"].select("owner"))
            users, run = self.tables["users"], self.engine.run
            found = people.hidden(users, owning, wanted, settings, run)
            small |= {name: found.get(name, frozenset()) for name in wanted}
        return small

    def _check_split(self, by: Sequence[str], where: Mapping[str, str] | None) -> None:
        known = [*self.definitions.segments, "owner", "team"]
        for name in [*by, *(where or {})]:
            if name not in known and not (name in by and name in PERIODS):
                offered = [*known, *PERIODS] if name in by else known
                raise ConfigurationError(
                    f"no dimension {name!r} to split by", "segments", suggest(name, offered)
                )
        kinds = [name for name in by if name in PERIODS]
        if len(kinds) > 1:
            raise ConfigurationError(
                f"{' and '.join(kinds)} at once", "--by", "Ask for one kind of period."
            )
        people.check([*by, *(where or {})], self.workspace.settings.people)


def with_records() -> list[str]:
    """The ids of every figure that counts records."""
    counted = [one.id for one in EVIDENCE.values() if not isinstance(one, Gauge)]
    return [*CATALOGUE, *OUTCOMES, *counted]


def as_of_instant(workspace: Workspace, manifest: Manifest, day: date | None) -> datetime:
    """The end of local `day`, or the cutoff for None or the cutoff's own day."""
    zone = workspace.settings.calendar.default.timezone
    last = local_day(manifest.cutoff_at, zone)
    if day is None or day == last:
        return manifest.cutoff_at
    if day > last:
        raise ConfigurationError(
            f"the records reach only to {last}", f"as-of {day}", "Ask for that day or an earlier."
        )
    return end_of(day, zone)
