"""The reference's repository on GitHub, by GitHub's own contract: reviewed changes, a workflow that deploys.

Where the workflow has deployed to, the shop answers as that version.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.rows.vendors import Answer, Asked
from tests.integration.chapters.release.engines.github.actions import Actions
from tests.integration.chapters.release.git_host import Repository
from tests.integration.chapters.release.git_host import serving as serving_git
from tests.integration.chapters.release.sources.github.contract import TOKEN, example
from tests.integration.chapters.release.sources.github.contract import serving as serving_api
from tests.integration.chapters.release.sources.github.repository import GitHub, review, run

FIRST = "v1.0.0"
"""What serves everywhere when Toban begins."""
ENVIRONMENTS = ("development", "staging", "production")


@dataclass
class Forge(GitHub):
    """The repository with its workflow."""

    actions: Actions

    def merge(self, version: str) -> None:
        """Have a reviewed change with green checks merged into main as *version*."""
        files = {"shop.py": f"print('{version}')\n"}
        commit = self.repository.commit(f"shop: {version}", files, "Mona <mona@example.com>")
        self.merged()
        self.reviewed(review("hubot"))
        self.checked([run("build"), run("test")], [])
        self.api.on(f"POST /statuses/{commit}", lambda _asked: (201, example("status")))
        self.repository.git("tag", version)
        self.repository.push("main", version)

    def branch(self, name: str) -> None:
        """Make a branch of what is on main."""
        self.repository.git("branch", name)
        self.repository.push(name)

    def shop(self, asked: Asked) -> Answer:
        """Answer as the version that was deployed to the environment of the path."""
        environment = asked.path.strip("/")
        deployed = (each for each in self.actions.deployments if each["environment"] == environment)
        commit = next((each["sha"] for each in deployed if "success" in self.actions.states[each["id"]]), "")
        return (200, {"commit": commit}, {}) if commit else (503, {}, {})


@contextmanager
def forge(folder: Path) -> Iterator[Forge]:
    """Serve the repository, whose first version its workflow has deployed everywhere."""
    repository = Repository.make(folder, "acme/shop.git")
    # As it is of what is merged there; by who approves, it would be their own.
    repository.committer = "GitHub <noreply@github.com>"
    with serving_git(folder / "served") as host, serving_api("acme/shop") as api:
        host.password = TOKEN
        made = Forge(api, host, repository, Actions(api))
        made.merge(FIRST)
        for environment in ENVIRONMENTS:
            made.actions.deploy(made.commit, "success", environment=environment)
        yield made
