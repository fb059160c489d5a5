"""Who has access by a directory, asked of a real OpenLDAP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.chapters.accounts import directory as directories
from tests.integration.chapters.accounts.asked import DAY, named, read, refused
from tests.integration.chapters.accounts.directory import BASE, Directory, person

from toban.chapters.accounts.account import PasswordTerms
from toban.chapters.accounts.collectors import ldap


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    with directories.serving(tmp_path_factory.mktemp("ldap")) as found:
        yield found


def bound(directory: Directory, **more: object) -> dict[str, object]:
    return {
        "url": directory.ldaps,
        "base": f"ou=people,{BASE}",
        "groups": f"ou=groups,{BASE}",
        "bind_dn": f"cn=reader,{BASE}",
        "password": f"file:{directory.password}",
        "ca_file": str(directory.ca_file),
        **more,
    }


def test_entries_of_a_directory_with_their_groups(directory: Directory) -> None:
    tanaka = person(directory, "tanaka", displayName="Tanaka Taro")
    person(directory, "suzuki")
    directory.add(f"cn=admins,ou=groups,{BASE}", "groupOfNames", cn="admins", member=tanaka)

    listed = read(ldap.KIND, **bound(directory, policy=f"cn=default,{BASE}"))

    found = named(listed)
    assert listed.terms == PasswordTerms(12, (), 90 * DAY)
    assert (found["tanaka"].label, found["tanaka"].grants) == ("Tanaka Taro", ("admins",))
    assert found["tanaka"].is_privileged
    assert not found["suzuki"].is_privileged
    changed = found["suzuki"].password_changed_at
    assert changed is not None
    assert abs(datetime.now(UTC) - changed) < timedelta(minutes=5)


def test_tls_is_started_where_the_address_says_none(directory: Directory) -> None:
    person(directory, "starttls")

    assert "starttls" in named(read(ldap.KIND, **bound(directory, url=directory.url)))


def test_an_entry_is_locked_for_good_by_another_bind(directory: Directory) -> None:
    dn = person(directory, "leaver")
    written = bound(
        directory, lock={"bind_dn": f"cn=locker,{BASE}", "password": f"file:{directory.password}"}
    )
    lock = ldap.KIND.lock(ldap.KIND.config.model_validate(written))
    assert lock is not None

    lock.lock("leaver")
    lock.lock("*")

    assert directory.value(dn, "pwdAccountLockedTime") == ["000001010000Z"]
    found = named(read(ldap.KIND, **written))
    assert found["leaver"].is_locked
    assert sum(each.is_locked for each in found.values()) == 1


def test_a_lock_that_the_directory_does_not_heed_locks_nobody(directory: Directory) -> None:
    dn = person(directory, "unheeded")
    written = bound(
        directory,
        policy=f"cn=default,{BASE}",
        lock={"bind_dn": f"cn=locker,{BASE}", "password": f"file:{directory.password}"},
    )
    lock = ldap.KIND.lock(ldap.KIND.config.model_validate(written))
    assert lock is not None
    lock.lock("unheeded")
    assert not directory.may_bind(dn)
    assert named(read(ldap.KIND, **written))["unheeded"].is_locked

    with directory.without_lockout():
        assert directory.may_bind(dn)
        found = read(ldap.KIND, **written)

    assert not named(found)["unheeded"].is_locked
    assert [gap.code for gap in found.gaps] == ["accounts.gap-unheeded"]


def test_an_entry_without_the_name_that_people_sign_in_with_is_told(directory: Directory) -> None:
    dn = f"cn=uidless,ou=people,{BASE}"
    directory.add(dn, "person", cn="uidless", sn="uidless")

    [gap] = read(ldap.KIND, **bound(directory)).gaps
    directory.remove(dn)

    assert "uid のないエントリ 1 件は見ていません" in str(gap)


def test_many_entries_come_page_by_page(directory: Directory) -> None:
    for number in range(520):
        person(directory, f"u{number}")

    found = named(read(ldap.KIND, **bound(directory)))

    assert {f"u{number}" for number in range(520)} <= found.keys()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"bind_dn": f"cn=nobody,{BASE}"}, "でバインドできません: invalidCredentials"),
        ({"base": "ou=none,dc=example,dc=com"}, "を検索できません: noSuchObject"),
        ({"ca_file": None}, "のディレクトリを読めません"),
    ],
)
def test_a_directory_that_refuses_says_why(directory: Directory, more: dict[str, object], said: str) -> None:
    assert said in refused(ldap.KIND, **bound(directory, **more))
