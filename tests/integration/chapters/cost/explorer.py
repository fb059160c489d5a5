"""Cost Explorer by its contract: every question is checked by botocore's own model of the service."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from tests.integration.chapters.cost.place import DAY
from tests.integration.conftest import Handler, HttpServer


def _model() -> ServiceModel:
    session = botocore.session.get_session()
    return ServiceModel(session.get_component("data_loader").load_service_model("ce", "service-2"), "ce")


@dataclass(frozen=True, slots=True)
class Line:
    """What a service costs each day."""

    service: str
    amount: str
    record: str = "Usage"
    tag: str = ""
    account: str = "111122223333"
    effective: str = ""


@dataclass
class Explorer:
    """The service, with *lines* for every day until *until*."""

    server: HttpServer
    lines: Sequence[Line]
    until: date = date(2026, 11, 30)
    page: int = 10_000
    """Days of a page."""
    refuses: list[tuple[int, str]] = field(default_factory=list)
    """The status and the code of the next refusals."""
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    garbled: bool = False

    def __post_init__(self) -> None:
        self.model = _model()
        self.server.answer = self._answer

    def _answer(self, handler: Handler) -> None:
        assert handler.headers["x-amz-target"] == "AWSInsightsIndexService.GetCostAndUsage"
        assert "/ce/aws4_request" in handler.headers["authorization"]
        question = json.loads(handler.body)
        shape = self.model.operation_model("GetCostAndUsage").input_shape
        assert not ParamValidator().validate(question, shape).has_errors()
        self.asked.append(question)
        if self.refuses:
            status, code = self.refuses.pop(0)
            handler.reply(status, json.dumps({"__type": code, "message": "said so"}).encode())
            return
        handler.reply(200, b"<html>" if self.garbled else json.dumps(self._said(question)).encode())

    def _said(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        first = date.fromisoformat(question["TimePeriod"]["Start"])
        last = date.fromisoformat(question["TimePeriod"]["End"])
        days = [first + n * DAY for n in range((last - first).days)]
        begin = int(question.get("NextPageToken", 0))
        shown = days[begin : begin + self.page]
        more = {"NextPageToken": str(begin + self.page)} if begin + self.page < len(days) else {}
        results = [
            {
                "TimePeriod": {"Start": f"{on}", "End": f"{on + DAY}"},
                "Total": {},
                "Groups": list(self._groups(question)) if on <= self.until else [],
                "Estimated": True,
            }
            for on in shown
        ]
        return {"GroupDefinitions": question["GroupBy"], "ResultsByTime": results, **more}

    def _groups(self, question: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        by = question["GroupBy"][1]
        for line in self.lines:
            if _matches(question.get("Filter"), line):
                other = line.record if by["Type"] == "DIMENSION" else f"{by['Key']}${line.tag}"
                yield {
                    "Keys": [line.service, other],
                    "Metrics": {
                        "UnblendedCost": {"Amount": line.amount, "Unit": "USD"},
                        "AmortizedCost": {"Amount": line.effective or line.amount, "Unit": "USD"},
                    },
                }


def _matches(said: Mapping[str, Any] | None, line: Line) -> bool:
    if not said:
        return True
    if "And" in said:
        return all(_matches(each, line) for each in said["And"])
    if "Not" in said:
        return not _matches(said["Not"], line)
    values = said["Dimensions"]["Values"]
    return {"RECORD_TYPE": line.record, "LINKED_ACCOUNT": line.account}[said["Dimensions"]["Key"]] in values
