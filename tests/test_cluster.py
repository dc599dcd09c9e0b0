"""The files for a class on Kubernetes, compared with what can be had without a cluster.

The chart's schema and defaults are looked for beside the course, in ../shared/z2jh. Its JupyterHub
and repo2docker are installed into their own environments: `python run.py test -m slow`.
"""

import copy
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import jsonschema
import pytest
import yaml

from .hub import Stay, a_free_port

ROOT = Path(__file__).resolve().parents[1]
CHART = ROOT.parent / "shared" / "z2jh"
TEXT = (ROOT / "workshop" / "values.yaml").read_text(encoding="utf-8")
README = (ROOT / "workshop" / "README.md").read_text(encoding="utf-8")
OURS = yaml.safe_load(TEXT)
PATIENCE = 300  # seconds

PINNED = re.search(
    r"version (?P<chart>[\d.]+),\n# whose hub is JupyterHub (?P<hub>[\d.]+)"
    r" with nativeauthenticator (?P<native>[\d.]+)\.",
    TEXT,
).groupdict()


# The file against the chart -----------------------------------------------------------------------


def of_chart(name: str) -> dict:
    if not CHART.exists():
        pytest.skip("The chart's schema and defaults are not here: ../shared/z2jh.")
    return yaml.safe_load((CHART / name).read_text(encoding="utf-8"))


def merged(defaults: dict, ours: dict) -> dict:
    """As Helm merges: where both have a value, ours counts, and a list is a single value."""
    both = copy.deepcopy(defaults)
    for key, value in ours.items():
        inner = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = merged(both[key], value) if inner else value
    return both


def leaves(values: dict, path: tuple = ()) -> Iterator[tuple]:
    """The paths to everything that isn't a dictionary."""
    for key, value in values.items():
        yield from leaves(value, (*path, key)) if isinstance(value, dict) else [(*path, key)]


def refused(values: dict) -> list[str]:
    schema = of_chart("values.schema.yaml")
    validator = jsonschema.Draft7Validator(schema)
    return [error.json_path for error in validator.iter_errors(values)]


def test_the_chart_takes_the_values():
    assert refused(merged(of_chart("values.yaml"), OURS)) == []


FREE = [("hub", "config"), ("singleuser", "extraEnv")]  # in which any name is allowed


@pytest.mark.parametrize("path", list(leaves(OURS)), ids=".".join)
def test_every_key_is_one_of_the_charts(path):
    defaults = of_chart("values.yaml")
    if path[:2] in FREE:
        return
    for key in path:
        assert key in defaults
        defaults = defaults[key]


@pytest.mark.parametrize(
    "path, value, where",
    [
        (("singleuser", "memory", "gaurantee"), "1G", "$.singleuser.memory"),
        (("singleuser", "cpu", "limit"), "two", "$.singleuser.cpu.limit"),
        (("hub", "concurrentSpawnLimit"), "64", "$.hub.concurrentSpawnLimit"),
        (("hub", "config", "nativeAuthenticator"), {"allow_all": True}, "$.hub.config"),
        (("culling",), {"enabled": True}, "$"),
    ],
)
def test_the_schema_would_see_a_slip(path, value, where):
    values = merged(of_chart("values.yaml"), OURS)
    inner = values
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert where in refused(values)


def test_what_the_chart_brings_is_pinned_by_its_version_and_the_rest_by_a_tag():
    """Its own images aren't named here, because one forgotten in an upgrade would break it."""
    images = {path[:-1]: path for path in leaves(OURS) if path[-2:-1] == ("image",)}
    assert list(images) == [("singleuser", "image")]
    tag = OURS["singleuser"]["image"]["tag"]
    assert re.fullmatch(r"[0-9a-f]{7}", tag)
    for text in (TEXT, README):
        charts = re.findall(r"helm upgrade.*?--version (\S+)", text, re.S)
        assert charts == [PINNED["chart"]]


