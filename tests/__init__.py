"""The tests. A machine may be slow or busy, so none of them may be in a hurry."""

PATIENCE = 180  # seconds to wait for anything
