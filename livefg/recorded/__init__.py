"""Recordings as a whole: looked at once and kept, understood from both directions of time, then written."""
