"""What users hold: `compile`, `Function` and what it is made of, `propagate`."""
