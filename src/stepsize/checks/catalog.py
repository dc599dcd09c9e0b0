"""All exercises by name, and by lesson."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

__all__ = ["EXERCISES", "LESSONS"]

_NAMES = sorted(found.name for found in iter_modules([str(Path(__file__).parent)]))
_MODULES = [import_module(f"{__package__}.{x}") for x in _NAMES if x.startswith("lesson_")]

EXERCISES = {exercise.name: exercise for module in _MODULES for exercise in module.EXERCISES}
LESSONS = {module.TITLE: [exercise.name for exercise in module.EXERCISES] for module in _MODULES}
