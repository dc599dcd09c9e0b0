"""The tests. A machine may be slow, and have other work to do: none of them may be in a hurry."""

PATIENCE = 180  # seconds in which whatever is waited for has come
