"""What the connection sees and what it would miss."""

from monitor import missing as lacking
from monitor.doctor import DoctorForm, InspectionForm, LiveForm
from monitor.outputs.terminal.printing import line, lines, table


def doctor(form: DoctorForm) -> None:
    """Every check."""
    for source in form["sources"]:
        if source["error"]:
            line(f"{source['name']}: cannot be used: {source['error']}")
            continue
        line(
            f"{source['name']}: complete until {source['complete_until']}, "
            f"{len(source['tables'])} tables: {', '.join(source['tables'])}"
        )
        lines(f"  note: {note}" for note in source["notes"])
        lines(f"  not available: {lacking.line(missing)}" for missing in source["missing"])
        if source["inspection"]:
            _inspection(source["inspection"])
    if form["unmatched_users"]:
        line(
            f"{len(form['unmatched_users'])} active users belong to no function; name their role, "
            "profile, title or id under `functions`:"
        )
        lines(f"  {user}" for user in form["unmatched_users"][:20])
    lines(f"not assessed: {name}: {why}" for name, why in form["not_assessed"].items())


def _inspection(form: InspectionForm) -> None:
    lines(f"  {sentence}" for sentence in form["sentences"])
    rows = [
        (one["object"], *(_count(one[n]) for n in ("seen", "with_deleted", "held")))
        for one in form["records"]
    ]
    table(("object", "records seen", "with deleted", "CRM holds"), rows, right=(1, 2, 3))
    since = [f"{t['history']} {t['field']} {t['since']}" for t in form["tracked"] if t["since"]]
    if since:
        line(f"  changes are recorded since: {', '.join(since)}")
    if form["suggestions"]:
        line("  fields that may be what columns without a mapping want; copy what is right:")
        line("    fields:")
        best: dict[str, int] = {}
        for one in form["suggestions"]:
            first = best.setdefault(one["target"], id(one)) == id(one)
            line(f"      {'' if first else '# or '}{one['yaml']}")


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


def live_check(one: LiveForm) -> None:
    """One assumption, as soon as it was tried."""
    words = {"pass": "ok", "fail": "FAILED", "not_applicable": "not applicable"}
    line(f"{words[one['result']]:<15}{one['title']}: {one['found']}")
    if one["result"] == "fail":
        line(f"{'':<15}{one['meaning']}")
