"""Floating-point errors as native code returns them: bits, joined by "or"."""

DIVIDE, INVALID, OVERFLOW, UNDERFLOW = 1, 2, 4, 8
