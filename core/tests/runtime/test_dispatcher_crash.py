from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from alert_core.store import Store, delivery_id

PROGRAM = """
import os
import signal
import sys
from itertools import count
from pathlib import Path
import msgspec
from alert_core import Action, Notification, Receipt, Settings, Strength
from alert_core.config.values import ActionConfig, Config, StoreConfig
from alert_core.plugins import Plugins
from alert_core.runtime.dispatcher import Dispatcher
from alert_core.store import Commit, NewDelivery, Store

class Printing(Action[Settings]):
    "Prints the idempotency key."
    name = "printing"
    label = "Printing"
    def send(self, notification):
        sys.stdout.write(self.idempotency_key(notification) + chr(10))
        sys.stdout.flush()
        if next(sent) == kill_after:
            os.kill(os.getpid(), signal.SIGKILL)  # from inside: who watches from outside may come too late
        return Receipt(Strength.ACCEPTED)

folder, kill_after, sent = Path(sys.argv[1]), int(sys.argv[2]), count(1)
store = Store.open(folder)
sample = Notification.sample()
notifications = [msgspec.structs.replace(sample, id=str(number)) for number in range(400)]
store.write(Commit((), notifications, [NewDelivery(one.id, "out") for one in notifications]))
action = ActionConfig(name="out", type="printing", cls=Printing, settings=Settings())
config = Config(folder=folder, store=StoreConfig(folder=folder), actions={"out": action})
dispatcher = Dispatcher(store, Plugins.load(only=()), config)
dispatcher.start()
assert dispatcher.drain(60)
dispatcher.stop()
store.close()
"""


def _run(folder: Path, *, kill_after: int = 0) -> list[str]:
    command = [sys.executable, "-c", PROGRAM, str(folder), str(kill_after)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == (-signal.SIGKILL if kill_after else 0)
    return done.stdout.splitlines()


def test_everything_is_delivered_at_least_once_with_the_same_key_although_the_process_is_killed(tmp_path: Path) -> None:
    keys = [key for kill_after in (1, 50, 100, 0) for key in _run(tmp_path, kill_after=kill_after)]

    sent = Counter(keys)
    assert set(sent) == {delivery_id(str(number), "out") for number in range(400)}
    assert max(sent.values()) <= 4
    with Store.open(tmp_path) as store:
        assert store.pending() == {}
