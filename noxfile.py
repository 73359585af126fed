"""The sessions that check, build and release everything; `uv run nox -l` lists them.

Distributions are found by their `pyproject.toml`, so that a new one is checked without being named here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nox

ROOT = Path(__file__).parent
KINDS = (".", "plugins", "plugins-contrib", "examples")
NEWER_PYTHONS = ("3.14", "3.13", "3.12")
PINS = ("-c", "constraints.txt")
NO_TESTS = 5  # the exit code of pytest when nothing was selected
# Many tests wait, so there are more workers than processors.
SIDE_BY_SIDE = ("-n", "4", "--dist", "worksteal")
QUICK = "not slow and not peers and not fuzz"
EVERYWHERE = ("-q", "-m", f"{QUICK} and not once", *SIDE_BY_SIDE)
# What an environment can change shows in few examples.
AGAIN = (*EVERYWHERE, "--hypothesis-profile", "brief")
ONCE = ("-q", "-m", f"{QUICK} and once", *SIDE_BY_SIDE)

# The tests start hundreds of processes, which would all compile every module anew where the environment forbids to keep that.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

nox.needs_version = ">=2025.2"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"


def read_pyproject(folder: Path) -> dict[str, Any]:
    """Return a distribution's description of itself."""
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def distributions(*kinds: str) -> list[Path]:
    """Return the folders of the distributions, relative to the root: the core first, then by name."""
    found = {file.parent for kind in kinds for file in (ROOT / kind).glob("*/pyproject.toml")}
    return sorted((folder.relative_to(ROOT) for folder in found), key=lambda folder: (folder != Path("core"), folder))


CORE = Path("core")
MEMBERS = distributions(".", "plugins")
EVERYTHING = distributions(*KINDS)
WITH_TESTS = [folder for folder in EVERYTHING if (ROOT / folder / "tests").is_dir()]
PLUGINS = [folder for folder in MEMBERS if "entry-points" in read_pyproject(folder)["project"] and folder != CORE]
SOURCES = [folder / "src" for folder in MEMBERS if (ROOT / folder / "src").is_dir()]


def works(python: str) -> bool:
    """Say whether an interpreter is really there: a version manager may offer a command that only complains."""
    command = shutil.which(f"python{python}")
    return command is not None and subprocess.run([command, "-c", ""], capture_output=True).returncode == 0


def groups(*names: str) -> list[str]:
    """Return the requirements of the root's dependency groups."""
    return list(nox.project.dependency_groups(read_pyproject(ROOT), *names))


def with_needed(folder: Path) -> list[Path]:
    """Return a distribution with the core and those of this tree that it asks for."""
    names = {re.match(r"[\w-]*", line)[0] for line in read_pyproject(folder)["project"]["dependencies"]}
    asked = [member for member in MEMBERS if member.name in names and member != folder]
    return list(dict.fromkeys([CORE, *asked, folder]))


def requirements_of_tests(*folders: Path) -> list[str]:
    """Return what the tests of these distributions need besides the distributions themselves."""
    own = [line for folder in folders for line in read_pyproject(folder).get("dependency-groups", {}).get("test", [])]
    return [*groups("test"), *own]


def install(session: nox.Session, *folders: Path, more: Sequence[str] = (), pinned: bool = True) -> None:
    """Install distributions from this tree, so that changes are seen at once, with what their tests need."""
    editable = [argument for folder in folders for argument in ("-e", str(folder))]
    session.install(*editable, *requirements_of_tests(*folders), *more, *(PINS if pinned else ()))


