"""What a picture is once frame, colour map and drawings are undone."""
