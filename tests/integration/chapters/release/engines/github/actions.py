"""GitHub's workflows and deployments, by its own contract."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.chapters.release.sources.github.contract import Asked, GitHubServer, example


@dataclass
class Actions:
    """GitHub's side: deployments with their statuses, and runs, which go on as they are asked for."""

    server: GitHubServer
    deployments: list[dict[str, Any]] = field(default_factory=list)
    states: dict[int, list[str]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    conclusion: str = "success"
    looks: int = 1
    """How often a run is asked for until it has ended."""
    says_run: bool = True
    dispatched: list[Any] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        on = self.server.on
        on("GET /deployments", self.listed)
        on("POST /deployments", self.record)
        on("POST /actions/workflows/deploy.yml/dispatches", self.dispatch)
        on(
            "GET /actions/workflows/deploy.yml/runs",
            lambda _asked: (200, {"total_count": len(self.runs), "workflow_runs": self.runs}),
        )

    def deploy(self, commit: str, *states: str, task: str = "toban", environment: str = "production") -> int:
        """Have a deployment of *commit*, with its statuses from the first to the last."""
        number = len(self.deployments) + 1
        made = {
            **example("deployment"),
            "id": number,
            "sha": commit,
            "task": task,
            "environment": environment,
        }
        self.deployments.insert(0, made)
        self.states[number] = list(states)
        self.server.on(f"GET /deployments/{number}/statuses", lambda _asked: (200, self.statuses(number)))
        self.server.on(f"POST /deployments/{number}/statuses", lambda asked: self.report(number, asked))
        return number

    def statuses(self, number: int) -> list[Any]:
        return [{**example("deployment-status"), "state": each} for each in reversed(self.states[number])][:1]

    def report(self, number: int, asked: Asked) -> tuple[int, Any]:
        self.states[number].append(asked.body["state"])
        return 201, {**example("deployment-status"), "state": asked.body["state"]}

    def record(self, asked: Asked) -> tuple[int, Any]:
        self.deploy(asked.body["ref"], task=asked.body["task"], environment=asked.body["environment"])
        return 201, self.deployments[0]

    def listed(self, asked: Asked) -> tuple[int, Any]:
        wanted = {
            name: value for name, value in asked.query.items() if name in ("environment", "task", "sha")
        }
        return 200, [each for each in self.deployments if wanted.items() <= each.items()]

    def dispatch(self, asked: Asked) -> tuple[int, Any]:
        self.dispatched.append(asked.body)
        number = self.start()
        if not self.says_run:
            return 204, None
        return 200, {**example("workflow-dispatch-response"), "workflow_run_id": number}

    def start(self, ago: timedelta = timedelta(0)) -> int:
        number = 30433642 + len(self.runs)
        created = (datetime.now(UTC) - ago).isoformat(timespec="seconds").replace("+00:00", "Z")
        run = {
            **example("workflow-run"),
            "id": number,
            "created_at": created,
            "status": "in_progress",
            "conclusion": None,
        }
        self.runs.insert(0, run)
        self.server.on(f"GET /actions/runs/{number}", lambda _asked: (200, self.going_on(run)))
        self.server.on(f"POST /actions/runs/{number}/cancel", lambda _asked: self.cancel(number))
        return number

    def going_on(self, run: dict[str, Any]) -> dict[str, Any]:
        self.looks -= 1
        if self.looks <= 0:
            run |= {"status": "completed", "conclusion": self.conclusion}
        return run

    def cancel(self, number: int) -> tuple[int, Any]:
        self.cancelled.append(str(number))
        return 202, {}
