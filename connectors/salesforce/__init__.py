"""Salesforce, by REST and Bulk 2."""

from connectors.salesforce.connector import SalesforceConnector
from connectors.salesforce.settings import SalesforceSource

__all__ = ["SalesforceConnector", "SalesforceSource"]
