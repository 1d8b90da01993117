"""Source to functions, and arguments to arrays."""
