"""Who the sender of SNMPv3 traps is: an engine id, and a clock that receivers check."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import time
from pathlib import Path

# RFC 3411: net-snmp's enterprise number, below which our objects are too, with the highest bit set; 5 announces free octets.
_PREFIX = (0x80000000 | 8072).to_bytes(4, "big") + b"\x05"
_LARGEST = 2**31 - 1
# Receivers refuse what is more than 150 seconds behind the newest message they saw.
_TOLERANCE_SECONDS = 120
_TOUCH_SECONDS = 60


class EngineIdentity:
    """An SNMPv3 engine that several workers and one run after another share.

    Receivers accept a message only if its (boots, time) does not lie behind what they saw before. So time runs from an
    epoch that is written down once, over restarts, and every sharer computes the same; nothing has to be written while
    sending. Only when the computer's clock was set back does one of them begin the next boot, and the others notice that the
    file is another one. The file's modification time is the latest time at which it is known to have been in use.

    Args:
        folder: Where the file is kept.
        engine_id: The id to use instead of one of its own making.

    Raises:
        OSError: The folder cannot be written.
    """

    def __init__(self, folder: Path, engine_id: bytes | None = None) -> None:
        self._path = folder / "engine.json"
        folder.mkdir(parents=True, exist_ok=True)
        if not self._path.exists():
            self._write(engine_id or _PREFIX + secrets.token_bytes(8), boots=1, replace=False)
        self._read()
        if engine_id and engine_id != self.engine_id:
            self._write(engine_id, boots=1, replace=True)
            self._read()

    def clock(self) -> tuple[int, int]:
        """Boots and time for a message that is sent now."""
        now = time.time()
        status = self._path.stat()
        if (status.st_ino, status.st_ctime_ns) != self._seen:
            self._read()
        if now + _TOLERANCE_SECONDS < status.st_mtime or not 0 <= now - self._epoch < _LARGEST:
            self._write(self.engine_id, boots=self._boots + 1, replace=True)
            self._read()
        elif now - status.st_mtime > _TOUCH_SECONDS:
            os.utime(self._path, (now, now))
        return self._boots, max(0, int(time.time() - self._epoch))

    def _read(self) -> None:
        with self._path.open(encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            state = json.load(file)
        self._seen = (status.st_ino, status.st_ctime_ns)
        self.engine_id = bytes.fromhex(state["engine_id"])
        self._boots, self._epoch = int(state["boots"]), int(state["epoch"])

    def _write(self, engine_id: bytes, *, boots: int, replace: bool) -> None:
        """Put a whole file in place; unless it replaces, whoever came first wins."""
        state = {"engine_id": engine_id.hex(), "boots": boots, "epoch": int(time.time())}
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix="engine-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(state, file)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                Path(name).replace(self._path)
            elif not self._path.exists():
                os.link(name, self._path)
        except FileExistsError:
            pass
        finally:
            Path(name).unlink(missing_ok=True)
