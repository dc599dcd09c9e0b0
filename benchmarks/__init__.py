"""How long it takes, against what one would use instead: `python run.py bench`."""
