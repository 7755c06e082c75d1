"""Recordings of moving hands and heads to learn from: simulated people, and the shared sets in the same form."""
