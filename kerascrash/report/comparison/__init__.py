"""Two runs side by side: as a page, as text, as data."""
