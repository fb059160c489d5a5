"""The manual's page on deployments can't drift from the code."""

import re

import pytest
from tests.manual import BOTH, page, section

from toban.chapters.release.bindings import DeploymentBinding
from toban.chapters.release.engines.command.config import CommandDeployment
from toban.chapters.release.engines.github.config import GitHubDeployment
from toban.chapters.release.engines.proxy.config import (
    CaddyBinding,
    HaproxyBinding,
    NginxBinding,
    ProxyDeployment,
)
from toban.chapters.release.engines.ssh.config import SshDeployment


@BOTH
@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("ssh", SshDeployment),
        ("github", GitHubDeployment),
        ("command", CommandDeployment),
        ("proxy", ProxyDeployment),
    ],
)
def test_every_key_of_a_kind_is_in_the_manual(
    language: str, kind: str, config: type[DeploymentBinding]
) -> None:
    text = section(page(language, "deployments.md"), f'`kind = "{kind}"`')
    keys = config.model_fields.keys() - DeploymentBinding.model_fields.keys()

    assert set(re.findall(r"`([a-z_]+)`", "\n".join(re.findall(r"^\| (`[^|]*)", text, re.MULTILINE)))) == keys


@BOTH
def test_every_key_of_a_proxy_is_in_the_manual(language: str) -> None:
    text = section(page(language, "deployments.md"), '`kind = "proxy"`')

    for proxy in (CaddyBinding, HaproxyBinding, NginxBinding):
        assert [key for key in proxy.model_fields if f"`{key}`" not in text and key != "kind"] == []
