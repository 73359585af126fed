"""The engine that all workers of an action are, one run after another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from alert_core import DeliveryError
from alert_snmp._identity import EngineIdentity


def test_the_id_is_one_that_rfc_3411_allows(tmp_path: Path) -> None:
    engine_id = EngineIdentity(tmp_path).engine_id

    assert engine_id[:5] == bytes.fromhex("80001f8805")
    assert len(engine_id) == 13


def test_workers_that_start_together_agree_on_one_engine(tmp_path: Path) -> None:
    found: list[tuple[bytes, int]] = []

    def open_one() -> None:
        identity = EngineIdentity(tmp_path)
        found.append((identity.engine_id, identity.clock()[0]))

    threads = [threading.Thread(target=open_one) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 16
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["engine.json"]


def test_time_goes_on_over_restarts(tmp_path: Path) -> None:
    before = EngineIdentity(tmp_path).clock()

    after = EngineIdentity(tmp_path).clock()

    assert before <= after
    assert after[1] - before[1] < 60


def test_a_lost_folder_does_not_turn_the_clock_back(tmp_path: Path) -> None:
    identity = EngineIdentity(tmp_path / "state")
    before, engine_id = identity.clock(), identity.engine_id
    (tmp_path / "state/engine.json").unlink()
    (tmp_path / "state").rmdir()

    after = identity.clock()

    assert before <= after
    assert EngineIdentity(tmp_path / "state").engine_id == engine_id


def test_a_clock_that_was_set_back_begins_the_next_boot_for_all_workers(tmp_path: Path) -> None:
    early, late = EngineIdentity(tmp_path), EngineIdentity(tmp_path)
    assert early.clock()[0] == 1

    ahead = time.time() + 3600
    os.utime(tmp_path / "engine.json", (ahead, ahead))
    clocks = [early.clock(), late.clock(), early.clock()]

    assert [boots for boots, _ in clocks] == [2, 2, 2]
    assert EngineIdentity(tmp_path).clock()[0] == 2


def test_a_clock_that_was_set_back_a_little_stays_in_the_window(tmp_path: Path) -> None:
    """Receivers take what is up to 150 seconds behind; the file may be a minute older than the last message."""
    identity = EngineIdentity(tmp_path)
    for behind, boots in ((55, 1), (65, 2)):
        ahead = time.time() + behind
        os.utime(tmp_path / "engine.json", (ahead, ahead))

        assert identity.clock()[0] == boots


def test_a_file_in_use_stays_young(tmp_path: Path) -> None:
    identity = EngineIdentity(tmp_path)
    long_ago = time.time() - 86_400
    os.utime(tmp_path / "engine.json", (long_ago, long_ago))

    identity.clock()

    assert time.time() - (tmp_path / "engine.json").stat().st_mtime < 60


def test_an_id_that_comes_back_is_in_a_later_boot(tmp_path: Path) -> None:
    ids = [bytes.fromhex(digits) for digits in ("80001f880501", "80001f880502", "80001f880501")]

    boots = [EngineIdentity(tmp_path, engine_id).clock()[0] for engine_id in ids]

    assert boots == [1, 2, 3]
    assert EngineIdentity(tmp_path).engine_id == ids[0]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"engine_id": "xyz", "boots": 1}', '{"boots": 1}'])
def test_a_broken_file_is_an_error_since_a_new_id_would_go_unnoticed(content: str, tmp_path: Path) -> None:
    (tmp_path / "engine.json").write_text(content)

    with pytest.raises(DeliveryError, match="does not hold an SNMP engine id; put it back from a backup"):
        EngineIdentity(tmp_path)


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    """Every turn begins another boot, which is the only thing that is ever written."""
    program = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from alert_snmp._identity import EngineIdentity\n"
        "identity = EngineIdentity(Path(sys.argv[1]))\n"
        "print(identity.engine_id.hex(), flush=True)\n"
        "while True:\n"
        "    os.utime(Path(sys.argv[1]) / 'engine.json', (time.time() + 3600,) * 2)\n"
        "    identity.clock()\n"
    )
    ids, boots = set(), []

    for delay in (0.001, 0.004, 0.011, 0.023):
        process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        ids.add(process.stdout.readline().strip())
        time.sleep(delay)
        process.kill()
        process.communicate()
        boots.append(json.loads((tmp_path / "engine.json").read_text())["boots"])

    assert len(ids) == 1
    assert boots == sorted(boots)
    assert EngineIdentity(tmp_path).engine_id.hex() in ids
