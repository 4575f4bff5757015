import sqlite3

import pytest

from pipeline.errors import LedgerError
from pipeline.ledger import Ledger
from pipeline.ledger.migrate import migrate, migrations, version


def test_versions_are_numbered_without_gaps():
    assert sorted(migrations()) == list(range(1, len(migrations()) + 1))


def test_a_new_ledger_has_the_newest_schema_and_no_copy(tmp_path):
    with Ledger(tmp_path / "l.sqlite") as ledger:
        assert ledger.copy is None
        assert ledger.meta("schema_version") == str(max(migrations()))


def test_a_ledger_of_a_newer_policywire_is_refused(tmp_path):
    path = tmp_path / "l.sqlite"
    with Ledger(path) as ledger, ledger.transaction() as transaction:
        transaction.set_meta("schema_version", "99")
    for exclusive in (True, False):
        with pytest.raises(LedgerError, match=r"schema version 99.*upgrade policywire"):
            Ledger(path, exclusive=exclusive)


def test_an_old_ledger_is_brought_forward_and_kept(tmp_path):
    path = tmp_path / "l.sqlite"
    with Ledger(path) as ledger, ledger.transaction() as transaction:
        transaction.set_position("kafka", "news/0", 5)
    steps = {**migrations(), 90: "ALTER TABLE positions ADD COLUMN note TEXT NOT NULL DEFAULT '';"}
    connection = sqlite3.connect(path, isolation_level=None)
    copy = migrate(connection, path, steps)
    assert copy is not None
    assert connection.execute("SELECT * FROM positions").fetchall() == [("kafka", "news/0", 5, "")]
    assert version(connection, path) == 90
    assert migrate(connection, path, steps) is None
    connection.close()
    old = sqlite3.connect(copy)
    assert old.execute("SELECT * FROM positions").fetchall() == [("kafka", "news/0", 5)]
    assert version(old, copy) == max(migrations())
    old.close()


def test_a_step_that_fails_leaves_the_old_version(tmp_path):
    path = tmp_path / "l.sqlite"
    Ledger(path).close()
    steps = {**migrations(), 90: "CREATE TABLE t (x); INSERT INTO nowhere VALUES (1);"}
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, path, steps)
    assert version(connection, path) == max(migrations())
    assert connection.execute("SELECT name FROM sqlite_master WHERE name = 't'").fetchall() == []
    connection.close()
