from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

CORE = Path(__file__).parent.parent.parent
KINDS = ("action", "condition", "source", "format")

each_kind = pytest.mark.parametrize("kind", KINDS)


def alert(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "alert_core", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", env={**os.environ, "COLUMNS": "100"})


def texts(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_text(encoding="utf-8") for file in files}


@each_kind
def test_distribution_has_everything_and_nothing_is_left_to_fill_in(kind: str, tmp_path: Path) -> None:
    done = alert("new-plugin", "two-words", "--kind", kind, folder=tmp_path)

    written = texts(tmp_path / "alert-two-words")
    assert (done.stderr, done.returncode) == ("", 0)
    assert set(written) == {
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "src/alert_two_words/__init__.py",
        "src/alert_two_words/conformance.py",
        "src/alert_two_words/plugin.py",
        "src/alert_two_words/py.typed",
        "src/alert_two_words/settings.py",
        "tests/test_conformance.py",
    }
    assert [path for path, text in written.items() if "{{" in text or "{%" in text] == []
    assert [path for path in written if path not in done.stdout] == []


@each_kind
def test_plugin_can_be_loaded_as_it_is(kind: str, tmp_path: Path) -> None:
    alert("new-plugin", "fresh", "--kind", kind, folder=tmp_path)
    source = tmp_path / "alert-fresh" / "src"

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOAD, kind],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(source), *sys.path])},
        capture_output=True,
        encoding="utf-8",
    )

    assert (done.stderr, done.stdout) == ("", "ok ('fresh',)\n")


LOAD = """
import sys
import alert_fresh.plugin
from alert_core.plugins import Plugins

(report,) = (it for it in Plugins.load(objects={"fresh": alert_fresh.plugin}).reports if it.name == "fresh")
print(report.status, report.types[sys.argv[1]])
"""


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "alert-pager" / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine")

    done = alert("new-plugin", "pager", "--kind", "action", folder=tmp_path)

    assert (done.stderr, done.returncode) == ("error: alert-pager is there already; nothing was written\n", 1)
    assert texts(tmp_path) == {"alert-pager/notes.txt": "mine"}


def test_folder_of_ones_own_is_used(tmp_path: Path) -> None:
    done = alert("new-plugin", "pager", "--kind", "action", "--folder", "code/here", folder=tmp_path)

    assert done.returncode == 0
    assert (tmp_path / "code" / "here" / "pyproject.toml").is_file()
    assert "cd code/here" in done.stdout


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Pager", "'Pager' cannot be the name of a plugin; use at most 40 lower case letters, digits and single hyphens"),
        ("../pager", "'../pager' cannot be the name of a plugin"),
        ("a--b", "'a--b' cannot be the name of a plugin"),
        ("x" * 41, "cannot be the name of a plugin"),
        ("2fa", "'2fa' cannot be the name of a plugin"),
        ("pager\n", "cannot be the name of a plugin"),
        ("alert-pager", "'alert-pager' begins with alert-; write 'pager'"),
        ("email", "the name 'email' is taken by alert-email; choose another"),
        ("core", "the name 'core' is taken by alert-core"),
    ],
)
def test_name_that_cannot_be_used_is_refused(name: str, problem: str, tmp_path: Path) -> None:
    done = alert("new-plugin", name, "--kind", "action", folder=tmp_path)

    assert problem in done.stderr
    assert done.returncode == 2
    assert texts(tmp_path) == {}


@pytest.mark.parametrize(
    ("license", "identifier", "begins"),
    [
        ("Apache-2.0", "Apache-2.0", "Apache License"),
        ("MIT", "MIT", "MIT License"),
        ("BSD-3-Clause", "BSD-3-Clause", "BSD 3-Clause License"),
        ("proprietary", "LicenseRef-Proprietary", "Copyright (c)"),
    ],
)
def test_license_is_the_one_that_was_chosen(license: str, identifier: str, begins: str, tmp_path: Path) -> None:
    author = 'Zoë "Z" \\ O\'Neill'

    alert("new-plugin", "pager", "--kind", "action", "--license", license, "--author", author, folder=tmp_path)

    written = texts(tmp_path / "alert-pager")
    project = tomllib.loads(written["pyproject.toml"])["project"]
    assert (project["license"], project["authors"]) == (identifier, [{"name": author}])
    assert written["LICENSE"].strip().startswith(begins)
    assert (author in written["LICENSE"]) == (license != "Apache-2.0")


# --- the whole way: build, install, test


@pytest.fixture(scope="module")
def uv() -> str:
    return shutil.which("uv") or pytest.skip("uv is not installed")


@pytest.fixture(scope="module")
def python(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of its own, with the core as a wheel and pytest."""
    folder = tmp_path_factory.mktemp("environment")
    run([uv, "venv", "--quiet", "--python", sys.executable, "venv"], folder)
    run([uv, "build", "--quiet", "--wheel", "--out-dir", str(folder), str(CORE)], folder)
    (wheel,) = folder.glob("*.whl")
    interpreter = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run([uv, "pip", "install", "--quiet", "--python", str(interpreter), f"{wheel}[testing]"], folder)
    return interpreter


def run(command: Sequence[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", env={**own_environment(), **environment})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def own_environment() -> Mapping[str, str]:
    """Without what leads back to the Python that runs this test."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTEST_ADDOPTS")}


@pytest.mark.slow
@each_kind
def test_distribution_builds_installs_and_passes_untouched(kind: str, uv: str, python: Path, tmp_path: Path) -> None:
    name = f"sample-{kind}"
    alert("new-plugin", name, "--kind", kind, folder=tmp_path)
    folder = tmp_path / f"alert-{name}"

    run([uv, "build", "--quiet", "--out-dir", str(tmp_path), str(folder)], tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    run([uv, "pip", "install", "--quiet", "--no-deps", "--python", str(python), str(wheel)], tmp_path)
    # In a folder of its own: where several sessions share one, they warn of what the others remove.
    tested = run([str(python), "-m", "pytest", "-q", "-W", "error", "--basetemp", str(tmp_path / "own"), "tests"], folder)
    proven = run([str(python), "-m", "alert_core", "plugins", "--check", name, "--level", "gold"], tmp_path)

    assert len(list(tmp_path.glob("*.tar.gz"))) == 1
    assert " passed" in tested
    assert "failed" not in tested
    assert f"{kind} {name}  gold" in proven
