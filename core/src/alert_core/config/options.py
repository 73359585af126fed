"""The tables that count before, or without, everything else in the configuration: `[plugins]` and `[store]`."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from alert_core.config._documents import Documents, read_documents
from alert_core.config._faults import Faults
from alert_core.config._validation import validate
from alert_core.config.values import StoreConfig
from alert_core.settings import Settings
from alert_core.tables import PluginKeys, StoreKeys

__all__ = ["plugin_options", "store_config", "store_options"]

KeysT = TypeVar("KeysT", bound=Settings)


def plugin_options(path: Path) -> PluginKeys:
    """Read just the `[plugins]` table, which acts before plugins are loaded.

    Raises:
        ConfigError: A file cannot be read, or the table is wrong.
    """
    return _single(path, "plugins", PluginKeys)[0]


def store_options(path: Path) -> StoreConfig:
    """Read just the `[store]` table, so that the log can be looked at whatever is wrong with the rest.

    Raises:
        ConfigError: A file cannot be read, or the table is wrong.
    """
    keys, documents = _single(path, "store", StoreKeys)
    return store_config(keys, documents)


def _single(path: Path, section: str, model: type[KeysT]) -> tuple[KeysT, Documents]:
    faults, own = Faults(), Faults()
    documents = read_documents(path, faults)
    keys = validate(model, table=documents.single[section], faults=faults)
    # Faults elsewhere are left to `load`, which finds them again and knows more.
    for error in faults.errors:
        if error.key.split(".")[0] in (section, ""):
            own.keep(error)
    own.raise_if_any()
    assert keys is not None  # what keeps it from being read has been raised
    return keys, documents


def store_config(keys: StoreKeys, documents: Documents) -> StoreConfig:
    """The `[store]` table with its folder where it really is."""
    return StoreConfig(**{**dict(keys), "folder": documents.folder / keys.folder})
