"""SOQL, read by a grammar and compiled to DuckDB; what the grammar does not know is refused."""
