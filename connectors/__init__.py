"""The only place that knows a CRM: each connector turns its source into the canonical tables."""
