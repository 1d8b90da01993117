"""What users hold: `compile`, `Function`, and what shows and takes along."""
