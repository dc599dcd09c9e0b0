"""All exercises by name, and by lesson."""

from . import (
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
)

__all__ = ["EXERCISES", "LESSONS"]

_MODULES = (
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
)

EXERCISES = {exercise.name: exercise for module in _MODULES for exercise in module.EXERCISES}
LESSONS = {module.TITLE: [exercise.name for exercise in module.EXERCISES] for module in _MODULES}
