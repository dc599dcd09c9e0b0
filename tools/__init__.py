"""What run.py and the makers of the course run; nothing here is part of the course itself."""
