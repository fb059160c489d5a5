"""`toban serve` without `toban up`."""

import os
from pathlib import Path

import pytest
from pytest_django import Settings
from tests.forking import run
from uvicorn.middleware.proxy_headers import _TrustedHosts

from toban.faces.serve import trusted_proxies
from toban.secret_key import secret_key


@pytest.mark.parametrize("key", [None, "", "\n"], ids=["missing", "empty", "blank"])
def test_the_server_refuses_to_start_with_a_world_readable_key(tmp_path: Path, key: str | None) -> None:
    if key is not None:
        (tmp_path / "secret-key").write_text(key)

    done = run(["-m", "toban", "serve", "--port", 0], env={**os.environ, "TOBAN_HOME": str(tmp_path)})

    assert done.returncode == 2
    assert done.stderr == (
        f"{tmp_path}/secret-key: ページの秘密鍵がありません\n"
        "HINT: toban up で起動してください。鍵は起動のときに作られます\n"
    )


@pytest.mark.parametrize(
    ("is_https", "named", "local", "other"),
    [
        (False, None, False, False),
        (True, None, True, False),
        (False, "127.0.0.1", True, False),
        (True, "10.0.0.2", False, True),
    ],
)
def test_only_a_proxy_says_where_requests_come_from(
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    *,
    is_https: bool,
    named: str | None,
    local: bool,
    other: bool,
) -> None:
    settings.IS_HTTPS = is_https
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    if named is not None:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", named)

    trusted = _TrustedHosts(trusted_proxies())

    assert ("127.0.0.1" in trusted, "10.0.0.2" in trusted) == (local, other)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("c2VjcmV0LWl0c2VsZi13cml0dGVuLWhlcmUtYnktbWlzdGFrZQ", "鍵そのものではなく"),
        ("env:MY_KEY", "32 文字より短い"),
        ("env:NO_SUCH_KEY", "NO_SUCH_KEY"),
        ("file:/no/such/key", "/no/such/key"),
    ],
)
def test_a_reference_to_no_usable_key_is_refused_without_repeating_it(
    tmp_path: Path, reference: str, said: str
) -> None:
    (tmp_path / "secret-key").write_text("a key of the home that must not be taken instead")
    more = {"TOBAN_HOME": str(tmp_path), "TOBAN_SECRET_KEY": reference, "MY_KEY": "short"}

    done = run(["-m", "toban", "serve", "--port", 0], env={**os.environ, **more})

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "c2VjcmV0" not in done.stderr
    assert "short" not in done.stderr


def test_the_key_of_the_reference_replaces_that_of_the_home(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("k" * 40)
    (tmp_path / "shared").write_text("s" * 40 + "\n")

    assert secret_key("", tmp_path) == "k" * 40
    assert secret_key(f"file:{tmp_path}/shared", tmp_path) == "s" * 40
    assert secret_key("", tmp_path / "empty") == ""
