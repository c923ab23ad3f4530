"""The use cases, one file a verb: they connect sources, store and metrics, and compute nothing."""
