"""Running: source to functions, arguments to arrays, blocks and threads, native code."""
