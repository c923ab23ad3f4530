"""Export files: a Salesforce export as it is, any other files through a mapping."""

from connectors.files.connector import FilesConnector
from connectors.files.settings import FilesSource

__all__ = ["FilesConnector", "FilesSource"]
