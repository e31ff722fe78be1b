"""One file per thing observed in the user's process; see ``kerascrash.record.hook``."""
