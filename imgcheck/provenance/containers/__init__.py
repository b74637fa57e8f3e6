"""Files of every format as one tree of parts, walked without belief."""
