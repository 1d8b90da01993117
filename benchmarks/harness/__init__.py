"""How times and memory are measured, and how numbers are checked.

- `measure.py`: times calls in turns, and checks their numbers first.
- `memory.py`: asks the system how much memory the process holds.
- `probe.py`: measures in a process of its own.
"""
