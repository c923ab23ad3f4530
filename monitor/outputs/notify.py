"""Handing a message to a channel, through Apprise."""

import logging


def send(url: str, title: str, body: str) -> str | None:
    """Hand a message to the channel at an Apprise URL; None once it took it, else why not.

    The URL is a secret: it is never part of the answer, and Apprise's own log is silenced.
    """
    import apprise  # loads a hundred services, and only where there is something to send

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    channel = apprise.Apprise()
    if not channel.add(url):
        return "its address is not one that Apprise knows"
    if not channel.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT):
        return "it did not take the message"
    return None
