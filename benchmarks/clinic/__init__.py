"""Is `diagnose` right of models that it has never seen? Trainings, illnesses, what is kept."""
