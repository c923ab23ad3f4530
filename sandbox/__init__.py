"""A local Salesforce-compatible organisation with generated records, for the demo and the tests."""
