"""What is computed.

- `formulas.py`: formulas of scalars.
- `problems.py`: formulas with arrays inside.
- `cases.py`: single numbers of `python -m benchmarks.accuracy`, with their errors.
"""
