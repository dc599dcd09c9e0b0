"""Make the site: gather all files, have Sphinx make the pages, and record the labs beside them."""

import os
import shutil
import webbrowser
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from sphinx.cmd.build import build_main

from stepsize.command import arguments

from . import computed, links, lite, pyodide, record
from .pages import gather

__all__ = ["build", "main"]


def build(target: Path, exercises: bool) -> list[str]:
    """Build the whole site. Returns what is wrong with it: warnings, links that lead nowhere.

    exercises: whether to include them, with JupyterLite.
    The labs are recorded in parallel by other processes, without anybody's own trainings.
    """
    with TemporaryDirectory() as folder:
        source, made, static = (Path(folder) / name for name in ("source", "made", "static"))
        (static / "labs").mkdir(parents=True)
        nobody = dict(initializer=_at_home_in, initargs=(f"{folder}/home",))
        with ProcessPoolExecutor(max_workers=2, **nobody) as pool:
            waiting = [pool.submit(computed.write, static)]
            waiting += [pool.submit(record.write, static, name) for name in record.GRIDS]
            gather(source)
            if exercises:
                lite.link(source)
                waiting.append(pool.submit(lite.build, Path(folder, "lite"), pyodide.FOLDER))
            failed = _sphinx(source, made)
            for each in waiting:
                each.result()
        shutil.copytree(static, made / "_static", dirs_exist_ok=True)
        for left in (made / "_static").glob("*webpack-macros.html"):
            left.unlink()  # the theme's own templates, copied along
        if exercises:
            shutil.move(Path(folder, "lite"), made / "lite")
        wrong = ["Sphinx warned: see above"] * bool(failed) + links.wrong(made)
        if target.exists():
            shutil.rmtree(target)
        shutil.move(made, target)
    return wrong


def _at_home_in(folder: str) -> None:
    os.environ["STEPSIZE_HOME"] = folder


def _sphinx(source: Path, made: Path) -> int:
    options = ["-q", "-W", "--keep-going", "-b", "html", "-d", str(source.parent / "doctrees")]
    return build_main([*options, str(source), str(made)])


def main() -> int:
    options = arguments.site()
    if options.exercises and pyodide.bring(pyodide.FOLDER):
        return 1
    missing = lite.lacks(pyodide.FOLDER)
    if missing:
        print("Without the exercises in the browser. For those: python run.py site --exercises")
    wrong = build(options.into.resolve(), exercises=not missing)
    for each in wrong:
        print(each)
    front = options.into.resolve() / "index.html"
    print(f"The site: {front}")
    if not options.no_browser and not wrong:
        webbrowser.open(front.as_uri())
    return int(bool(wrong))
