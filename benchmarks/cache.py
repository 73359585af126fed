"""What is made once and kept: the streams, the environments of ElastAlert 2 and Apprise, the SEC program.

Everything is in `benchmarks/.cache`, which git ignores; delete it to start afresh.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.events import Stream

FOLDER = Path(__file__).parent / ".cache"

# elastalert2 imports pytz without naming it among its requirements.
ELASTALERT = ("elastalert2==2.19.0", "orjson>=3.10", "pytz")
APPRISE = ("apprise==2.2.0",)


def folder() -> Path:
    """The folder itself."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / ".gitignore").write_text("*\n")
    return FOLDER


def stream(size: int) -> Path:
    """A file with so many generated events."""
    file = folder() / f"events-{size}.ndjson"
    if not file.exists():
        partial = file.with_suffix(".partial")
        with partial.open("w", encoding="ascii", newline="\n") as out:
            out.writelines(Stream(size).lines())
        partial.rename(file)
    return file


def head(file: Path, events: int) -> Path:
    """A file with only the first events of another one; the other one itself when that has no more."""
    part = file.with_name(f"{file.stem}-head-{events}.ndjson")
    if f"events-{events}.ndjson" == file.name:
        return file
    if not part.exists():
        with file.open("rb") as lines:
            part.write_bytes(b"".join(itertools.islice(lines, events)))
    return part


def elastalert_python() -> str | None:
    """An interpreter with ElastAlert 2, in an own environment, since it pins libraries; `None` if there is no getting it."""
    return _python_with("elastalert", ELASTALERT)


def apprise_python() -> str | None:
    """An interpreter with Apprise; `None` if there is no getting it."""
    return _python_with("apprise", APPRISE)


def _python_with(name: str, requirements: Sequence[str]) -> str | None:
    environment = folder() / name
    python = environment / "bin" / "python"
    done = environment / "done"
    if done.exists():
        return str(python)
    uv = shutil.which("uv")
    make = [uv, "venv", "--clear", "-q", "-p", sys.executable] if uv else [sys.executable, "-m", "venv", "--clear"]
    install = [uv, "pip", "install", "-q", "-p", str(python)] if uv else [str(python), "-m", "pip", "install", "-q"]
    if _succeeds([*make, str(environment)]) and _succeeds([*install, *requirements]):
        done.touch()
        return str(python)
    return None


def sec_program() -> str | None:
    """The SEC script: an installed one, else Debian's package unpacked here; `None` if there is no getting it."""
    program = folder() / "sec" / "usr" / "bin" / "sec"
    if installed := shutil.which("sec"):
        return installed
    if not program.exists() and shutil.which("apt-get") and shutil.which("perl"):
        # Unpacked instead of installed: that needs no root and starts no service.
        _succeeds(["apt-get", "-q", "download", "sec"], at=folder())
        for package in folder().glob("sec_*.deb"):
            _succeeds(["dpkg", "-x", str(package), str(folder() / "sec")])
    return str(program) if program.exists() else None


def _succeeds(command: list[str], *, at: Path | None = None) -> bool:
    answer = subprocess.run(command, cwd=at, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    return answer.returncode == 0