def run_each(session: nox.Session, *commands: Sequence[str]) -> None:
    """Run commands side by side, since each of them alone keeps one processor busy; what they print is shown when one fails."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(lambda command: session.run(*command, silent=True), commands):
            pass


# --- tests -------------------------------------------------------------------------------------------------------------------


@nox.session
def tests(session: nox.Session) -> None:
    """Test all distributions together, with coverage, except what needs other programs or much time."""
    install(session, *MEMBERS)
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *EVERYWHERE, *session.posargs, success_codes=[0, NO_TESTS])
    # Measured, these would take twice as long and cover hardly anything else.
    session.run("pytest", *ONCE, *session.posargs, success_codes=[0, NO_TESTS])
    session.run("coverage", "combine", "--quiet")
    if not session.posargs:
        session.run("coverage", "report")


@nox.session(python=next(filter(works, NEWER_PYTHONS), False), default=any(map(works, NEWER_PYTHONS)))
def newest(session: nox.Session) -> None:
    """Test all distributions together under the newest Python that this machine has."""
    install(session, *MEMBERS)
    session.run("pytest", *AGAIN, *session.posargs)


@nox.session
@nox.parametrize("folder", [nox.param(folder, id=folder.name) for folder in WITH_TESTS])
def isolated(session: nox.Session, folder: Path) -> None:
    """Test one distribution with the core and nothing that it does not ask for, which is how a user may install it."""
    install(session, *with_needed(folder))
    session.run("pytest", *AGAIN, str(folder / "tests"), *session.posargs)


@nox.session
def minimal(session: nox.Session) -> None:
    """Install a packager's choice, the core with files and traps, and see it work with nothing else there."""
    chosen = ("./core", "./plugins/alert-file", "./plugins/alert-snmp")
    session.install(*chosen, *(f"--reinstall-package={read_pyproject(ROOT / folder)['project']['name']}" for folder in chosen))
    session.install(*groups("test"))
    session.run("pytest", "-q", "tests/minimal.py")


@nox.session
def lowest(session: nox.Session) -> None:
    """Test all distributions together with the oldest libraries that they claim to work with."""
    install(session, *MEMBERS, more=["--resolution", "lowest-direct"], pinned=False)
    session.run("pytest", *AGAIN, *session.posargs)


@nox.session
def bare(session: nox.Session) -> None:
    """Import each module of the core by itself, with the core alone installed and warnings as errors."""
    session.install("-e", str(CORE), *PINS)
    source = ROOT / CORE / "src"
    files = [file.relative_to(source).with_suffix("").parts for file in sorted(source.rglob("*.py"))]
    # The kit needs pytest; migrations are run by Alembic and are not modules.
    others = {"testing", "migrations", "__main__"}
    modules = [".".join(parts).removesuffix(".__init__") for parts in files if others.isdisjoint(parts)]
    run_each(session, *(("python", "-W", "error", "-c", f"import {module}") for module in modules))


@nox.session
def peers(session: nox.Session) -> None:
    """Test against real programs of the other side: trap receivers, mail servers, syslog daemons, proxies."""
    install(session, *MEMBERS)
    session.run("pytest", "-q", "-m", "peers and not slow", *SIDE_BY_SIDE, *session.posargs, success_codes=[0, NO_TESTS])


@nox.session
def fuzz(session: nox.Session) -> None:
    """Send thousands of hostile notifications through every channel, compare what arrives, and let atheris spoil records.

    `ALERT_FUZZ` says how many; a release gets 10,000, and `ALERT_FUZZ_SECONDS` of 60 for each format.
    """
    install(session, *MEMBERS, more=groups("fuzz"))
    amount = os.environ.get("ALERT_FUZZ", "2000")
    session.run(
        "pytest", "-q", "-m", "fuzz", "-n", "2", *session.posargs, env={"ALERT_FUZZ": amount}, success_codes=[0, NO_TESTS]
    )


@nox.session
def crash(session: nox.Session) -> None:
    """Run the slow tests, above all the one that kills a run again and again and compares what is left."""
    install(session, *MEMBERS)
    kills = {"ALERT_CRASH_KILLS": "200", "ALERT_RECEIVER_KILLS": "50"}
    wanted = {name: os.environ.get(name, number) for name, number in kills.items()}
    # What hangs here is not told by five minutes.
    patient = ("-n", "2", "-o", "faulthandler_timeout=3000")
    session.run("pytest", "-m", "slow", *patient, *session.posargs, env=wanted, success_codes=[0, NO_TESTS])


