"""Traps and informs, read from what Debian's snmptrapd wrote."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alert_core import Context, DeliveryError, Notification, Strength
from alert_snmp import SnmpAction, SnmpSettings

pytestmark = pytest.mark.peers

BASE = "1.3.6.1.4.1.8072.9999.9999.25378"
LAST = f".{BASE}.1.11.0"
MIBS = Path(__file__).parent.parent / "share/snmp/mibs"
ENGINE_ID = "0x80001f8805aabbccddeeff"
AUTH_KEY, PRIVACY_KEY = "authentication passphrase", "privacy passphrase"
AUTHENTICATIONS = ["MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512"]
# By the names that net-snmp gives them, which are ours.
PRIVACIES = [None, "DES", "3DES", "AES-128", "AES-192", "AES-256", "AES-192-C", "AES-256-C"]

StartTrapd = Callable[..., Any]


def user(auth: str | None, privacy: str | None) -> dict[str, Any]:
    table: dict[str, Any] = {"name": f"{auth}/{privacy}"}
    if auth:
        table |= {"auth": auth, "auth_key": AUTH_KEY}
    if privacy:
        table |= {"privacy": privacy, "privacy_key": PRIVACY_KEY}
    return table


def create_user(auth: str | None, privacy: str | None, engine_id: str = "") -> list[str]:
    """The lines with which snmptrapd gets to know a user; for traps, of the engine that sends them."""
    name, level = user(auth, privacy)["name"], "priv" if privacy else "auth" if auth else "noauth"
    words = ["createUser", *(["-e", engine_id] if engine_id else []), name]
    words += [auth, f'"{AUTH_KEY}"'] if auth else []
    words += [privacy, f'"{PRIVACY_KEY}"'] if privacy else []
    return [" ".join(words), f"authUser log {name} {level}"]


@contextmanager
def action(folder: Path, peer: Any, **settings: Any) -> Iterator[SnmpAction]:
    table = {"host": peer.host, "port": peer.port, "version": "v2c", **settings}
    if table["version"] != "v3":
        table.setdefault("community", "area")
    opened = SnmpAction(SnmpSettings.model_validate(table), Context(name="noc-trap", state_folder=folder / "state"))
    try:
        yield opened
    finally:
        opened.close()


def deliver(folder: Path, peer: Any, **settings: Any) -> Strength:
    with action(folder, peer, **settings) as sender:
        return sender.send(Notification.sample()).strength


class Everyone:
    """A snmptrapd that knows every pair of algorithms which it was built with."""

    def __init__(self, start: StartTrapd, folder: Path) -> None:
        pairs = [(None, None), *((auth, privacy) for auth in AUTHENTICATIONS for privacy in PRIVACIES)]
        lines = {pair: [*create_user(*pair, ENGINE_ID), *create_user(*pair)] for pair in pairs}
        # The file begins with two lines of the fixture's.
        configuration = [line for pair in pairs for line in lines[pair]]
        self.trapd = start(folder, configuration)
        log = self.trapd.wait(lambda text: True)
        unknown = {configuration[int(number) - 3] for number in re.findall(r"line (\d+): Error", log)}
        self.pairs = [pair for pair in pairs if not unknown & set(lines[pair])]


@pytest.fixture(scope="module")
def everyone(start_trapd: StartTrapd, tmp_path_factory: pytest.TempPathFactory) -> Everyone:
    return Everyone(start_trapd, tmp_path_factory.mktemp("everyone"))


def test_the_peer_knows_the_algorithms_of_today(everyone: Everyone) -> None:
    """Else the tests below would show less than they say; which more it knows is up to who built it."""
    known = {(auth, privacy) for auth in AUTHENTICATIONS for privacy in (None, "AES-128")}

    assert known <= set(everyone.pairs)


@pytest.mark.parametrize("confirm", [False, True], ids=["trap", "inform"])
@pytest.mark.parametrize("auth", [None, *AUTHENTICATIONS])
def test_snmptrapd_understands_v3(auth: str | None, confirm: bool, tmp_path: Path, everyone: Everyone) -> None:
    pairs = [pair for pair in everyone.pairs if pair[0] == auth]
    before = everyone.trapd.wait(lambda text: True).count(LAST)

    strengths = {
        deliver(tmp_path, everyone.trapd, version="v3", user=user(*pair), engine_id=ENGINE_ID, confirm=confirm)
        for pair in pairs
    }

    assert strengths == {Strength.CONFIRMED if confirm else Strength.HANDED_OVER}
    log = everyone.trapd.wait(lambda text: text.count(LAST) >= before + len(pairs))
    assert log.count(f'.{BASE}.1.4.0 = STRING: "TEST: alert can reach you"') == log.count(LAST) == before + len(pairs)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("settings", [{"version": "v1"}, {}, {"confirm": True}], ids=["v1", "v2c", "v2c-inform"])
def test_snmptrapd_logs_what_a_community_sent(
    settings: dict[str, Any], host: str, tmp_path: Path, start_trapd: StartTrapd
) -> None:
    peer = start_trapd(tmp_path / "peer", [], host=host)

    deliver(tmp_path, peer, **settings)

    log = peer.wait(lambda text: LAST in text)
    assert f'.{BASE}.1.4.0 = STRING: "TEST: alert can reach you"' in log
    assert f".{BASE}.1.3.0 = INTEGER: 1" in log
    assert f".{BASE}.1.7.0 = Gauge32: 1" in log


def test_snmptrapd_resolves_names_with_our_mib(tmp_path: Path, start_trapd: StartTrapd) -> None:
    mibs = f"{MIBS}:{Path(__file__).parent / 'mibs'}"
    peer = start_trapd(tmp_path / "peer", [], mibs=mibs)

    for version in ("v1", "v2c"):
        deliver(tmp_path, peer, version=version)

    log = peer.wait(lambda text: text.count("ALERT-MIB::alertKey.0") == 2)
    assert log.count("ALERT-MIB::alertSeverity.0 = INTEGER: information(1)") == 2
    assert log.count("ALERT-MIB::alertSubject.0 = STRING: TEST: alert can reach you") == 2
    assert log.count("ALERT-MIB::alertQuantity.0 = Gauge32: 1") == 2
    assert len(re.findall(r"ALERT-MIB::alertTime\.0 = STRING: 20\d\d-\d+-\d+,\d+:\d+:\d+\.\d,\+0:0", log)) == 2
    assert "ALERT-MIB::alertTest" in log
    assert "Wrong Type" not in log


def test_snmptrapd_finds_names_without_the_modules_of_the_ietf(tmp_path: Path, start_trapd: StartTrapd) -> None:
    peer = start_trapd(tmp_path / "peer", [], mibs=str(MIBS))

    deliver(tmp_path, peer)

    log = peer.wait(lambda text: "ALERT-MIB::alertKey.0" in text)
    assert "ALERT-MIB::alertSeverity.0 = INTEGER: information(1)" in log


@pytest.mark.parametrize("version", ["v1", "v2c"])
def test_snmptrapd_drops_a_wrong_community(version: str, tmp_path: Path, start_trapd: StartTrapd) -> None:
    peer = start_trapd(tmp_path / "peer", [])

    deliver(tmp_path, peer, version=version, community="wrong")
    deliver(tmp_path, peer, version=version)

    log = peer.wait(lambda text: LAST in text)
    assert log.count(LAST) == 1


def test_an_inform_with_a_wrong_community_is_not_confirmed(tmp_path: Path, start_trapd: StartTrapd) -> None:
    peer = start_trapd(tmp_path / "peer", [])

    with pytest.raises(DeliveryError) as caught:
        deliver(tmp_path, peer, community="wrong", confirm=True, confirm_seconds=0.5)

    assert str(caught.value) == "the receiver did not confirm within 0.5 seconds, or it does not know the community"
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"auth_key": "quite another one"}, "authentication passphrase or algorithm differ from those that it knows"),
        ({"auth": "SHA-512"}, "authentication passphrase or algorithm differ from those that it knows"),
        ({"name": "nobody"}, "it does not know the user"),
    ],
)
def test_snmptrapd_says_why_it_refuses_an_inform(
    changes: dict[str, Any], reason: str, tmp_path: Path, everyone: Everyone
) -> None:
    wrong = user("SHA-256", "AES-128") | changes

    with pytest.raises(DeliveryError) as caught:
        deliver(tmp_path, everyone.trapd, version="v3", user=wrong, confirm=True)

    assert str(caught.value) == f"the receiver did not confirm: {reason}"
    assert not caught.value.retryable


@pytest.mark.parametrize("changes", [{"privacy_key": "quite another one"}, {"privacy": "AES-256"}])
def test_a_wrong_privacy_passphrase_is_a_guess_since_snmptrapd_keeps_silent(
    changes: dict[str, Any], tmp_path: Path, everyone: Everyone
) -> None:
    wrong = user("SHA-256", "AES-128") | changes

    with pytest.raises(DeliveryError) as caught:
        deliver(tmp_path, everyone.trapd, version="v3", user=wrong, confirm=True, confirm_seconds=0.5)

    assert str(caught.value) == (
        "the receiver did not confirm within 0.5 seconds, or privacy passphrase or algorithm differ from those that it knows"
    )


def test_snmptrapd_does_not_confirm_what_is_less_secret_than_it_demands(tmp_path: Path, everyone: Everyone) -> None:
    readable = {key: value for key, value in user("SHA-256", "AES-128").items() if not key.startswith("privacy")}

    with pytest.raises(DeliveryError, match="did not confirm"):
        deliver(tmp_path, everyone.trapd, version="v3", user=readable, confirm=True, confirm_seconds=0.5)


@pytest.mark.parametrize("auth", [None, "SHA-256"])
def test_informs_go_on_when_snmptrapd_restarts(auth: str | None, tmp_path: Path, start_trapd: StartTrapd) -> None:
    first = start_trapd(tmp_path / "peer", create_user(auth, None))

    with action(tmp_path, first, version="v3", user=user(auth, None), confirm=True) as sender:
        sender.send(Notification.sample())
        first.stop()
        second = start_trapd(tmp_path / "peer", create_user(auth, None), port=first.port)
        receipt = sender.send(Notification.sample())

    assert receipt.strength is Strength.CONFIRMED
    assert second.wait(lambda text: LAST in text).count(LAST) == 1


def test_informs_go_on_when_another_engine_takes_the_place_of_the_receiver(tmp_path: Path, start_trapd: StartTrapd) -> None:
    first = start_trapd(tmp_path / "peer", create_user("SHA-256", "AES-128"))

    with action(tmp_path, first, version="v3", user=user("SHA-256", "AES-128"), confirm=True, confirm_seconds=2) as sender:
        sender.send(Notification.sample())
        first.stop()
        shutil.rmtree(first.folder)
        second = start_trapd(tmp_path / "peer", create_user("SHA-256", "AES-128"), port=first.port)
        with pytest.raises(DeliveryError, match="did not confirm within") as caught:
            sender.send(Notification.sample())
        receipt = sender.send(Notification.sample())

    assert caught.value.retryable
    assert receipt.strength is Strength.CONFIRMED
    assert second.wait(lambda text: LAST in text).count(LAST) == 1


def test_snmptrapd_takes_traps_from_one_run_after_another(tmp_path: Path, start_trapd: StartTrapd) -> None:
    peer = start_trapd(tmp_path / "peer", create_user("SHA-256", "AES-128", ENGINE_ID))

    for _ in range(3):
        deliver(tmp_path, peer, version="v3", user=user("SHA-256", "AES-128"), engine_id=ENGINE_ID)
    # What is left of a lost state folder is the engine id in the settings.
    shutil.rmtree(tmp_path / "state")
    deliver(tmp_path, peer, version="v3", user=user("SHA-256", "AES-128"), engine_id=ENGINE_ID)

    peer.wait(lambda text: text.count(LAST) == 4)


def test_snmptrapd_takes_the_traps_of_several_workers_for_those_of_one_engine(tmp_path: Path, start_trapd: StartTrapd) -> None:
    peer = start_trapd(tmp_path / "peer", create_user("SHA-256", "AES-128", ENGINE_ID))

    def work() -> None:
        with action(tmp_path, peer, version="v3", user=user("SHA-256", "AES-128"), engine_id=ENGINE_ID) as worker:
            for _ in range(25):
                worker.send(Notification.sample())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    peer.wait(lambda text: text.count(LAST) == 100)


def test_snmptrapd_shows_tippingpoint_traps(tmp_path: Path, start_trapd: StartTrapd) -> None:
    peer = start_trapd(tmp_path / "peer", [])

    for version in ("v1", "v2c"):
        deliver(tmp_path, peer, version=version, preset="tippingpoint")

    log = peer.wait(lambda text: text.count("10734.3.4.3.1.14.0") == 2)
    assert log.count('.1.3.6.1.4.1.10734.3.4.3.1.14.0 = STRING: "TEST: alert can reach you"') == 2
    assert ".1.3.6.1.6.3.1.1.4.1.0 = OID: .1.3.6.1.4.1.10734.3.4.3.0.17" in log
