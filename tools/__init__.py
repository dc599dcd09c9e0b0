"""What run.py and the course's maintainers run; nothing here is part of the course itself."""
