"""Make rows, each in its simplest form."""
