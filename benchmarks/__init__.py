"""How long it takes, compared with what you would use instead: `python run.py bench`."""
