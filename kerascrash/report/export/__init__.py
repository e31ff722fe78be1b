"""A case in formats of other tools: tracks for Perfetto, a table, plain data."""
