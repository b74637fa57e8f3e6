"""The pictures inside a file, and how they agree with the one it shows."""
