"""Is `diagnose` right about models that it has never seen? Trainings, illnesses, views."""
