"""Vulnerabilities by the API: lists, and reports of other scanners."""

from functools import reduce
from pathlib import Path

import pytest
from tests.integration.chapters.vulnerabilities.place import CRITICAL, DAY, Place
from tests.integration.faces.api.conftest import EVERYTHING, READING, Programs
from tests.integration.faces.web.conftest import Fixed
from tests.unit.chapters.vulnerabilities.imported.reports import cyclonedx, openvex, trivy
from tests.unit.chapters.vulnerabilities.mirrors import advisory

from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import OperatorRole

pytestmark = pytest.mark.django_db

DEEP: dict[str, object] = reduce(lambda inner, _: {"a": inner}, range(300), {})


@pytest.fixture
def place(tmp_path: Path, in_force: Fixed, db: None) -> Place:
    found = Place(tmp_path, now=system_clock() - 20 * DAY)
    found.know(advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL, modified=found.now.isoformat()))
    found.scan()
    in_force.edition = found.edition
    return found


def test_a_report_is_taken_in_once_for_a_key_and_what_it_found_is_listed(
    place: Place, program: Programs
) -> None:
    client = program(OperatorRole.DEVELOPER, *EVERYTHING)
    body = {"inventory": "shop", "report": trivy({}, {"VulnerabilityID": "CVE-2026-9"})}

    first = client.post("/vulnerabilities/import", body, key="one")
    again = client.post("/vulnerabilities/import", body, key="one")

    assert first == again
    assert (first["source"], first["named"], first["found"], first["ended"]) == ("trivy", 2, 1, 0)
    listed = client.get("/vulnerabilities", inventory="shop")["items"]
    assert [(each["name"], each["sources"]) for each in listed] == [
        ("CVE-2026-9", ["trivy"]),
        ("CVE-2026-1", ["toban", "trivy"]),
    ]
    assert LedgerEntry.objects.filter(content__event="vulnerabilities-imported").count() == 1


def test_statements_that_close_are_a_managers(place: Place, program: Programs) -> None:
    body = {"inventory": "shop", "report": openvex({})}

    refused = program(OperatorRole.DEVELOPER, *EVERYTHING).post("/vulnerabilities/import", body, status=409)
    client = program(OperatorRole.MANAGER, *EVERYTHING, name="boss")
    client.post("/vulnerabilities/import", body)

    assert "VEX" in refused["detail"]
    (closed,) = client.get("/vulnerabilities", closed="true")["items"]
    assert closed["closing"]["justification"] == "vulnerable_code_not_in_execute_path"
    assert client.get("/vulnerabilities")["items"] == []

    client.post(
        "/vulnerabilities/forget", {"inventory": "shop", "source": "Example Security", "reason": "withdrawn"}
    )
    assert len(client.get("/vulnerabilities")["items"]) == 1


@pytest.mark.parametrize("without", ["import", "forget"])
def test_what_a_source_calls_open_is_closed_by_no_report_without_it_but_a_managers(
    without: str, place: Place, program: Programs
) -> None:
    boss = program(OperatorRole.MANAGER, *EVERYTHING, name="boss")
    objection = cyclonedx({"analysis": {"state": "exploitable", "detail": "the port is open"}})
    for report in (objection, openvex({})):
        boss.post("/vulnerabilities/import", {"inventory": "shop", "report": report})
    assert len(boss.get("/vulnerabilities")["items"]) == 1
    client = program(OperatorRole.DEVELOPER, *EVERYTHING)

    bodies = {
        "import": {"inventory": "shop", "source": "analyst", "report": trivy({})},
        "forget": {"inventory": "shop", "source": "analyst", "reason": "too loud"},
    }
    refused = client.post(f"/vulnerabilities/{without}", bodies[without], status=409)

    assert "VEX" in refused["detail"]
    assert len(boss.get("/vulnerabilities")["items"]) == 1
    boss.post(f"/vulnerabilities/{without}", bodies[without])
    assert boss.get("/vulnerabilities")["items"] == []


def test_a_finding_is_closed_by_no_name_that_another_report_gives_it_but_a_managers(
    place: Place, program: Programs
) -> None:
    boss = program(OperatorRole.MANAGER, *EVERYTHING, name="boss")
    stated = openvex({"vulnerability": {"name": "CVE-2020-9"}})
    boss.post("/vulnerabilities/import", {"inventory": "shop", "report": stated})
    client = program(OperatorRole.DEVELOPER, *EVERYTHING)
    named = cyclonedx({"id": "CVE-2020-9", "references": [{"id": "CVE-2026-1"}]})

    refused = client.post("/vulnerabilities/import", {"inventory": "shop", "report": named}, status=409)

    assert "VEX" in refused["detail"]
    assert len(boss.get("/vulnerabilities")["items"]) == 1


def test_what_is_found_anew_is_closed_by_a_statement_that_stands(place: Place, program: Programs) -> None:
    boss = program(OperatorRole.MANAGER, *EVERYTHING, name="boss")
    stated = openvex({"vulnerability": {"name": "CVE-2026-9"}})
    boss.post("/vulnerabilities/import", {"inventory": "shop", "report": stated})
    found = trivy({}, {"VulnerabilityID": "CVE-2026-9"})

    said = program(OperatorRole.DEVELOPER, *EVERYTHING).post(
        "/vulnerabilities/import", {"inventory": "shop", "report": found}
    )

    assert (said["found"], said["closed"]) == (1, 1)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"inventory": "shpo", "report": {}}, 409, "shpo"),
        ({"inventory": "shop", "report": {}}, 409, "読めるレポート"),
        ({"inventory": "shop", "report": []}, 422, "report"),
        ({"inventory": "shop"}, 422, "report"),
        ({"inventory": "shop", "report": {"bomFormat": "CycloneDX"}}, 409, "sbom"),
        ({"inventory": "shop", "report": DEEP}, 409, "入れ子"),
        ({"inventory": "shop", "report": trivy({}), "source": "Toban"}, 409, "検出元"),
    ],
)
def test_what_is_no_report_is_refused(
    place: Place, program: Programs, body: dict[str, object], status: int, said: str
) -> None:
    client = program(OperatorRole.MANAGER, *EVERYTHING)

    assert said in str(client.post("/vulnerabilities/import", body, status=status))


def test_a_token_that_reads_imports_nothing(place: Place, program: Programs) -> None:
    client = program(OperatorRole.MANAGER, *READING)

    client.post("/vulnerabilities/import", {"inventory": "shop", "report": trivy({})}, status=403)
    client.get("/vulnerabilities", inventory="shpo", status=409)
