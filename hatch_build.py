"""What a wheel includes from outside the package: the lessons, and what is made from them."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COURSE = ("lessons/*.md", "lessons/instructor/*.md", "notebooks/*.ipynb", "solutions/*.ipynb")


class Course(BuildHookInterface):
    """Called by hatchling. An editable installation finds the lessons in place.

    Raises: FileNotFoundError if there are none, because that wheel would have nothing to open.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        for pattern in COURSE:
            paths = sorted(root.glob(pattern))
            if not paths:
                raise FileNotFoundError(f"{root} has no {pattern} for the wheel to include")
            for path in paths:
                place = f"stepsize/command/course/{path.relative_to(root).as_posix()}"
                build_data["force_include"][str(path)] = place
