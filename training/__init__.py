"""Everything that makes a file in `models/`."""
