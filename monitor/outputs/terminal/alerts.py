"""What is told, to whom."""

from monitor.alerts import AlertsForm
from monitor.outputs.terminal.printing import line


def alerts(form: AlertsForm, dry_run: bool) -> None:
    """What is new, and what became of it."""
    for message in form["told"]:
        line(message["title"])
        for text in message["body"].splitlines():
            line(f"  {text}")
    channels = ", ".join(form["channels"])
    if not channels:
        line("No channel is configured: nothing is sent. See `alerts` in the configuration.")
    elif not form["told"]:
        line("Nothing new to tell.")
    if dry_run and channels:
        line(f"Nothing was sent: this was a trial. Channels: {channels}.")
    elif form["sent"]:
        line(f"{form['sent']} message{'s' if form['sent'] > 1 else ''} sent to {channels}.")
