"""Who has access, asked where it is: files, hosts, a database, AWS, GitHub."""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import psycopg
import pytest
from pydantic import ValidationError
from tests.integration.chapters.accounts.asked import DAY, NOW, named, read, refused
from tests.integration.chapters.accounts.place import BINDINGS, Place
from tests.integration.conftest import Handler, HttpServer
from tests.integration.moto import moto_server
from tests.integration.remote_host import RemoteHost, serving

from toban.chapters.accounts.account import FoundAccount, PasswordTerms
from toban.chapters.accounts.collectors import aws, csv, github, host, postgresql


def test_a_list_is_as_old_as_its_file(tmp_path: Path) -> None:
    path = tmp_path / "vpn.csv"
    path.write_text(
        "login,is_privileged,has_factor,last_used_at,grants\n"
        "tanaka,yes,true,2026-11-30T09:00:00+09:00,admins staff\n"
        "suzuki,,,,\n"
    )
    os.utime(path, (NOW.timestamp() - 3600, NOW.timestamp() - 3600))

    found = read(csv.KIND, path=str(path), columns={"name": "login"})

    assert found.taken_at == NOW - timedelta(hours=1)
    assert found.accounts[0] == FoundAccount(
        name="tanaka",
        grants=("admins", "staff"),
        is_privileged=True,
        has_factor=True,
        last_used_at=datetime(2026, 11, 30, tzinfo=UTC),
    )
    assert found.accounts[1].has_factor is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "used"),
    [("", "2026-11-30T09:00:00+09:00"), ('timezone = "America/New_York"', "2026-11-30T09:00:00-05:00")],
)
def test_a_time_without_an_offset_is_of_the_zone_that_is_bound(tmp_path: Path, more: str, used: str) -> None:
    place = Place(tmp_path, bindings=BINDINGS.replace('path = "vpn.csv"', f'path = "vpn.csv"\n{more}'))
    place.write("vpn", "tanaka,,,,true,2026-11-30 09:00", "uehara,,yes,,true,2026-11-30T09:00:00Z")
    [vpn] = [each for each in place.plan.systems if each.name == "vpn"]

    found = named(vpn.read(NOW))

    assert found["tanaka"].last_used_at == datetime.fromisoformat(used)
    assert found["uehara"].last_used_at == datetime(2026, 11, 30, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("user\na\n", "列 name がありません"),
        ("name,has_factor\na,maybe\n", "2 行目の has_factor を読めません: maybe"),
        ("name,last_used_at\na,yesterday\n", "2 行目の last_used_at を読めません: yesterday"),
    ],
)
def test_a_list_that_can_not_be_read_says_where(tmp_path: Path, written: str, said: str) -> None:
    (tmp_path / "a.csv").write_text(written)

    assert said in refused(csv.KIND, path=str(tmp_path / "a.csv"))


def test_a_missing_list_is_said(tmp_path: Path) -> None:
    assert "を読めません" in refused(csv.KIND, path=str(tmp_path / "none.csv"))


@pytest.fixture
def roles(postgres_dsn: str, tmp_path: Path) -> Iterator[str]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("CREATE ROLE acc_admins CREATEROLE")
        connection.execute("CREATE ROLE acc_team IN ROLE acc_admins")
        connection.execute("CREATE ROLE acc_tanaka LOGIN IN ROLE acc_team")
        connection.execute("COMMENT ON ROLE acc_tanaka IS 'Tanaka Taro'")
        connection.execute("CREATE ROLE acc_old LOGIN VALID UNTIL '2020-01-01'")
        connection.execute("CREATE ROLE acc_app LOGIN")
    (tmp_path / "dsn").write_text(postgres_dsn)
    yield f"file:{tmp_path / 'dsn'}"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        for name in ("acc_tanaka", "acc_old", "acc_app", "acc_team", "acc_admins"):
            connection.execute(f"DROP ROLE IF EXISTS {name}")


