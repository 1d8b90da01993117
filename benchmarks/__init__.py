"""symdiff side by side with other ways to get a gradient: `python -m benchmarks`.

- `formulas.py`, `problems.py`: what is computed, of scalars and with arrays inside.
- `peers/`: how each tool is asked for it, one module a tool.
- `sections/`: what is measured, one module a section.
- `measure.py`: how it is measured and checked.
- `memory.py`, `probe.py`: what memory a process holds; what is measured in a process of its own.
- `report.py`: tables and what is known of the machine.
- `table.py`, `plot.py`: the README's table and the picture of `sweep`, from the JSON of a run.
- `accuracy.py`: how far off the numbers are, a command of its own: `python -m benchmarks.accuracy`.
- `cases.py`: the numbers that it judges.
"""
