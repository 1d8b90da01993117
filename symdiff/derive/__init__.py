"""Derivatives, made on the graph: programs to programs, so that they nest."""
