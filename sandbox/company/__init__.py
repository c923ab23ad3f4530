"""The generator of the sandbox organisation's records."""

from sandbox.company.generate import generate

__all__ = ["generate"]
