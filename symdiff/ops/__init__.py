"""All that is known of an operation."""
