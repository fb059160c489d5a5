"""`TOBAN_STATE_URL`: nothing that it says is dropped."""

import pytest

from toban.state_url import BadStateUrl, database, impatient


def test_sqlite_is_named_by_its_file() -> None:
    assert database("sqlite:///var/state.sqlite3")["NAME"] == "/var/state.sqlite3"
    assert database("sqlite:////var/state.sqlite3")["NAME"] == "/var/state.sqlite3"


def test_all_that_libpq_understands_is_passed_on() -> None:
    found = database(
        "postgresql://toban:p%40ss@/state?host=/run/postgresql&sslmode=require&connect_timeout=5&port=5433"
    )

    assert {name: found[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "state", "USER": "toban", "PASSWORD": "p@ss", "HOST": "/run/postgresql", "PORT": "5433",
    }  # fmt: skip
    assert found["OPTIONS"] == {"sslmode": "require", "connect_timeout": "5"}


def test_several_hosts_are_one_value() -> None:
    found = database("postgres://toban@db-1:5432,db-2:5433/state?target_session_attrs=read-write")

    assert (found["HOST"], found["PORT"]) == ("db-1,db-2", "5432,5433")
    assert found["OPTIONS"] == {"target_session_attrs": "read-write"}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://toban:secret@db/state", "「mysql」のデータベースは使えません"),
        ("state.sqlite3", "「state.sqlite3」のデータベースは使えません"),
        ("sqlite:///state.sqlite3?mode=ro", "パラメーターは書けません"),
        ("sqlite://host/state.sqlite3", "パラメーターは書けません"),
        (
            "postgresql://toban:secret@db/state?sslmod=require",
            "「sslmod」というパラメーターは libpq にありません",
        ),
        ("postgresql://toban:secret@[db/state", "を読めません"),
    ],
)
def test_what_can_not_be_honoured_is_refused_without_the_password(url: str, said: str) -> None:
    with pytest.raises(BadStateUrl, match=said) as refused:
        database(url)

    assert "secret" not in str(refused.value)


def test_a_server_that_is_gone_is_waited_for_as_long_as_the_address_says_or_for_seconds() -> None:
    usual = impatient(database("postgresql://toban@db/state"))["OPTIONS"]
    own = impatient(database("postgresql://toban@db/state?connect_timeout=60"))["OPTIONS"]

    assert usual["connect_timeout"] == "5"
    assert own == {**usual, "connect_timeout": "60"}
    assert "connect_timeout" not in impatient(database("sqlite:///var/state.sqlite3"))["OPTIONS"]
