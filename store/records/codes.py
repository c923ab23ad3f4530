"""Codes that stand for persons: keyed by the wave, and lost with its key."""

import hashlib
import hmac

LENGTH = 32


def code(key: bytes | None, person: str) -> str:
    """32 hex digits that stand for `person` under `key`; the same however it is written."""
    text = person.strip().casefold().encode()
    return hmac.new(key or b"", text, hashlib.sha256).hexdigest()[:LENGTH]
