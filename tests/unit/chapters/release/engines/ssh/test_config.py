"""The settings of `kind = "ssh"`, and the waves that they make."""

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from toban.chapters.release.engines.ssh.config import SshDeployment, waves
from toban.engine.bindings.values import HostShare

BOUND = """
hosts = ["app-1", "app-2", "app-3", "app-4", "app-5"]
user = "deploy"
key = "file:ssh/deploy"
known_hosts = "ssh/known_hosts"
path = "/srv/shop"
"""
HOSTS = ("app-1", "app-2", "app-3", "app-4", "app-5")


def read(more: str = "", bound: str = BOUND) -> SshDeployment:
    return SshDeployment.model_validate(tomllib.loads(bound + more), context={"base": Path("/etc/shop")})


def complaint(more: str, bound: str = BOUND) -> str:
    with pytest.raises(ValidationError) as refused:
        read(more, bound)
    return "\n".join(str(error.get("ctx", {}).get("said", error["msg"])) for error in refused.value.errors())


def test_one_host_leads_and_all_others_follow() -> None:
    assert list(waves(HOSTS, read().waves)) == [HOSTS[:1], HOSTS[1:]]


def test_each_wave_ends_with_its_number_or_share_of_hosts() -> None:
    config = read('waves = [1, "50%", "100%"]')

    assert list(waves(HOSTS, config.waves)) == [HOSTS[:1], HOSTS[1:2], HOSTS[2:]]


def test_hosts_that_no_wave_reaches_are_the_last_one() -> None:
    assert list(waves(HOSTS, (HostShare(2),))) == [HOSTS[:2], HOSTS[2:]]


def test_waves_beyond_the_hosts_are_none() -> None:
    assert list(waves(HOSTS[:1], (HostShare(1), HostShare(3), HostShare(share=1)))) == [HOSTS[:1]]


def test_relative_paths_start_beside_the_bindings() -> None:
    assert read().known_hosts == Path("/etc/shop/ssh/known_hosts")


@pytest.mark.parametrize("path", ["", "-rf", "~deploy/shop", "/srv/\\nshop"])
def test_a_folder_that_a_shell_would_read_otherwise_is_refused(path: str) -> None:
    assert "ホストのフォルダー" in complaint("", BOUND.replace("/srv/shop", path))


@pytest.mark.parametrize("shared", ["/etc/passwd", "../secret", "log/../../x", "", "."])
def test_what_is_shared_stays_inside_the_version(shared: str) -> None:
    assert "版の中のパス" in complaint(f'shared = ["{shared}"]')


def test_one_key_can_not_be_that_of_several_hosts() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEH9tZ0w7l6qTqkz5UjDMxbNFSEC0NQSEqmH4N2Z4OUh"

    assert "host_key は一台だけの鍵です" in complaint(
        f'host_key = "{key}"', BOUND.replace("known_hosts", "#")
    )


def test_a_host_is_named_once() -> None:
    assert "同じホスト" in complaint("", BOUND.replace("app-2", "app-1"))


@pytest.mark.parametrize("waves", ["[0]", '["0%"]', '["101%"]', '["half"]'])
def test_a_wave_is_a_number_or_a_share_of_hosts(waves: str) -> None:
    assert "1 以上の整数" in complaint(f"waves = {waves}")
