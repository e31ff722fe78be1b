"""Core files: what their notes tell, and which of them belongs to a case."""
