"""A group of the document that is a deployment of Toban's own, behind a real proxy."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.integration.chapters.release.engines.proxy import shop_versions
from tests.integration.chapters.release.engines.proxy.conftest import Environment, environment
from tests.integration.chapters.release.engines.proxy.customers import Customers
from tests.integration.chapters.release.shop import DOCUMENT
from tests.registered import PARTS
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.plan import Group
from toban.chapters.capacity.scaler import GroupSize, ScalingFailed
from toban.chapters.release.engines.proxy.engine import QUIET
from toban.chapters.release.models import DeploymentLock
from toban.chapters.release.operation import OPERATION as RELEASE
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition

__all__ = ["environment"]
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.parametrize("environment", ["haproxy"], indirect=True),
]
RULES = """
## 9. キャパシティ
### スケーリング
| トリガー | アクション | タイミング |
|---|---|---|
| CPU使用率70%が30分継続 | Webサーバー1台追加 | 自動 |
"""
BINDINGS = """
[releases.shop]
kind = "git"
url = "{folder}"
[deployments."本番環境"]
kind = "proxy"
proxy = {{ kind = "haproxy", backend = "shop", each = "shop-{{number}}", socket = {socket} }}
ports = "{first}-{last}"
start = ["python", "server.py", "{{port}}"]
stop_within = "5秒"
health = {{ url = "http://{{instance}}/healthz", within = "10秒" }}
[deployments."ステージング環境"]
kind = "command"
deploy = ["true"]
serving = ["true"]
[scaling."Webサーバー"]
kind = "deployment"
deployment = "{deployment}"
most = {most}
"""


def group(place: Environment, deployment: str = "本番環境", most: int = 3) -> Group:
    """Return the group that the rule scales."""
    written = BINDINGS.format(
        folder=place.folder,
        socket=json.dumps(place.proxy.binding["socket"]),
        first=place.ports[0],
        last=place.ports[-1],
        deployment=deployment,
        most=most,
    )
    bindings = read_bindings(written, place.folder / "toban.toml", PARTS.schema)
    edition = Edition(read_design(DOCUMENT + RULES, "運用設計書.md"), bindings, PARTS.kinds)
    (found,) = edition.plan(OPERATION).groups
    return found


def doubts(found: Group, home: Path) -> list[object]:
    """Return what `check --live` says of it."""
    return list(found.kind.doubts(found.config, found.site(home, PARTS.ports)))


@pytest.fixture
def served(environment: Environment, settings: Any, tmp_path: Path) -> Group:
    """The group, once a version serves."""
    settings.HOME = tmp_path / "toban"
    found = group(environment)
    engine = found.edition.plan(RELEASE).deployments["本番環境"].opened(settings.HOME)
    version = shop_versions.made(environment.folder, "v1")
    engine.install(version, QUIET)
    engine.switch(version, QUIET)
    return found


def test_a_group_grows_and_shrinks_and_no_customer_notices(
    served: Group, environment: Environment, settings: Any
) -> None:
    scaler, turn = served.opened(settings.HOME, PARTS.ports), FakeTurn()
    before = scaler.size()

    with Customers(environment.proxy.url) as customers:
        scaler.resize(3, turn)
        grown = scaler.size()
        customers.wait_for(100)
        scaler.resize(2, turn)
    scaler.close()

    assert customers.failures == []
    assert (before, grown) == (GroupSize(2, 2, 5), GroupSize(3, 3, 5))
    assert scaler.size() == before
    assert "v1 のインスタンス 3 を起動します" in turn.said
    assert f"インスタンス 3 (127.0.0.1:{environment.ports[2]}) を外します" in turn.said
    assert doubts(served, settings.HOME) == []
    assert served.bound == "deployments.本番環境"


def test_a_release_under_way_is_waited_for(served: Group, environment: Environment, settings: Any) -> None:
    DeploymentLock.objects.create(
        deployment="本番環境", owner="ken", reason="調べている", since="2026-04-14T00:00+09:00"
    )

    with pytest.raises(ScalingFailed, match="ken が環境をロックしています") as failed:
        served.opened(settings.HOME, PARTS.ports).resize(3, FakeTurn())

    assert failed.value.retry
    assert len(environment.running()) == 2


@pytest.mark.parametrize(
    ("deployment", "said"),
    [
        ("検証", "デプロイ「検証」はありません"),
        ("ステージング環境", "のエンジンは、インスタンスを自分では動かしません"),
    ],
)
def test_what_cannot_be_scaled_is_said_with_a_way_out(
    environment: Environment, settings: Any, tmp_path: Path, deployment: str, said: str
) -> None:
    settings.HOME = tmp_path / "toban"
    found = group(environment, deployment)

    with pytest.raises(ScalingFailed, match=said) as failed:
        found.opened(settings.HOME, PARTS.ports).resize(3, FakeTurn())

    assert not failed.value.retry
    assert doubts(found, settings.HOME) == [failed.value.doubt]
    assert "[deployments.NAME]" in str(failed.value) or 'kind = "proxy"' in str(failed.value)


def test_a_limit_that_the_ports_do_not_allow_is_doubtful(
    served: Group, environment: Environment, settings: Any
) -> None:
    (doubt,) = doubts(group(environment, most=6), settings.HOME)

    assert isinstance(doubt, tuple)
    assert str(doubt[0]).startswith("6 台にはできません。リリースでは新旧が並ぶため")
    assert str(doubt[1]) == "ports を 12 個以上に広げます"
