"""The package needs only NumPy. Whatever needs more says what is missing, and how to get it."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

__all__ = ["EXTRAS", "needs", "require", "words_for"]

EXTRAS = {  # the modules in each, as in pyproject.toml, with the names to install them by
    "course": {
        "matplotlib": "Matplotlib",
        "ipywidgets": "ipywidgets",
        "IPython": "IPython",
        "anywidget": "anywidget",
        "traitlets": "traitlets",
        "cloudpickle": "cloudpickle",
        "jupyterlab": "JupyterLab",
        "jupyter_client": "jupyter_client",
        "nbformat": "nbformat",
        "psutil": "psutil",
        "sklearn": "scikit-learn",
        "torch": "PyTorch",
    },
    "course,teach": {
        "jupyterlab_slideshow": "jupyterlab-slideshow",
        "latex2mathml": "latex2mathml",
        "mistune": "mistune",
    },
}
ABOVE = Path(__file__).resolve().parents[1]
IN_A_CLONE = ABOVE.name == "src" and (ABOVE.parent / "run.py").is_file()
RUN = {"course": "python run.py", "course,teach": "python run.py guide"}  # what installs each there


@contextmanager
def needs() -> Iterator[None]:
    """Goes around imports: if a module from an extra isn't installed, the error names the extra.

    Raises: ModuleNotFoundError, like the import itself.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if said := words_for(error.name or ""):
            raise ModuleNotFoundError(said, name=error.name, path=error.path) from None
        raise


def require(*modules: str) -> None:
    """Raise ModuleNotFoundError, in the same words, for the first of these that is missing."""
    for module in modules:
        if find_spec(module) is None:
            raise ModuleNotFoundError(words_for(module), name=module)


def words_for(module: str) -> str:
    """What to tell a learner about a missing module; empty if it isn't one of ours."""
    top = module.partition(".")[0]
    for extra, names in EXTRAS.items():
        if top in names:
            where = ", which has builds for most machines" if top == "torch" else ""
            install = RUN[extra] if IN_A_CLONE else f'pip install "stepsize[{extra}]"'
            return f"This needs {names[top]}{where}, and it isn't installed. Run: {install}"
    return ""
