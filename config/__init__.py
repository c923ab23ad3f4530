"""What an organisation may tune: YAML files, and the loader that validates them."""

from config.loader import load, place
from config.settings import Settings

__all__ = ["Settings", "load", "place"]
