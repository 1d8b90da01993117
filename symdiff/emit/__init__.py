"""Programs to source text."""
