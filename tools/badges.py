"""Badges for Binder and Colab, and the address to clone: python tools/badges.py

They all come from one line of pyproject.toml, `Repository` in [project.urls]. Until that exists,
the README has no badges, and it and the other pages say that the address is missing.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = re.compile(r"<!-- badges -->\n(?:\[!\[.*\n)*")
MISSING = "<the address of this repository>"
SAYING = ("README.md", "workshop/README.md", "tools/site/front.md")  # what to clone
BRANCH = "main"
FIRST = "notebooks/00-start-here.ipynb"


def address() -> str | None:
    """The repository's address, such as https://github.com/OWNER/NAME."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project.get("urls", {}).get("Repository")


def colab(notebook: str, repository: str) -> str:
    return f"https://colab.research.google.com/github/{_name(repository)}/blob/{BRANCH}/{notebook}"


def binder(notebook: str, repository: str) -> str:
    return f"https://mybinder.org/v2/gh/{_name(repository)}/{BRANCH}?urlpath=lab/tree/{notebook}"


def _name(repository: str) -> str:
    """OWNER/NAME. Raises: ValueError for an address that these services don't know."""
    found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?", repository)
    if not found:
        raise ValueError(f"Repository must be https://github.com/OWNER/NAME, not {repository!r}")
    return found[1]


def badges(repository: str | None) -> str:
    if repository is None:
        return ""
    return (
        f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({binder(FIRST, repository)})\n"
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        f"({colab(FIRST, repository)})\n"
    )


def with_badges(readme: str, repository: str | None) -> str:
    readme = PLACE.sub(lambda _: f"<!-- badges -->\n{badges(repository)}", readme)
    clone = rf"git clone {repository or MISSING} \1"
    return re.sub(r"git clone .* (\S*stepsize)$", clone, readme, flags=re.M)


def main() -> int:
    for path in (ROOT / name for name in SAYING):
        path.write_bytes(with_badges(path.read_text(encoding="utf-8"), address()).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
