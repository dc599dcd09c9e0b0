"""What you type in a shell to open and update the course, to examine the machine, and to teach."""
