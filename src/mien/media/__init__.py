"""What comes in and what goes out: sources of frames, sinks of readings."""
