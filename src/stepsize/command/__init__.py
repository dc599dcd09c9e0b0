"""What is typed in a shell: the course opened and updated, examined, taught."""
