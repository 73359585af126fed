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


def plugin_options(path: Path | Documents) -> PluginKeys:
    """Read just the `[plugins]` table, which acts before plugins are loaded.

    Args:
        path: The configuration, or what was read from it already.

    Raises:
        ConfigError: A file cannot be read, or the table is wrong.
    """
    documents = path if isinstance(path, Documents) else read_documents(path)
    return _single(documents, "plugins", PluginKeys)


def store_options(path: Path) -> StoreConfig:
    """Read just the `[store]` table, so that the log can be looked at whatever is wrong with the rest.

    Raises:
        ConfigError: A file cannot be read, or the table is wrong.
    """
    documents = read_documents(path)
    return store_config(_single(documents, "store", StoreKeys), documents)


def _single(documents: Documents, section: str, model: type[KeysT]) -> KeysT:
    faults, own = Faults(documents.faults), Faults()
    keys = validate(model, table=documents.single[section], faults=faults)
    # Faults elsewhere are left to `load`, which finds them again and knows more.
    for error in faults.errors:
        if error.key.split(".")[0] in (section, ""):
            own.keep(error)
    own.raise_if_any()
    assert keys is not None  # what keeps it from being read has been raised
    return keys


def store_config(keys: StoreKeys, documents: Documents) -> StoreConfig:
    """The `[store]` table with its folder where it really is."""
    return StoreConfig(**{**dict(keys), "folder": documents.folder / keys.folder})
