"""All exercises by name, and by lesson."""

from importlib import import_module

__all__ = ["EXERCISES", "LESSONS"]

_MODULES = [import_module(f"{__package__}.lesson_{number:02}") for number in (*range(13), 14)]

EXERCISES = {exercise.name: exercise for module in _MODULES for exercise in module.EXERCISES}
LESSONS = {module.TITLE: [exercise.name for exercise in module.EXERCISES] for module in _MODULES}
