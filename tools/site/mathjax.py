"""MathJax from a package that contains it, checked by hash, so that formulas need no network."""

import hashlib
import shutil
from importlib.metadata import files
from pathlib import Path

__all__ = ["SCRIPT", "copy"]

PACKAGE, SCRIPT = "sphinx-mathjax-offline", "tex-chtml.js"
SHA256 = (
    "0a6ded5abbce13331658dd239f34382abd06492c74b71b61e8caa8112ec55fa5"  # of mathjax 3.2.2 on npm
)
FONTS = "output/chtml/fonts/woff-v2"


def copy(target: Path) -> None:
    """The script and its fonts, out of the package's 24 MB. Raises ValueError if altered."""
    found = [file for file in files(PACKAGE) or [] if file.name == SCRIPT]
    source = Path(str(found[0].locate())).parent
    digest = hashlib.sha256((source / SCRIPT).read_bytes()).hexdigest()
    if digest != SHA256:
        raise ValueError(f"{SCRIPT} must have the SHA-256 {SHA256}, not {digest}")
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / SCRIPT, target)
    shutil.copytree(source / FONTS, target / FONTS, dirs_exist_ok=True)
