"""A real shell runs a real script from `bin`; what counts is what the script wrote down."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from alert_core import DeliveryError, Notification, Strength
from alert_core.testing.peers import require

if TYPE_CHECKING:
    from conftest import Bench

pytestmark = pytest.mark.peers

SCRIPT = """
set -eu
{
    echo "$ALERT_KIND $ALERT_SEVERITY $ALERT_COMPUTER"
    for argument in "$@"; do echo "<$argument>"; done
    umask
    pwd
} > OUT/log
cat > OUT/notification.json
echo "written down"
exit ${CODE:-0}
"""


def test_a_shell_script_in_bin_gets_the_notification(bench: Bench) -> None:
    bench.script(SCRIPT, interpreter=f"#!{require('sh')}\n")
    action = bench.action(arguments=["--zone", "a b", "host={{ computer }}", ""])
    sample = Notification.sample()

    receipt = action.send(sample)

    lines = (bench.out / "log").read_text().splitlines()
    document = json.loads((bench.out / "notification.json").read_text())
    assert (receipt.strength, receipt.detail) == (Strength.ACCEPTED, "exit code 0: written down")
    assert lines[:-2] == ["test information test-computer", "<--zone>", "<a b>", "<host=test-computer>", "<>"]
    assert lines[-2:] == ["0077", str(action.context.state_folder)]
    assert (document["id"], document["body"]) == (sample.id, sample.body)


@pytest.mark.parametrize(("code", "retryable"), [(75, True), (1, False)])
def test_its_exit_code_decides_whether_it_is_tried_again(bench: Bench, code: int, retryable: bool) -> None:
    bench.script(SCRIPT, interpreter=f"#!{require('sh')}\n")

    with pytest.raises(DeliveryError) as caught:
        bench.action(environment={"CODE": str(code)}).send(Notification.sample())

    assert (str(caught.value), caught.value.retryable) == (
        f"program 'run.sh' ended with exit code {code}: written down",
        retryable,
    )


def test_a_close_reaches_it_as_well(bench: Bench) -> None:
    bench.script(SCRIPT, interpreter=f"#!{require('sh')}\n")
    closed = msgspec.structs.replace(Notification.sample(), kind="closed", test=False)

    bench.action(on_close=True).send(closed)

    assert (bench.out / "log").read_text().startswith("closed information test-computer\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as somebody else")
def test_it_runs_as_the_user_of_the_settings(open_to_all: Bench) -> None:
    open_to_all.script(SCRIPT, interpreter=f"#!{require('sh')}\n")

    open_to_all.action(run_as="nobody").send(Notification.sample())

    assert (open_to_all.out / "log").owner() == "nobody"
