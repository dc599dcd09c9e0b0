"""What run.py and the course's makers run; of the course itself nothing is here."""
