"""nginx while it reloads: its workers of before accept beside the new ones for a moment."""

import subprocess

import pytest
from tests.integration.chapters.release.engines.proxy.conftest import Environment

from toban.chapters.release.engines.proxy.balancers.balancer import Upstream
from toban.chapters.release.engines.proxy.balancers.nginx import Nginx, written
from toban.chapters.release.engines.proxy.config import NginxBinding

POOLS = ("shop", "shop-1", "shop-3")


@pytest.mark.parametrize("environment", ["nginx"], indirect=True)
def test_a_reload_that_another_has_begun_is_over_before_routes_count(environment: Environment) -> None:
    config = NginxBinding.model_validate(environment.proxy.binding)
    nginx = Nginx(config)
    for port in range(1, 11):
        wanted = {pool: [Upstream(f"127.0.0.1:{port}")] for pool in POOLS}
        # What a worker does that is killed before it has waited.
        config.file.write_text(written(wanted, config))
        subprocess.run(config.reload, check=True)
        while nginx.routes("shop") != wanted["shop"]:
            pass

        nginx.route(wanted)

        assert [nginx.routes("shop") for _ in range(40)] == [wanted["shop"]] * 40
