from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import create_engine

from alert_core import Notification, StoreError
from alert_core.store import Commit, Log, LogFilter, NewDelivery, Store
from alert_core.store.tables import SCHEMAS


def _schema(path: Path) -> list[tuple[str, ...]]:
    """What SQLite itself says about every table, column, foreign key and index."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [
            (name, pragma, *map(str, row))
            for name in names
            for pragma in ("table_info", "foreign_key_list")
            for row in connection.execute(f"PRAGMA {pragma}({name})")
        ]
        indexes = connection.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index'")
        return sorted(rows) + sorted(tuple(map(str, row)) for row in indexes)


def _migrated(path: Path, target: str = "head") -> None:
    from alert_core.store.migrations import upgrade

    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection, target)
    engine.dispose()


def test_new_database_equals_one_that_took_every_migration(tmp_path: Path) -> None:
    Store.open(tmp_path / "new").close()
    _migrated(tmp_path / "old.db")

    assert _schema(tmp_path / "new" / "alert.db") == _schema(tmp_path / "old.db")
    for path in (tmp_path / "new" / "alert.db", tmp_path / "old.db"):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(SCHEMAS[-1],)]


def test_deliveries_of_an_older_alert_still_wait_after_the_upgrade(tmp_path: Path) -> None:
    from alert_core.store.migrations import upgrade

    notification = Notification.sample()
    with Store.open(tmp_path / "new") as store:
        store.write(Commit((), [notification], [NewDelivery(notification.id, "mail")]))
        now = store.entry(notification.id).recorded
    (tmp_path / "old").mkdir(mode=0o700)
    engine = create_engine(f"sqlite:///{tmp_path / 'old' / 'alert.db'}")
    with engine.begin() as connection:
        upgrade(connection, SCHEMAS[0])
        connection.exec_driver_sql("ATTACH DATABASE ? AS new", (str(tmp_path / "new" / "alert.db"),))
        for table in ("notifications", "deliveries"):
            names = ", ".join(row[1] for row in connection.exec_driver_sql(f"PRAGMA main.table_info({table})"))
            connection.exec_driver_sql(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM new.{table}")
    engine.dispose()

    with Store.open(tmp_path / "old") as store:
        due = store.due("mail", now + timedelta(minutes=1), 10)

    assert [(one.notification, one.attempts, one.progress) for one in due] == [(notification, 0, "")]


def test_list_of_schemas_equals_the_migrations(tmp_path: Path) -> None:
    from alembic.script import ScriptDirectory

    from alert_core.store.migrations import configuration

    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        scripts = ScriptDirectory.from_config(configuration(connection))
        revisions = [script.revision for script in scripts.walk_revisions()]
    engine.dispose()

    assert tuple(reversed(revisions)) == SCHEMAS


def test_looking_at_the_log_of_an_older_alert_upgrades_it(tmp_path: Path) -> None:
    _migrated(tmp_path / "alert.db", SCHEMAS[0])

    with Log.open(tmp_path) as log:
        assert list(log.entries()) == []

    Store.open(tmp_path / "new").close()
    assert _schema(tmp_path / "alert.db") == _schema(tmp_path / "new" / "alert.db")


def test_looking_at_an_up_to_date_log_imports_no_sqlalchemy(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    program = (
        "import sys; from pathlib import Path; from alert_core.store import Log\n"
        "with Log.open(Path(sys.argv[1])) as log: assert list(log.entries()) == []\n"
        "assert 'sqlalchemy' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=30)


def test_folder_and_files_are_for_their_owner_only(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a" / "store") as store:
        store.claim()
        store.save_snapshot(1, b"")

        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "a" / "store").iterdir()}

    assert (tmp_path / "a" / "store").stat().st_mode & 0o777 == 0o700
    assert modes == {"alert.db": 0o600, "alert.db-wal": 0o600, "alert.db-shm": 0o600, "run.lock": 0o600}


def test_opening_an_existing_store_does_not_import_alembic(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    program = (
        "import sys; from pathlib import Path; from alert_core.store import Store\n"
        "Store.open(Path(sys.argv[1])).close()\n"
        "assert not {'alembic', 'sqlalchemy.orm', 'mako'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=30)


@pytest.mark.parametrize("kind", [Store, Log])
def test_database_of_a_newer_alert_is_refused_with_the_remedy(kind: type[Log], tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    with contextlib.closing(sqlite3.connect(tmp_path / "alert.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreError) as caught:
        kind.open(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path / 'alert.db'}: a newer alert made this database (schema 9999, this one knows {SCHEMAS[-1]}); "
        "install that version, or restore the backup from before it"
    )


@pytest.mark.parametrize("kind", [Store, Log])
def test_database_of_another_program_is_left_alone(kind: type[Log], tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "alert.db")) as connection, connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")

    with pytest.raises(StoreError, match="not a database of alert"):
        kind.open(tmp_path)


@pytest.mark.parametrize("kind", [Store, Log])
def test_damaged_database_is_reported_with_the_remedy(kind: type[Log], tmp_path: Path) -> None:
    (tmp_path / "alert.db").write_bytes(b"no database at all" * 100)

    with pytest.raises(StoreError, match="it is damaged; restore it from a backup"):
        kind.open(tmp_path)


def test_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match="choose another folder"):
        Store.open(tmp_path / "file" / "store")


def test_several_threads_may_create_one_store_at_once(tmp_path: Path) -> None:
    def make(_: int) -> None:
        Store.open(tmp_path / "store").close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(16)))

    with Store.open(tmp_path / "store") as store:
        assert store.last_number() == 0


def test_only_one_store_can_be_claimed_and_readers_need_no_claim(tmp_path: Path) -> None:
    with Store.open(tmp_path) as running, Store.open(tmp_path) as other:
        running.claim()

        with pytest.raises(StoreError) as caught:
            other.claim()

        assert str(caught.value) == f"{tmp_path}: in use by a running alert (process {os.getpid()}); stop that one first"
        assert list(other.entries()) == []


def test_claim_ends_with_the_store(tmp_path: Path) -> None:
    with Store.open(tmp_path) as first:
        first.claim()

    with Store.open(tmp_path) as second:
        second.claim()


def test_write_waits_for_another_process_and_says_so_when_it_takes_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alert_core.store._database.BUSY_SECONDS", 0.05)
    with Store.open(tmp_path) as store, contextlib.closing(sqlite3.connect(tmp_path / "alert.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked; another program is writing to it for long"):
            store.report_fault("mail", "mail", "raised", "no")
        other.execute("ROLLBACK")

        store.report_fault("mail", "mail", "raised", "yes")

        assert [fault.text for fault in store.faults()] == ["yes"]


def test_old_database_is_upgraded_only_while_no_alert_runs_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = Store.open(tmp_path)
    running.claim()
    monkeypatch.setattr("alert_core.store._schema.SCHEMAS", (*SCHEMAS, "newer"))

    with pytest.raises(StoreError, match="in use by a running alert"):
        Store.open(tmp_path)

    running.close()
    Store.open(tmp_path).close()


def test_threads_and_a_second_store_work_at_once(tmp_path: Path) -> None:
    def write(store: Store, start: int) -> int:
        new = 0
        for number in range(start, start + 40):
            notification = msgspec.structs.replace(Notification.sample(), id=str(number))
            new += store.write(Commit((), [notification], [NewDelivery(str(number), "mail")]))
            store.acknowledge([str(number)], by="ann")
            assert store.entry(str(number)).acknowledged_by == "ann"
            list(store.entries(LogFilter(limit=20)))
        return new

    with Store.open(tmp_path) as one, Store.open(tmp_path) as two, ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(write, store, start) for store, start in ((one, 100), (one, 200), (two, 300), (two, 400))]
        assert [job.result() for job in jobs] == [40, 40, 40, 40]
        assert one.pending() == {"mail": 160}
