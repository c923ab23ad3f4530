"""What `detente doctor` finds out about an organisation: counts, rights, limits, mapped fields."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.base import Counted
from connectors.inspection import Budget, FieldCheck, Inspection, Right, Seen, Tracked
from connectors.salesforce.client import Client
from connectors.salesforce.faults import one_line
from connectors.salesforce.queries import Query
from connectors.salesforce.schema import unfit
from connectors.salesforce.settings import SalesforceSource
from connectors.salesforce.shapes import RECORD_TYPE, Stream
from connectors.salesforce.suggestions import suggestions
from model.errors import CredentialsError, LimitError, SourceError, UnreachableError

_RIGHTS = {"createable": "create", "updateable": "edit", "deletable": "delete"}
_GIVE_UP = (CredentialsError, LimitError, UnreachableError)
Described = Mapping[str, Mapping[str, Any]]
_COUNTED = {"leads": "Lead", "opportunities": "Opportunity"}


def inspect(client: Client, settings: SalesforceSource, streams: Sequence[Stream]) -> Inspection:
    """Some sixty requests. What the user may not ask is said in `asked_in_vain`; only a failed
    log-in, a spent budget or a dead host raise.
    """
    described = {name: found for name in objects(streams) if (found := client.describe(name))}
    asking = _Asking(client)
    counted = list(
        dict.fromkeys(s.object for s in streams if not s.whole and s.object in described)
    )
    held = asking.held(counted)
    return Inspection(
        rights=tuple(rights(described)),
        records=tuple(Seen(n, asking.seen(n), asking.all(n), held.get(n)) for n in counted),
        budget=asking.budget(settings.api_budget),
        tracked=tuple(asking.tracked(settings.fields, described)),
        fields=tuple(checks(streams, settings.fields, described)),
        suggestions=tuple(suggestions(streams, described, settings.fields)),
        asked_in_vain=tuple(asking.in_vain),
    )


def counted(client: Client, tables: Collection[str]) -> dict[str, Counted]:
    """What the user sees, and what Salesforce says it holds, of leads and opportunities; nothing
    where the user may not ask. Raises as `inspect` does.
    """
    asking = _Asking(client)
    names = {table: name for table, name in _COUNTED.items() if table in tables}
    held = asking.held(list(names.values()))
    return {
        table: Counted(seen, held[name])
        for table, name in names.items()
        if name in held and (seen := asking.seen(name)) is not None
    }


def objects(streams: Sequence[Stream]) -> list[str]:
    """Every object that is read, in the order of the streams."""
    names: dict[str, None] = {}
    for stream in streams:
        names[stream.object] = None
        names.update(dict.fromkeys(lookup.object for lookup in stream.lookups))
        if stream.companion:
            names[stream.companion.object] = None
    return list(names)


def rights(described: Described) -> Iterator[Right]:
    """The objects that the connection's user could change, which it need not."""
    for name, about in described.items():
        may = tuple(word for flag, word in _RIGHTS.items() if about.get(flag))
        if may:
            yield Right(name, may)


def checks(
    streams: Sequence[Stream], mapped: Mapping[str, str], described: Described
) -> Iterator[FieldCheck]:
    """Each mapped field against what describe says of it."""
    for target, api_name in mapped.items():
        table, _, column = target.partition(".")
        for stream in streams:
            if stream.table != table or api_name not in {*stream.wanted, *_joined(stream)}:
                continue
            yield _check(f"{table}.{column}", api_name, stream, described)


def _joined(stream: Stream) -> set[str]:
    return {ours for lookup in stream.lookups for ours, _ in lookup.fields.values()}


def _check(target: str, api_name: str, stream: Stream, described: Described) -> FieldCheck:
    read_by = RECORD_TYPE.on if api_name.startswith(f"{RECORD_TYPE.object}.") else api_name
    name = f"{stream.object}.{api_name}"
    fields = {f["name"]: f for f in described.get(stream.object, {}).get("fields", ())}
    about = fields.get(read_by)
    if about is None:
        close = next((n for n in fields if n.casefold() == read_by.casefold()), None)
        hint = f"; write it as {close}" if close else ""
        return FieldCheck(target, name, f"is absent or not visible to the connection's user{hint}")
    table, _, column = target.partition(".")
    why = None if read_by != api_name else unfit(str(about["type"]), table, column)
    if why:
        return FieldCheck(target, name, f"is a {about['type']} field and {why} {target}")
    return FieldCheck(target, name, remark=_remark(about))


def _remark(about: Mapping[str, Any]) -> str | None:
    if about.get("calculated"):
        return (
            "is a formula: it changes without a trace, so its values may be as old as "
            "reconcile_days until all rows are read again"
        )
    if about.get("filterable") is False:
        return "cannot be filtered in Salesforce; it is read all the same"
    return None


class _Asking:
    """Questions that a user may not be allowed to ask."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.in_vain: list[str] = []

    def _json(self, path: str, holds: str, params: Mapping[str, str] | None = None) -> Any:
        with one_line(self._client.host, path):
            return self._client.json(path, holds, params)

    def held(self, names: Sequence[str]) -> dict[str, int]:
        """How many records the CRM itself counts, by object."""
        try:
            answer = self._json("limits/recordCount", "sObjects", {"sObjects": ",".join(names)})
        except _GIVE_UP:
            raise
        except SourceError:
            self.in_vain.append(
                "how many records the CRM holds: the user lacks View Setup and Configuration. "
                "Without it nobody can tell whether sharing hides records from it"
            )
            return {}
        return {str(one["name"]): int(one["count"]) for one in answer["sObjects"]}

    def seen(self, name: str) -> int | None:
        """Records that ordinary queries give."""
        text = Query(name, ("Id",)).counting
        try:
            return int(self._json("query", "totalSize", {"q": text})["totalSize"])
        except _GIVE_UP:
            raise
        except SourceError:
            return None

    def all(self, name: str) -> int | None:
        """Records, deleted and archived ones included."""
        return self._client.count(Query(name, ("Id",)))

    def budget(self, share: float) -> Budget | None:
        """The day's requests."""
        try:
            daily = self._json("limits", "DailyApiRequests")["DailyApiRequests"]
        except _GIVE_UP:
            raise
        except SourceError:
            self.in_vain.append("the day's API budget: the user may not read the limits")
            return None
        allowed = int(daily["Max"])
        return Budget(allowed - int(daily["Remaining"]), allowed, int(allowed * share))

    def tracked(self, mapped: Mapping[str, str], described: Described) -> Iterator[Tracked]:
        """Since when changes are recorded of each field whose history is used."""
        score, loss = mapped.get("leads.score"), mapped.get("opportunities.loss_reason")
        wanted = {
            "LeadHistory": ["Owner", "Status", "Rating", *([score] if score else [])],
            "OpportunityFieldHistory": ["Owner", *([loss] if loss else [])],
        }
        for history, fields in wanted.items():
            for field in fields if history in described else ():
                text = (
                    f"SELECT CreatedDate FROM {history} WHERE Field = '{field}' "  # noqa: S608
                    "ORDER BY CreatedDate LIMIT 1"
                )
                found = self._json("queryAll", "records", {"q": text})["records"]
                since = datetime.fromisoformat(found[0]["CreatedDate"][:19]) if found else None
                yield Tracked(history, field, since)
