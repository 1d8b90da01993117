"""What is printed and drawn.

- `report.py`: tables, targets, and facts about the machine.
- `table.py`: the table of README, a command: `python -m benchmarks.output.table`.
- `plot.py`: the picture of the section `sweep`, a command: `python -m benchmarks.output.plot`.
"""
