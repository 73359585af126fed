"""What every distribution must have, so that packagers and strangers can rely on it."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from alert_core._known import KNOWN

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
FIRST_PARTY = [ROOT / "core", *sorted(file.parent for file in ROOT.glob("plugins/*/pyproject.toml"))]
CODE = [folder for folder in FIRST_PARTY if (folder / "src").is_dir()]
PLUGINS = [folder for folder in CODE if folder.name != "core"]


def project_of(folder: Path) -> dict[str, Any]:
    project: dict[str, Any] = pyproject_of(folder)["project"]
    return project


def pyproject_of(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def name_of(folder: Path) -> str:
    return folder.name


each_distribution = pytest.mark.parametrize("folder", FIRST_PARTY, ids=name_of)
each_with_code = pytest.mark.parametrize("folder", CODE, ids=name_of)
each_plugin = pytest.mark.parametrize("folder", PLUGINS, ids=name_of)


def test_first_party_versions_are_in_step() -> None:
    versions = {folder.name: project_of(folder)["version"] for folder in FIRST_PARTY}

    assert set(versions.values()) == {project_of(ROOT / "core")["version"]}, versions


@each_distribution
def test_distribution_describes_itself(folder: Path) -> None:
    project = project_of(folder)

    assert project["name"] == ("alert-core" if folder.name == "core" else folder.name)
    assert project["requires-python"] == project_of(ROOT)["requires-python"]
    assert (project["license"], project["license-files"]) == ("Apache-2.0", ["LICENSE"])
    assert project["description"].endswith(".")
    assert (folder / project["readme"]).read_text(encoding="utf-8").startswith(f"# {project['name']}\n")
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@each_distribution
def test_distribution_leaves_the_configuration_of_tools_to_the_root(folder: Path) -> None:
    tools = set(pyproject_of(folder).get("tool", {}))

    # With a table of its own, pytest would lose warnings-as-errors for this folder without a word.
    assert tools <= {"hatch", "uv"}


@each_plugin
def test_plugin_accepts_a_range_of_cores_and_pins_none(folder: Path) -> None:
    own = [line for line in project_of(folder)["dependencies"] if line.startswith("alert-")]

    assert "alert-core>=0.1,<2" in own
    assert [line for line in own if not line.endswith(">=0.1,<2")] == []


@each_plugin
def test_entry_point_has_the_short_name_of_the_plugin(folder: Path) -> None:
    points = project_of(folder)["entry-points"]

    short = folder.name.removeprefix("alert-")
    assert points["alert_core"] == {short: f"alert_{short}.plugin"}


def test_meta_distribution_pins_every_first_party_distribution() -> None:
    pins = project_of(ROOT / "plugins" / "alert-all")["dependencies"]

    others = [project_of(folder) for folder in FIRST_PARTY if folder.name != "alert-all"]
    assert [re.sub(r"\[.*\]", "", pin) for pin in pins] == sorted(f"{one['name']}=={one['version']}" for one in others)


def test_known_types_are_those_of_first_party_distributions() -> None:
    names = {folder.name for folder in PLUGINS}

    assert set(KNOWN.values()) - names == set(), "in _known.py, but not in plugins/"
    assert {name for name in names if offers_types(name)} - set(KNOWN.values()) == set(), "missing in _known.py"


def offers_types(distribution: str) -> bool:
    sources = (ROOT / "plugins" / distribution / "src").rglob("*.py")
    hooks = ("alert_register_sources", "alert_register_formats", "alert_register_conditions", "alert_register_actions")
    return any(hook in file.read_text(encoding="utf-8") for file in sources for hook in hooks)


@each_with_code
def test_wheel_and_sdist_hold_what_they_should(folder: Path, tmp_path: Path) -> None:
    package = project_of(folder)["name"].replace("-", "_")

    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)], cwd=folder, check=True, capture_output=True
    )

    wheel = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    sources = {file.relative_to(folder / "src").as_posix() for file in (folder / "src").rglob("*.py")}
    assert sources - wheel == set()
    assert f"{package}/py.typed" in wheel
    assert any(name.endswith("licenses/LICENSE") for name in wheel)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    tests = {file.relative_to(folder).as_posix() for file in (folder / "tests").rglob("*.py")}
    assert tests
    assert tests - names == set()
