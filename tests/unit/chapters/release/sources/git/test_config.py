"""Which remotes may stand in `toban.toml`."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from toban.chapters.release.sources.git.config import GitSourceConfig
from toban.message import Message


def read(**written: object) -> GitSourceConfig:
    return GitSourceConfig.model_validate(written, context={"base": Path("/etc/shop")})


def complaint(**written: object) -> str:
    with pytest.raises(ValidationError) as caught:
        read(**written)
    said = caught.value.errors()[0]["ctx"]["said"]
    assert isinstance(said, Message)
    return said.code


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/shop.git",
        "https://git.example.com:8443/shop.git",
        "http://127.0.0.1:8080/shop.git",
        "http://[::1]:8080/shop.git",
        "ssh://git@git.example.com:2222/shop.git",
        "git@git.example.com:shop.git",
        "/srv/git/shop.git",
        "file:///srv/git/shop.git",
    ],
)
def test_remotes_of_four_kinds_are_taken(url: str) -> None:
    assert read(url=url).url == url


def test_a_relative_path_begins_at_the_bindings() -> None:
    assert read(url="./shop.git").url == "/etc/shop/shop.git"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "-oProxyCommand=touch /x",
        "--upload-pack=x",
        "ext::sh -c touch% /x",
        "ext::x",
        "git://git.example.com/shop.git",
        "ftp://git.example.com/shop.git",
        "fd::3",
        "ssh://-oProxyCommand=x/shop.git",
        "-x@git.example.com:shop.git",
        "git@-x:shop.git",
        "https://git.example.com/shop.git?x=1",
        "https://git.example.com/shop\n.git",
        "https:///shop.git",
    ],
)
def test_what_git_could_take_for_something_else_is_refused(url: str) -> None:
    assert complaint(url=url) == "release-git.not-a-remote"


@pytest.mark.parametrize("url", ["https://nami:secret@git.example.com/x", "https://secret@git.example.com/x"])
def test_a_secret_in_the_address_is_refused(url: str) -> None:
    assert complaint(url=url) == "release-git.secret-in-remote"


def test_nobody_on_the_way_may_change_what_is_released() -> None:
    assert complaint(url="http://git.example.com/shop.git") == "release-git.not-https"
    assert read(url="http://git.internal/shop.git", plain_hosts=["git.internal"]).plain_hosts