def test_roles_of_a_database_with_what_they_inherit(roles: str) -> None:
    found = named(read(postgresql.KIND, dsn=roles))

    assert found["acc_tanaka"].is_privileged
    assert found["acc_tanaka"].grants == ("acc_admins", "acc_team")
    assert found["acc_tanaka"].label == "Tanaka Taro"
    old = found["acc_old"]
    assert (old.is_locked, old.has_password) == (False, False), "VALID UNTIL is about its password alone"
    assert (found["acc_app"].is_privileged, found["acc_app"].has_factor) == (False, None)
    assert "acc_admins" not in found


def test_a_role_is_locked_and_its_connections_end(roles: str, postgres_dsn: str) -> None:
    config = postgresql.KIND.config.model_validate({"dsn": roles, "lock_dsn": roles})
    lock = postgresql.KIND.lock(config)
    assert lock is not None
    user = psycopg.connect(postgres_dsn, user="acc_app", autocommit=True)

    lock.lock("acc_app")
    lock.lock("nobody-there")

    assert "acc_app" not in named(read(postgresql.KIND, dsn=roles))
    with pytest.raises(psycopg.OperationalError):
        user.execute("SELECT 1")


def test_without_a_second_credential_nothing_is_locked(roles: str) -> None:
    assert postgresql.KIND.lock(postgresql.KIND.config.model_validate({"dsn": roles})) is None


