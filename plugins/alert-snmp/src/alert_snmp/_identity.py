"""Who the sender of SNMPv3 messages is: an engine id, and a clock that receivers check."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import time
from pathlib import Path

from alert_core import DeliveryError

# RFC 3411: net-snmp's enterprise number, below which our objects are too, with the highest bit set; 5 announces free octets.
_PREFIX = (0x80000000 | 8072).to_bytes(4, "big") + b"\x05"
_EPOCH = 1_577_836_800  # the year 2020
_LARGEST = 2**31 - 1
# Receivers refuse what is more than 150 seconds behind the newest message they saw; both together stay below that.
_TOLERANCE_SECONDS = 60
_TOUCH_SECONDS = 60


class EngineIdentity:
    """An SNMPv3 engine that several workers and one run after another share.

    Receivers accept a message only if its (boots, time) does not lie behind what they saw before. So time counts from a fixed
    epoch, over restarts and even when the file is lost, every sharer computes the same, and nothing has to be written while
    sending. Only when the computer's clock was set back does one of them begin the next boot, and the others notice that the
    file is another one. The file's modification time is the latest time at which it is known to have been in use.

    Args:
        folder: Where the file `engine.json` is kept.
        engine_id: The id to use instead of one of its own making.

    Raises:
        DeliveryError: The folder cannot be written, or the file cannot be read.
    """

    def __init__(self, folder: Path, engine_id: bytes | None = None) -> None:
        self._path = folder / "engine.json"
        try:
            self._open(engine_id)
        except OSError as error:
            raise _not_kept(error) from error

    def clock(self) -> tuple[int, int]:
        """Boots and time for a message that is sent now.

        Raises:
            DeliveryError: The folder cannot be written any more, or the file cannot be read.
        """
        now = time.time()
        try:
            self._follow(now)
        except OSError as error:
            raise _not_kept(error) from error
        return self._boots, min(max(0, int(now) - _EPOCH), _LARGEST)

    def _open(self, engine_id: bytes | None) -> None:
        if not self._path.exists():
            self._write(engine_id or _PREFIX + secrets.token_bytes(8), boots=1, replace=False)
        self._read()
        if engine_id and engine_id != self.engine_id:
            # The next boot, since this id may have been in use before the last one.
            self._write(engine_id, boots=self._boots + 1, replace=True)
            self._read()

    def _follow(self, now: float) -> None:
        """Take over what other sharers wrote, and notice a clock that was set back."""
        status = self._status()
        if (status.st_ino, status.st_ctime_ns) != self._seen:
            self._read()
        if now + _TOLERANCE_SECONDS < status.st_mtime:
            self._write(self.engine_id, boots=self._boots + 1, replace=True)
            self._read()
        elif now - status.st_mtime > _TOUCH_SECONDS:
            os.utime(self._path, (now, now))

    def _status(self) -> os.stat_result:
        try:
            return self._path.stat()
        except FileNotFoundError:
            self._write(self.engine_id, boots=self._boots, replace=False)
            return self._path.stat()

    def _read(self) -> None:
        with self._path.open(encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            try:
                state = json.load(file)
                self.engine_id, self._boots = bytes.fromhex(state["engine_id"]), int(state["boots"])
            except (ValueError, KeyError, TypeError) as error:
                # A new id would be unknown to the receivers, and nobody would notice.
                raise DeliveryError(
                    f"{self._path} does not hold an SNMP engine id; put it back from a backup, "
                    "or delete it and tell the receivers the new engine id"
                ) from error
        self._seen = (status.st_ino, status.st_ctime_ns)

    def _write(self, engine_id: bytes, *, boots: int, replace: bool) -> None:
        """Put a whole file in place, so that it outlasts a crash; unless it replaces, whoever came first wins."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix="engine-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"engine_id": engine_id.hex(), "boots": boots}, file)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                Path(name).replace(self._path)
            elif not self._path.exists():
                os.link(name, self._path)
            _keep_entries(self._path.parent)
        except FileExistsError:
            pass
        finally:
            Path(name).unlink(missing_ok=True)


def _not_kept(error: OSError) -> DeliveryError:
    return DeliveryError(f"the state folder cannot keep the SNMP engine id: {error.strerror}")


def _keep_entries(folder: Path) -> None:
    """Have the names in a folder outlast a crash too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