def test_a_learner_has_as_much_as_on_one_machine():
    """The table in README.md has a machine with 32 GB and eight cores for forty."""
    learner = merged(of_chart("values.yaml"), OURS)["singleuser"]
    memory, cores = learner["memory"], learner["cpu"]
    row = re.search(r"^\| 40 \| (\d+) \| (\d+) GB \|$", README, re.M)
    assert 40 * int(memory["guarantee"].removesuffix("M")) <= int(row[2]) * 1024
    assert 40 * cores["guarantee"] <= int(row[1])
    config = (ROOT / "workshop" / "jupyterhub_config.py").read_text(encoding="utf-8")
    assert f'"STEPSIZE_MEMORY", "{memory["limit"]}")' in config
    assert f"cpu_limit = {cores['limit']:.1f}" in config
    assert f"--timeout={{{OURS['cull']['timeout'] // 60} * MINUTE}}" in config


def test_the_image_is_of_the_account_that_the_chart_runs_and_its_home_is_what_is_kept():
    """By default, repo2docker takes the builder's account, and learners' work would be lost."""
    learner = merged(of_chart("values.yaml"), OURS)["singleuser"]
    options = repo2docker()
    assert options["--user-id"] == str(learner["uid"])
    assert f"/home/{options['--user-name']}" == learner["storage"]["homeMountPath"]
    image = OURS["singleuser"]["image"]
    assert options["--image-name"] == f"{image['name']}:$tag"
    assert learner["cmd"] == ["python3", f"{options['--target-repo-dir']}/workshop/learner.py"]


def repo2docker() -> dict[str, str]:
    """The options of the command in README.md."""
    command = re.search(r"jupyter-repo2docker (--.*?) \.\n", README, re.S)[1]
    words = shlex.split(command.replace("\\\n", " "))
    assert words.pop(0) == "--no-run"
    return dict(zip(words[::2], words[1::2], strict=True))


def test_the_image_has_the_hubs_version():
    after = (ROOT / "binder" / "postBuild").read_text(encoding="utf-8")
    assert f"jupyterhub=={PINNED['hub']}\n" in after
    assert os.access(ROOT / "binder" / "postBuild", os.X_OK)


# The chart's JupyterHub ---------------------------------------------------------------------------


def environment(place: Path, *packages: str) -> Path:
    """A Python with these packages, but not ours."""
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    pip = [place / "bin" / "python", "-m", "pip", "install", "--quiet", *packages]
    done = subprocess.run(pip, capture_output=True, encoding="utf-8")
    if done.returncode:
        pytest.skip(f"{' and '.join(packages)} can't be had here:\n{done.stderr}")
    return place / "bin"


class Browser:
    """One person's browser: it keeps cookies, and follows no redirects."""

    def __init__(self, hub: str, name: str, password: str) -> None:
        self.hub, self.name, self.password = hub, name, password
        self.cookies = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.cookies), Stay)

    def ask(self, path: str, **form: str) -> tuple[int, str, str]:
        """The status, where to go next, and the page."""
        data = None
        if form:
            form["_xsrf"] = next(c.value for c in self.cookies if c.name == "_xsrf")
            data = urlencode(form).encode()
        try:
            with self.opener.open(f"{self.hub}/hub/{path}", data, timeout=PATIENCE) as answer:
                return answer.status, "", answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.headers.get("Location", ""), error.read().decode()

    def sign_up(self) -> str:
        self.ask("signup")
        word = self.password
        form = dict(username=self.name, signup_password=word, signup_password_confirmation=word)
        return self.ask("signup", **form)[2]

    def sign_in(self, password: str = "") -> tuple[int, str, str]:
        self.ask("login")
        return self.ask("login", username=self.name, password=password or self.password)


