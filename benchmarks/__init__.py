"""symdiff beside other tools that compute gradients: `python -m benchmarks`.

- `work/`: what is computed.
- `peers/`: how each tool is asked for it, one module for each tool.
- `sections/`: what is measured, one module for each section.
- `harness/`: how it is measured and checked.
- `output/`: tables and pictures.

Two more commands measure other things:

- `python -m benchmarks.accuracy`: how accurate the numbers are.
- `python -m benchmarks.imports`: how long the import of the package takes.
"""
