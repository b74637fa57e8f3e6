"""The times a file states, what is known of their clocks, and how they lie to a window."""
