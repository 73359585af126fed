"""The configuration's files put together: every table with the file that it stands in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from alert_core.config._faults import Faults, did_you_mean
from alert_core.config._toml import read_toml
from alert_core.errors import ConfigError

__all__ = ["NAMED", "SINGLE", "Documents", "Table", "documents_of", "read_documents"]

NAMED = ("defaults", "sources", "conditions", "actions")
"""Sections that hold one table per name."""

SINGLE = ("plugins", "store")
"""Sections that are one table."""

# A name becomes a part of dotted keys and of folder names.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of the configuration.

    Attributes:
        file: The file that it stands in, as errors name it.
        key: Its dotted key, such as `actions.noc`.
        values: What is written in it.
        origins: For a value that stands elsewhere: key -> file and dotted key of that table.
    """

    file: str
    key: str
    values: Mapping[str, Any]
    origins: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def place(self, path: str = "") -> dict[str, str]:
        """File and dotted key of something inside, for `ConfigError`."""
        first = path.split(".", 1)[0].split("[", 1)[0]
        file, key = self.origins.get(first, (self.file, self.key))
        return {"file": file, "key": f"{key}.{path}" if path else key}

    def over(self, defaults: Table | None, names: frozenset[str]) -> Table:
        """This table laid over another, of which only some keys count."""
        if defaults is None:
            return self
        added = {name: value for name, value in defaults.values.items() if name in names and name not in self.values}
        origins = {name: defaults.origins.get(name, (defaults.file, defaults.key)) for name in added}
        return replace(self, values={**added, **self.values}, origins={**origins, **self.origins})


@dataclass(frozen=True, kw_only=True)
class Documents:
    """All files of one configuration.

    Attributes:
        folder: Where the main file is.
        files: Every file that was read, in order.
        named: Section -> name -> table, for the sections in `NAMED`.
        single: Section -> table, for the sections in `SINGLE`.
        faults: What is wrong with the shape of the files; one that cannot be read is left out.
    """

    folder: Path
    files: tuple[Path, ...]
    named: Mapping[str, Mapping[str, Table]]
    single: Mapping[str, Table]
    faults: tuple[ConfigError, ...] = ()


def read_documents(path: Path) -> Documents:
    """Read the main file and its drop-ins: `alert.toml`, then `alert.d/*.toml` in name order.

    Args:
        path: The main file, or the folder that `alert.toml` is in. The drop-ins of `NAME.toml` are in `NAME.d`.

    Raises:
        ConfigError: There is no configuration.
    """
    main = path / "alert.toml" if path.is_dir() else path
    folder = main.parent.resolve()
    dropins = sorted((folder / f"{main.stem}.d").glob("*.toml"))
    files = [folder / main.name, *dropins] if main.exists() else dropins
    if not files:
        raise ConfigError("no such file", file=str(main), hint="name the configuration with --config")
    faults = Faults()
    merger = _Merger(faults)
    for file in files:
        shown = file.relative_to(folder).as_posix()
        try:
            sections = read_toml(file, shown)
        except ConfigError as error:
            faults.keep(error)
        else:
            merger.take(shown, sections)
    return Documents(folder=folder, files=tuple(files), named=merger.named, single=merger.single, faults=faults.errors)


def documents_of(sections: Mapping[str, Any], shown: str) -> Documents:
    """What stands in no file, as if it stood in one that is called so."""
    merger = _Merger(Faults())
    merger.take(shown, sections)
    return Documents(folder=Path.cwd(), files=(), named=merger.named, single=merger.single, faults=merger.faults.errors)


class _Merger:
    """Puts files together, one after the other."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.named: dict[str, dict[str, Table]] = {section: {} for section in NAMED}
        self.single = {section: Table(file="", key=section, values={}) for section in SINGLE}

    def take(self, file: str, sections: Mapping[str, Any]) -> None:
        for section, values in sections.items():
            if section not in (*NAMED, *SINGLE):
                hint = did_you_mean(section, (*NAMED, *SINGLE), "tables")
                self.faults.add("unknown table", file=file, key=section, hint=hint)
            elif not isinstance(values, dict):
                shape = f"{section}.NAME" if section in NAMED else section
                self.faults.add("must be a table", file=file, key=section, hint=f"write [{shape}]")
            elif section in SINGLE:
                self._join(Table(file=file, key=section, values=values))
            else:
                for name, inner in values.items():
                    self._add(section, name, Table(file=file, key=f"{section}.{name}", values=inner))

    def _join(self, table: Table) -> None:
        before = self.single[table.key]
        for name in sorted(before.values.keys() & table.values.keys()):
            self.faults.add(f"is set in {before.place(name)['file']} already", **table.place(name))
        self.single[table.key] = table.over(before, frozenset(before.values))

    def _add(self, section: str, name: str, table: Table) -> None:
        known = self.named[section].get(name)
        if not _NAME.fullmatch(name):
            hint = "use letters, digits, hyphens and underscores, at most 64, and begin with a letter or digit"
            self.faults.add(f"{name!r} cannot be a name", file=table.file, key=section, hint=hint)
        elif not isinstance(table.values, dict):
            self.faults.add("must be a table", **table.place(), hint=f"write [{section}.NAME] and its keys below")
        elif known:
            self.faults.add(f"the name is taken in {known.file} already", **table.place())
        else:
            self.named[section][name] = table
