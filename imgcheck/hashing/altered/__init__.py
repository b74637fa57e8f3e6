"""Where a picture differs from an earlier copy of it."""
