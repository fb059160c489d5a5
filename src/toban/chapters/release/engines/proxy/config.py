"""The settings of `[deployments.NAME]` with `kind = "proxy"`."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, InstanceOf, model_validator

from toban.chapters.release.bindings import DeploymentBinding
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section, invalid
from toban.engine.bindings.values import Length, Share
from toban.message import Message

_RANGE = re.compile(r"(\d{1,5})-(\d{1,5})")
_HIGHEST = 65535
_LONGEST_NAME = 100
"""Not part of the patterns: a count of `\\w` is compiled for a long time, in every process of Toban."""
_Variable = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$", max_length=_LONGEST_NAME)]


def _ports(written: object) -> object:
    match = _RANGE.fullmatch(written) if isinstance(written, str) else None
    first, last = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 0 < first <= last <= _HIGHEST:
        raise invalid(Message("release-proxy.not-ports"), Message("release-proxy.write-ports"))
    return range(first, last + 1)


class CaddyBinding(Section):
    """`proxy = { kind = "caddy", … }`: its admin API."""

    kind: Literal["caddy"]
    id: str = Field(pattern=r"^[\w.-]+$", max_length=_LONGEST_NAME)
    """The `@id` of the `reverse_proxy` whose upstreams are the instances."""
    each: str = Field(default="", pattern=r"^[\w.{}-]*$", max_length=_LONGEST_NAME)
    """The `@id` of a `reverse_proxy` for one instance alone, with `{number}`: monitors measure it there."""
    admin: str = "http://127.0.0.1:2019"
    """The address of the admin API, or the path of its socket (`unix:/run/caddy/admin.sock`)."""


class HaproxyBinding(Section):
    """`proxy = { kind = "haproxy", … }`: its runtime API."""

    kind: Literal["haproxy"]
    backend: str = Field(pattern=r"^[\w.:-]+$", max_length=_LONGEST_NAME)
    """The backend whose servers are the instances."""
    each: str = Field(default="", pattern=r"^[\w.:{}-]*$", max_length=_LONGEST_NAME)
    """The backend for one instance alone, with `{number}`: monitors measure it there."""
    socket: str
    """The `stats socket` with `level admin`: a path, or an address (`127.0.0.1:9999`)."""
    options: tuple[Annotated[str, Field(pattern=r"^[\w.:/-]+$", max_length=_LONGEST_NAME)], ...] = ()
    """What else a server is added with, word by word: `["check", "inter", "2s"]`."""


class NginxBinding(Section):
    """`proxy = { kind = "nginx", … }`: a file that its configuration includes."""

    kind: Literal["nginx"]
    upstream: str = Field(pattern=r"^[\w.-]+$", max_length=_LONGEST_NAME)
    """The name of the upstream that Toban writes, for `proxy_pass http://NAME`."""
    each: str = Field(default="", pattern=r"^[\w.{}-]*$", max_length=_LONGEST_NAME)
    """The name of an upstream for one instance alone, with `{number}`: monitors measure it there."""
    file: Path
    """The file that Toban writes; nginx includes it in `http { … }`."""
    status: str = Field(pattern=r"^127\.0\.0\.1:\d{1,5}$")
    """A free address, where nginx tells Toban which instances it has really loaded: `127.0.0.1:8399`."""
    directives: tuple[Annotated[str, Field(pattern=r"^[\w .:/=-]+$", max_length=_LONGEST_NAME)], ...] = ()
    """What else stands in the upstream: `["least_conn", "keepalive 16"]`."""
    test: tuple[str, ...] = Field(default=("nginx", "-t", "-q"), min_length=1)
    """The command that checks the configuration."""
    reload: tuple[str, ...] = Field(default=("nginx", "-s", "reload"), min_length=1)
    """The command that has nginx load it."""


class ContainerBinding(Section):
    """`container = { … }`: an instance is a container of the released image."""

    port: int = Field(ge=1, le=_HIGHEST)
    """The port inside the container; it is published on a port of `ports`."""
    command: tuple[str, ...] = Field(default=("docker",), min_length=1)
    """How the container engine is called: `["podman"]`."""
    options: tuple[str, ...] = ()
    """What else `run` is given: `["--memory", "512m"]`."""


class ProxyDeployment(DeploymentBinding):
    """`kind = "proxy"`: instances of the new version beside those of the old, and a proxy that switches."""

    example: ClassVar[Mapping[str, str]] = {
        "proxy": '{ kind = "caddy", id = "shop" }',
        "start": '["./serve", "--port", "{port}"]',
        "ports": '"8310-8329"',
    }

    proxy: Annotated[CaddyBinding | HaproxyBinding | NginxBinding, Field(discriminator="kind")]
    """What stands before the instances."""
    ports: Annotated[InstanceOf[range], BeforeValidator(_ports)]
    """The ports of instances, of 127.0.0.1: at least twice as many as there are instances."""
    instances: int = Field(default=2, ge=1, le=50)
    """How many instances serve, at least: a rule of chapter 9, or a person, may have more of them."""
    start: tuple[str, ...] = ()
    """The command of an instance that is a process, run in the version's folder."""
    unit: str = Field(default="", pattern=r"^[\w.@{}\\:-]*$", max_length=2 * _LONGEST_NAME)
    """The systemd unit of an instance, with `{port}`: `shop@{port}.service`."""
    unit_file: str = ""
    """The file with `{port}` that Toban writes for a unit's `EnvironmentFile=`."""
    systemctl: tuple[str, ...] = Field(default=("systemctl",), min_length=1)
    """How systemctl is called: `["sudo", "systemctl"]`, `["systemctl", "--user"]`."""
    container: ContainerBinding | None = None
    """How an instance that is a container is run."""
    prestart: tuple[str, ...] = ()
    """A command that is run once in the folder of a version that has been installed, before it starts."""
    variables: Mapping[_Variable, str] = Field(default_factory=dict)
    """Variables of the instances."""
    secrets: Mapping[_Variable, Secret] = Field(default_factory=dict)
    """More variables of the instances whose values are secret: where each is stored."""
    stop_within: Length = timedelta(seconds=30)
    """How long an instance that gets no traffic any more may take to finish its requests, and to end."""
    canary: Share | None = None
    """The share of requests that a new version gets first: `10%`. A rollback gets all at once."""
    canary_for: Length = timedelta(minutes=2)
    """How long it gets no more than that."""

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if sum(map(bool, (self.start, self.unit, self.container))) != 1:
            raise invalid(Message("release-proxy.not-one-way"), Message("release-proxy.write-one-way"))
        if bool(self.unit) != bool(self.unit_file):
            raise invalid(Message("release-proxy.unit-without-file"))
        if any("{port}" not in each for each in (self.unit, self.unit_file) if each):
            raise invalid(Message("release-proxy.unit-without-port"))
        if len(self.ports) < 2 * self.instances:
            raise invalid(Message("release-proxy.too-few-ports", needed=2 * self.instances))
        return self
