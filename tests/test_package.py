"""What an import brings along, and what it mustn't."""

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import stepsize

HEAVY = ["torch", "matplotlib", "ipywidgets", "anywidget", "IPython", "sklearn", "cloudpickle"]


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    return set(run.stdout.split())


def test_import_is_light():
    assert not modules_after("import stepsize") & set(HEAVY)


def test_import_brings_nothing_costly_that_only_some_notebooks_need():
    """hashlib brings OpenSSL, about 4 MB; pathlib brings urllib, about 0.6 MB."""
    brought = modules_after("import stepsize") - modules_after("import numpy")
    assert not brought & {"hashlib", "json", "pathlib", "urllib", "subprocess", "asyncio"}


@pytest.mark.parametrize("module", ["optimizers", "schedules", "ranges"])
def test_the_formulas_import_numpy_at_most(module):
    """They import only NumPy, the standard library and this package."""
    bare = modules_after("import numpy")
    new = modules_after(f"import stepsize.{module}") - bare
    outside = {name.partition(".")[0] for name in new} - sys.stdlib_module_names - {"stepsize"}
    assert not {name for name in outside if not name.startswith("_")}


@pytest.mark.parametrize(
    "name",
    [module.name for module in pkgutil.walk_packages(stepsize.__path__, "stepsize.")],
)
def test_nothing_public_lacks_a_docstring(name):
    if name.endswith("__main__"):
        return
    module = importlib.import_module(name)
    assert module.__doc__
    for public in getattr(module, "__all__", []):
        value = getattr(module, public)
        if inspect.isroutine(value) or inspect.isclass(value):
            assert value.__doc__, f"{name}.{public}"
