"""The index of known pictures in its file: tables, segments of hashes, lists, exports."""
