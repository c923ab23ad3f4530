"""The sandbox organisation's server: Salesforce's REST, Bulk 2 and log-in over parquet files."""