def machine(root: Path) -> Path:
    """Make the files of a host's accounts below *root*."""
    (root / "etc/sudoers.d").mkdir(parents=True)
    (root / "etc/security").mkdir()
    (root / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/bash\n"
        "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
        "tanaka:x:1000:1000:Tanaka Taro,,,:/home/tanaka:/bin/bash\n"
        "suzuki:x:1001:1001::/home/suzuki:/bin/bash\n"
        "gone:x:1002:1002::/home/gone:/bin/bash\n"
        "deploy:x:1003:1003::/home/deploy:/bin/sh\n"
    )
    (root / "etc/group").write_text("root:x:0:\nsudo:x:27:tanaka\nstaff:x:50:tanaka,suzuki\n")
    changed = (datetime(2026, 11, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
    (root / "etc/shadow").write_text(
        "root:*:19000:0:99999:7:::\n"
        "daemon:*:19000:0:99999:7:::\n"
        f"tanaka:$y$secret$hash:{changed}:0:90:7:::\n"
        f"suzuki:$y$other$hash:{changed}:0:90:7:::\n"
        f"gone:!$y$third$hash:{changed}:0:90:7::1:\n"
        "deploy:!:19000:0:99999:7:::\n"
    )
    (root / "etc/sudoers").write_text("# all\nDefaults env_reset\n%sudo ALL=(ALL:ALL) ALL\n")
    (root / "etc/sudoers.d/ops").write_text("User_Alias OPS = suzuki, nobody\nOPS ALL=(ALL) NOPASSWD: ALL\n")
    (root / "etc/login.defs").write_text("# PASS_MAX_DAYS 1\nPASS_MAX_DAYS\t90\n")
    (root / "etc/security/pwquality.conf").write_text("minlen = 12\nminclass = 4\n")
    keys = root / "home/deploy/.ssh/authorized_keys"
    keys.parent.mkdir(parents=True)
    keys.write_text("# ours\nssh-ed25519 AAAA ci@example.com\n")
    os.utime(keys, (NOW.timestamp() - 200 * 86400,) * 2)
    return root


def test_a_host_tells_its_logins_but_no_hash(tmp_path: Path) -> None:
    root = machine(tmp_path)

    found = read(host.KIND, root=str(root))

    accounts = named(found)
    assert accounts.keys() == {"root", "tanaka", "suzuki", "gone", "deploy"} - {"root"}
    tanaka = accounts["tanaka"]
    assert (tanaka.label, tanaka.grants, tanaka.is_privileged) == ("Tanaka Taro", ("staff", "sudo"), True)
    assert tanaka.password_changed_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert accounts["suzuki"].is_privileged, "by an alias of sudoers"
    assert accounts["gone"].is_locked
    deploy = accounts["deploy"]
    assert (deploy.has_password, deploy.is_locked, deploy.is_privileged) == (False, False, False)
    assert deploy.oldest_key_at == NOW - 200 * DAY
    assert found.terms == PasswordTerms(12, ("digits", "letters", "lower", "symbols", "upper"), 90 * DAY)
    assert found.gaps == ()
    assert "$y$" not in repr(found)


def test_a_host_tells_that_its_sshd_takes_keys_from_elsewhere(tmp_path: Path) -> None:
    root = machine(tmp_path)
    (root / "etc/ssh/sshd_config.d").mkdir(parents=True)
    (root / "etc/ssh/sshd_config").write_text(
        "# AuthorizedKeysFile none\nAuthorizedKeysFile .ssh/authorized_keys\n"
    )
    assert read(host.KIND, root=str(root)).gaps == ()

    (root / "etc/ssh/sshd_config.d/50-sss.conf").write_text("AuthorizedKeysCommand /usr/bin/sss\n")

    assert [gap.code for gap in read(host.KIND, root=str(root)).gaps] == ["accounts.gap-elsewhere"]


@pytest.fixture(params=["openssh", "asyncssh"])
def remote(request: pytest.FixtureRequest) -> Iterator[RemoteHost]:
    with serving(request.param) as found:
        yield found


def login(remote: RemoteHost) -> dict[str, object]:
    return {
        "name": remote.name,
        "port": remote.port,
        "user": remote.user,
        "key": f"file:{remote.key}",
        "known_hosts": str(remote.write_known_hosts()),
    }


def test_another_host_is_read_by_ssh_and_says_what_it_could_not_read(remote: RemoteHost) -> None:
    root = machine(remote.folder / "machine")
    (root / "etc/shadow").chmod(0o600)

    found = read(host.KIND, root=str(root), host=login(remote))

    assert {"tanaka", "suzuki", "deploy"} <= named(found).keys()
    if os.getuid() == 0 and remote.user == "stranger":
        assert "shadow を読む権限がない" in str(found.gaps[0])
        assert named(found)["tanaka"].password_changed_at is None


def test_a_host_that_is_away_says_why(remote: RemoteHost) -> None:
    written = {**login(remote), "port": 1}

    assert "につながりません" in refused(host.KIND, host=written)


def test_a_folder_that_is_no_host_is_no_empty_list(tmp_path: Path) -> None:
    assert "アカウントの一覧ではありません" in refused(host.KIND, root=str(tmp_path))


def test_the_root_is_a_whole_path() -> None:
    with pytest.raises(ValidationError):
        host.KIND.config.model_validate({"root": "srv"})


@pytest.fixture(scope="module")
def iam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto_server(tmp_path_factory.mktemp("moto")) as url:
        yield url


def aws_access(url: str, folder: Path) -> dict[str, object]:
    for name in ("id", "secret"):
        (folder / name).write_text("testing")
    return {
        "region": "ap-northeast-1",
        "endpoint_url": url,
        "access_key": f"file:{folder / 'id'}",
        "secret_key": f"file:{folder / 'secret'}",
    }


def fill_account(url: str) -> None:
    """Make an administrator by an inline policy, a user with a key alone, and one without anything."""
    client = boto3.client(
        "iam",
        region_name="ap-northeast-1",
        endpoint_url=url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    for name in ("tanaka", "suzuki", "idle"):
        client.create_user(UserName=name)
    client.create_login_profile(UserName="tanaka", Password="kawaranai-Kagi-7")
    client.create_access_key(UserName="suzuki")
    client.create_group(GroupName="ops")
    client.put_group_policy(GroupName="ops", PolicyName="all", PolicyDocument=json.dumps(everything))
    client.add_user_to_group(GroupName="ops", UserName="tanaka")
    client.update_account_password_policy(
        MinimumPasswordLength=12,
        RequireNumbers=True,
        RequireSymbols=True,
        RequireLowercaseCharacters=True,
        MaxPasswordAge=90,
    )
    client.close()


def test_users_of_an_aws_account_by_the_credential_report(iam: str, tmp_path: Path) -> None:
    fill_account(iam)
    access = aws_access(iam, tmp_path)

    found = read(aws.KIND, access=access)

    accounts = named(found)
    assert accounts["tanaka"].is_privileged
    assert "ops" in accounts["tanaka"].grants
    assert accounts["tanaka"].has_factor is False
    assert (accounts["suzuki"].is_privileged, accounts["suzuki"].is_locked) == (False, False)
    assert accounts["suzuki"].oldest_key_at is not None
    assert accounts["idle"].is_locked
    assert found.terms is not None
    assert found.terms.min_length == 12

    lock = aws.KIND.lock(aws.KIND.config.model_validate({"access": access, "lock": access}))
    assert lock is not None
    for name in ("tanaka", "suzuki", "nobody"):
        lock.lock(name)

    assert all(named(read(aws.KIND, access=access))[name].is_locked for name in ("tanaka", "suzuki"))


def test_aws_that_does_not_answer_says_so(tmp_path: Path) -> None:
    assert "IAM" in refused(aws.KIND, access=aws_access("http://127.0.0.1:9", tmp_path))


@pytest.fixture
def organization(http_server: HttpServer, tmp_path: Path) -> Iterator[dict[str, object]]:
    """GitHub's documented answers about an organisation of 101 members, as its owner sees them."""
    (tmp_path / "token").write_text("gh-s3kret")
    removed: list[str] = []

    def answer(handler: Handler) -> None:
        parts = urlsplit(handler.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if handler.headers["authorization"] != "Bearer gh-s3kret":
            handler.reply(401, b"{}")
        elif parts.path == "/orgs/example":
            handler.reply(200, b'{"login": "example", "two_factor_requirement_enabled": false}')
        elif parts.path in ("/orgs/example/members", "/orgs/example/outside_collaborators"):
            logins = _logins(parts.path, query)
            size, page = int(query["per_page"]), int(query.get("page", "1"))
            part = [{"login": each} for each in logins[(page - 1) * size : page * size]]
            handler.reply(200, json.dumps(part).encode())
        else:
            handler.reply(404, b"{}")

    http_server.answer = answer
    yield {"organization": "example", "token": f"file:{tmp_path / 'token'}", "url": http_server.url}
    assert not removed


def _logins(path: str, query: Mapping[str, str]) -> list[str]:
    if path.endswith("outside_collaborators"):
        return [] if query.get("filter") else ["vendor"]
    if query.get("filter") == "2fa_disabled":
        return ["member-7"]
    return ["tanaka"] if query["role"] == "admin" else [f"member-{each}" for each in range(100)]


def test_members_of_an_organisation_and_who_has_no_second_factor(organization: dict[str, object]) -> None:
    found = named(read(github.KIND, **organization))

    assert len(found) == 102
    assert (found["tanaka"].grants, found["tanaka"].is_privileged) == (("owner",), True)
    assert found["vendor"].grants == ("outside-collaborator",)
    assert [name for name, each in found.items() if each.has_factor is False] == ["member-7"]


def test_a_token_that_may_not_ask_who_has_a_factor_leaves_a_gap(
    organization: dict[str, object], http_server: HttpServer
) -> None:
    answer = http_server.answer

    def as_member(handler: Handler) -> None:
        if "2fa_disabled" in handler.path:
            handler.reply(422, b"{}")
        else:
            answer(handler)

    http_server.answer = as_member

    found = read(github.KIND, **organization)

    assert {each.has_factor for each in found.accounts} == {None}
    assert "所有者のトークンでない" in str(found.gaps[0])


def test_a_wrong_token_is_told_by_its_status_alone(organization: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "token").write_text("wrong")

    said = refused(github.KIND, **organization)

    assert said == "GitHub がステータス 401 を返しました"


def test_a_membership_ends_by_the_second_token(
    organization: dict[str, object], http_server: HttpServer, tmp_path: Path
) -> None:
    (tmp_path / "writing").write_text("gh-writes")
    config = github.KIND.config.model_validate({**organization, "lock_token": f"file:{tmp_path / 'writing'}"})
    lock = github.KIND.lock(config)
    assert lock is not None
    asked: list[tuple[str, str, str]] = []

    def answer(handler: Handler) -> None:
        asked.append((handler.command, handler.path, handler.headers["authorization"]))
        handler.reply(204)

    http_server.answer = answer

    lock.lock("ta/naka")

    assert asked == [
        ("DELETE", "/orgs/example/memberships/ta%2Fnaka", "Bearer gh-writes"),
        ("DELETE", "/orgs/example/outside_collaborators/ta%2Fnaka", "Bearer gh-writes"),
    ]
