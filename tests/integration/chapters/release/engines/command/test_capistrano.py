"""A real Capistrano, wrapped: deployed, seen, and gone back."""

from pathlib import Path
from typing import Any

import pytest
from tests.integration.chapters.release.capistrano import Capistrano
from tests.integration.chapters.release.engines.command.test_engine import NOON
from tests.integration.chapters.release.engines.ssh.fleet import Watch
from tests.integration.remote_host import serving

from toban.chapters.release.engine import Artifact, DeploySite
from toban.chapters.release.engines.command.config import CommandDeployment
from toban.chapters.release.engines.command.engine import CommandEngine
from toban.chapters.release.models import StoredArtifact
from toban.chapters.release.running.artifacts import as_artifact


@pytest.mark.slow
@pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2"])
def test_capistrano_deploys_and_goes_back_under_tobans_hand(tmp_path: Path, settings: Any, db: None) -> None:
    settings.HOME = tmp_path / "home"
    with serving("openssh", "127.0.0.2") as host:
        tool = Capistrano(host.folder / "team", [host], str(host.home / "shop"))
        variables = [f"{name}={value}" for name, value in tool.environment.items()]
        cap = ("env", *variables, *tool.command, "production")
        bound = {
            "deploy": (*cap, "deploy"),
            "go_back": (*cap, "deploy:rollback"),
            "serving": ("cat", str(host.home / "shop" / "current" / "REVISION")),
        }
        site = DeploySite("web", "本番環境", "shop", tool.folder, tmp_path)
        engine = CommandEngine(CommandDeployment.model_validate(bound), site)

        def version(label: str) -> Artifact:
            commit = tool.commit(label)
            stored = StoredArtifact.objects.create(
                service="shop", commit=commit, digest=commit.ljust(64, "0"), label=label, ordered_at=NOON
            )
            return as_artifact(stored, tmp_path)

        old, new, served = version("v1"), version("v2"), []
        for each, back in ((old, False), (new, False), (old, True)):
            engine.switch(each, Watch(), back=back)
            served.append((dict(engine.serving()), (host.home / "shop/current/version").read_text().strip()))

        assert served == [
            ({"本番環境": old.digest}, "v1"),
            ({"本番環境": new.digest}, "v2"),
            ({"本番環境": old.digest}, "v1"),
        ]
