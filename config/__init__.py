"""What an organisation may tune: YAML files, and the loader that validates them."""

from config.loader import load
from config.settings import Settings

__all__ = ["Settings", "load"]
