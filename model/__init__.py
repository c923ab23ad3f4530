"""The words everything else speaks: tables, definitions, errors. Imports nothing of ours."""
