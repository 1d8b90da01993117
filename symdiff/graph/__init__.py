"""The intermediate representation: rows, programs, and the dimensions of core shapes."""