@contextmanager
def chart_hub(folder: Path, python: Path, config: dict) -> Iterator[str]:
    port = a_free_port()
    settings = dict(HUB_CONFIG=json.dumps(config), HUB_PORT=str(port))
    command = [python, "-m", "jupyterhub", "-f", ROOT / "tests" / "chart_hub.py"]
    log = folder / "hub.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | settings, stdout=file, stderr=file
        )
    try:
        end = time.monotonic() + PATIENCE
        while "JupyterHub is now running" not in log.read_text(encoding="utf-8"):
            assert process.poll() is None and time.monotonic() < end, log.read_text(
                encoding="utf-8"
            )
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)
    assert "not recognized" not in log.read_text(
        encoding="utf-8"
    )  # a setting that this version doesn't have


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """A Python with the chart's versions."""
    packages = f"jupyterhub=={PINNED['hub']}", f"jupyterhub-nativeauthenticator=={PINNED['native']}"
    return environment(tmp_path_factory.mktemp("chart") / "venv", *packages) / "python"


def config_of_hub() -> dict:
    """Our configuration, merged with the chart's if that is available."""
    defaults = (
        yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
        if CHART.exists()
        else {}
    )
    return merged(defaults, OURS)["hub"]["config"]


@pytest.mark.slow
def test_a_class_comes_in(python, tmp_path):
    with chart_hub(tmp_path, python, config_of_hub()) as hub:
        teacher = Browser(hub, "instructor", "a teacher's password")
        anna = Browser(hub, "anna", "a learner's password")
        short = Browser(hub, "bert", "short")
        assert "You can now go to the home page" in teacher.sign_up()
        assert "Your information has been sent to the admin" in anna.sign_up()
        assert "at least 8 characters" in short.sign_up()
        status, _, page = anna.sign_in()
        assert status == 200 and "not been authorized" in page
        assert teacher.sign_in()[:2] == (302, "/hub/spawn")
        assert teacher.ask("authorize/anna")[:2] == (302, "/hub/authorize#anna")
        assert anna.sign_in()[:2] == (302, "/hub/spawn")
        status, onward, _ = anna.ask("spawn")
        assert (status, onward.split("?")[0]) == (302, "/hub/spawn-pending/anna")
        assert anna.ask("admin")[0] == 403
        for guess in range(10):
            assert Browser(hub, "anna", f"guess {guess}").sign_in()[0] == 200
        assert Browser(hub, "anna", anna.password).sign_in()[0] == 200  # right, but too late
        assert teacher.ask("authorize")[0] == 200


@pytest.mark.slow
def test_without_allow_all_not_even_the_instructor_comes_in(python, tmp_path):
    """Without it, the sign-up works, and then the right password is refused."""
    config = config_of_hub()
    del config["Authenticator"]["allow_all"]
    with chart_hub(tmp_path, python, config) as hub:
        teacher = Browser(hub, "instructor", "a teacher's password")
        assert "You can now go to the home page" in teacher.sign_up()
        status, _, page = teacher.sign_in()
        assert status == 200 and "Invalid username or password" in page
        assert teacher.ask("authorize/anna")[0] == 403


# The image ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_repo2docker_takes_the_folder(tmp_path):
    version = re.search(r"jupyter-repo2docker==([\d.]+)", README)[1]
    programs = environment(tmp_path / "venv", f"jupyter-repo2docker=={version}")
    options = [word.replace("$tag", "0123abc") for item in repo2docker().items() for word in item]
    command = [programs / "jupyter-repo2docker", "--no-build", "--debug", *options, "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    recipe = done.stdout + done.stderr
    assert "Building conda environment for python=3.12" in recipe
    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' in recipe
    assert "RUN ./binder/postBuild" in recipe
    assert 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in recipe
    assert f"COPY --chown={options[1]}:{options[1]} src/ ${{REPO_DIR}}/" in recipe
    [base] = (tmp_path / "venv").glob("lib/*/site-packages/repo2docker/buildpacks/conda")
    locked = (base / "environment.py-3.12-linux-64.lock").read_text(encoding="utf-8")
    major = PINNED["hub"].split(".")[0]
    assert re.search(rf"jupyterhub-singleuser-{major}\.", locked)  # includes what ours needs