# --- checks ------------------------------------------------------------------------------------------------------------------


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, spelling, import rules, house rules and the names of changelog fragments."""
    session.install(*groups("lint", "test"), *PINS)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", env={"PYTHONPATH": str(CORE / "src")})
    session.run("codespell")
    session.run("pytest", "-q", "tests/test_house_rules.py")


@nox.session(default=False)
def fix(session: nox.Session) -> None:
    """Repair what the linters can repair by themselves."""
    session.install(*groups("lint"), *PINS)
    session.run("ruff", "check", "--fix")
    session.run("ruff", "format")
    session.run("codespell", "--write-changes")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of all sources, the examples, the benchmarks and the typing tests, strictly."""
    install(session, *MEMBERS, more=groups("types"))
    sources = [str(folder) for folder in SOURCES + sorted(Path("examples").glob("*/src"))]
    session.run("mypy", *sources, "tests/typing", "benchmarks", env={"MYPYPATH": os.pathsep.join(sources)})


@nox.session
def docs(session: nox.Session) -> None:
    """Compare the manual with the code: everything public has its heading, every example is valid."""
    install(session, *MEMBERS)
    session.run("pytest", "-q", "tests/test_docs.py", *session.posargs)


@nox.session
def api(session: nox.Session) -> None:
    """Compare the public API with `tests/api.txt`; `nox -s api -- --accept` writes the file anew."""
    install(session, *MEMBERS)
    accept = "--accept" in session.posargs
    session.run("pytest", "-q", "tests/test_public_api.py", env={"ALERT_ACCEPT_API": "1"} if accept else {})


@nox.session
def build(session: nox.Session) -> None:
    """Build every distribution, install the wheels alone and run the conformance tests of the sdists."""
    folder = Path(session.create_tmp()).resolve()
    shutil.rmtree(folder)
    session.run("uv", "build", "--quiet", "--all-packages", "--out-dir", str(folder), external=True)
    session.install(*map(str, sorted(folder.glob("*.whl"))), *requirements_of_tests(*MEMBERS), *PINS)
    run_each(session, *(("alert", "plugins", "--check", member.name.removeprefix("alert-")) for member in PLUGINS))
    for archive in sorted(folder.glob("*.tar.gz")):
        shutil.unpack_archive(archive, folder, filter="data")
    kits = sorted(map(str, folder.glob("*/tests/test_conformance.py")))
    session.run("pytest", "-q", "-c", "pyproject.toml", *SIDE_BY_SIDE, *kits)


# --- on request --------------------------------------------------------------------------------------------------------------


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure events per second, latency and memory; see `benchmarks/README.md` for the arguments."""
    install(session, *MEMBERS)
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(default=False)
def bump(session: nox.Session) -> None:
    """Write a new version into every first-party distribution: `nox -s bump -- 1.2.3`."""
    (version,) = session.posargs
    for file in [ROOT / folder / "pyproject.toml" for folder in MEMBERS]:
        text = re.sub(r'(?m)^version = ".*"$', f'version = "{version}"', file.read_text(encoding="utf-8"), count=1)
        file.write_text(re.sub(r'"(alert-[a-z]+(?:\[[a-z,]+\])?)==[^"]*"', rf'"\1=={version}"', text), encoding="utf-8")


@nox.session(default=False)
def changelog(session: nox.Session) -> None:
    """Collect the fragments into `CHANGELOG.md`: `nox -s changelog -- 1.2.3`; without a version, only show them."""
    session.install(*groups("lint"), *PINS)
    config = Path(session.create_tmp()).resolve() / "towncrier.toml"
    sections = [folder.name for folder in sorted((ROOT / "changelog.d").iterdir()) if folder.is_dir()]
    tables = "".join(f'\n[[tool.towncrier.section]]\nname = "{name}"\npath = "{name}"\n' for name in sections)
    config.write_text((ROOT / "changelog.d" / "towncrier.toml").read_text(encoding="utf-8") + tables, encoding="utf-8")
    release = ["--version", *session.posargs, "--yes"] if session.posargs else ["--version", "next", "--draft"]
    session.run("towncrier", "build", "--config", str(config), "--dir", str(ROOT), *release)


@nox.session(default=False, venv_backend="none")
def constraints(session: nox.Session) -> None:
    """Write `constraints.txt`: the version of every library that was used, for repeatable installations."""
    names = ["--no-hashes", "--no-header", "--no-annotate", "--no-emit-workspace", "--all-packages", "--all-groups", "--quiet"]
    session.run("uv", "export", *names, "--output-file", "constraints.txt", external=True)
