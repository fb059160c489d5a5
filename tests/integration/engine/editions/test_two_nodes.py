"""Two nodes see the same new version at the same moment, and it is approved on both at once."""

import json
from pathlib import Path

import pytest
from tests.integration.together import at_once, run, with_tests

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("look_together.py")
PREPARE = """
import sys, django; django.setup()
from pathlib import Path
from tests.integration.engine.editions.server import EVIL, Server
from tests.unit.engine.editions.gate.git import WorkTree
from toban.engine.people.models import Operator, OperatorRole
Operator.objects.create_user("nami", "nami@example.com", operator_role=OperatorRole.DEVELOPER)
server = Server(Path(sys.argv[1]), tree=WorkTree(Path(sys.argv[1])))
server.write()
server.open_to_others()
server.look()
for node in sys.argv[2:]:
    server.start(f"kept-{node}")
    server.look()
server.write(EVIL)
"""
REPORT = """
import json, django; django.setup()
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
documents = LedgerEntry.objects.filter(kind="document").order_by("sequence")
print(json.dumps([
    ["in-force" if "in_force" in each.content else "waits" if "waits" in each.content else "confirmed"
     for each in documents],
    list(ApprovalRequest.objects.values_list("state", flat=True)),
    ApprovalAnswer.objects.count(),
    ledger.verify().broken is None,
]))
"""


def test_one_approval_brings_one_version_into_force_on_both_nodes(
    postgres: dict[str, str], tmp_path: Path
) -> None:
    environment, folder = with_tests(postgres), tmp_path / "ops"
    run(environment, PREPARE, str(folder), "a", "b")

    nodes = at_once(environment, PROGRAM, (str(folder), "a", "nami"), (str(folder), "b", "nami"))

    entries, requests, answers, is_whole = json.loads(run(environment, REPORT))
    assert [commands for commands, _ in nodes] == [["['./cleanup']", "['/bin/evil']"]] * 2
    assert sum(heard for _, heard in nodes) == 1
    assert (requests, answers, is_whole) == (["granted"], 1, True)
    assert entries == ["in-force", "waits", "confirmed", "in-force"]
