"""Reading TOML, and writing whole drop-ins: hand-written files are never rewritten, because that would lose their comments."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alert_core.errors import ConfigError

__all__ = ["read_toml", "write_dropin"]


def read_toml(path: Path, shown: str) -> dict[str, Any]:
    """The tables of one file.

    Args:
        path: The file.
        shown: How errors name it.

    Raises:
        ConfigError: It cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or type(error).__name__}", file=shown) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"is not UTF-8 text (byte {error.start})", file=shown) from None
    except tomllib.TOMLDecodeError as error:
        text = str(error)
        raise ConfigError(f"is not valid TOML: {text[:1].lower()}{text[1:]}", file=shown) from error


def write_dropin(folder: Path, name: str, tables: Mapping[str, Any]) -> Path:
    """Write `<name>.toml` into a drop-in folder, whole and at once; only its owner may read it, for it may hold secrets.

    Args:
        folder: The drop-in folder, such as `alert.d`; made when it is not there.
        name: Name of the file without its ending.
        tables: What `alert.toml` could hold as well; no `None` in it, which TOML cannot say.

    Returns:
        Where it stands. Whoever reads it sees the file before or the file after, never a part.
    """
    import tempfile

    import tomli_w

    if not name or name != Path(name).name or name.startswith("."):
        raise ValueError(f"{name!r} is no name for a drop-in")
    text = tomli_w.dumps(tables)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"{name}.toml"
    # mkstemp makes files of mode 0600. The leading dot and the ending keep a half-written one from being read.
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(folder)
    return target


def _sync_folder(folder: Path) -> None:
    """Make the new name last, too, where the system can do that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
