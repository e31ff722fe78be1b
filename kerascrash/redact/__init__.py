"""Take out of a diagnosis or a dump what a stranger should not read."""
