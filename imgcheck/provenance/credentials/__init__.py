"""Content credentials (C2PA): found, validated offline, taken apart axis by axis."""
