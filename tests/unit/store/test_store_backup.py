"""Copies of a store: whole, for their user only, and told from the original."""

import sqlite3
import subprocess
from pathlib import Path

import pytest

from agentgov.errors import ConfigurationError, IncompleteError, UsageError
from agentgov.store import backup, link
from agentgov.store.backup import back_up, flaws_of
from agentgov.store.client_program import tellable
from agentgov.store.open import open_store
from agentgov.store.whereabouts import whereabouts


def test_a_copy_has_what_is_committed_and_nobody_else_may_read_it(store_url: str, tmp_path: Path) -> None:
    store = open_store(store_url)
    store.write(lambda tx: tx.run("INSERT INTO control (topic, version) VALUES ('t', 7)")).result()
    copy = tmp_path / "copy"
    back_up(store_url, copy, 5)
    store.close()
    assert copy.stat().st_mode & 0o777 == 0o600
    if store_url.startswith("postgresql"):
        assert (
            "TABLE DATA"
            in subprocess.run(["pg_restore", "-l", str(copy)], capture_output=True, text=True, check=True).stdout
        )
    else:
        with sqlite3.connect(copy) as database:
            assert database.execute("SELECT version FROM control").fetchall() == [(7,)]
            assert database.execute("SELECT name, said FROM marks").fetchall() == [("copied", "5")]
        database.close()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(("copy", ".copy"))) == ["copy"]
    with pytest.raises(UsageError, match="there already"):
        back_up(store_url, copy, 5)


def test_what_cannot_be_copied_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no store"):
        back_up(str(tmp_path / "none.db"), tmp_path / "copy", 5)
    with pytest.raises(UsageError, match="cannot be written"):
        back_up(str(tmp_path / "none.db"), tmp_path / "nowhere" / "copy", 5)
    (tmp_path / "bad.db").write_bytes(b"no database" * 500)
    with pytest.raises(IncompleteError, match="cannot be copied"):
        back_up(str(tmp_path / "bad.db"), tmp_path / "copy", 5)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.db"]


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    path = tmp_path / "store.db"
    open_store(str(path)).close()
    assert flaws_of(str(path)) == ()
    content = bytearray(path.read_bytes())
    content[4096 * 2 : 4096 * 3] = b"\xff" * 4096
    path.write_bytes(content)
    assert flaws_of(str(path))


def test_a_store_stays_where_it_is_until_it_is_another_one(store_url: str) -> None:
    open_store(store_url).close()
    place = whereabouts(store_url)
    open_store(store_url).close()
    assert whereabouts(store_url) == place


@pytest.mark.parametrize("secret", ["sslpassword", "oauth_client_secret"])
def test_a_secret_that_a_program_would_show_is_not_told_to_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setattr(backup, "said_by", lambda *_: pytest.fail("a program was called"))
    monkeypatch.setattr(link, "read_url", lambda _: {"host": "db", secret: "hush"})
    with pytest.raises(UsageError, match=f"{secret} in the URL") as told:
        back_up("postgresql://db/gate", tmp_path / "dump", 0)
    assert "hush" not in f"{told.value} {told.value.hint}"
    assert list(tmp_path.iterdir()) == []


def test_a_password_goes_through_the_environment_alone() -> None:
    assert tellable({"host": "db", "password": "hush"}) == ({"host": "db"}, "hush")
