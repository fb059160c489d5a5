"""Who may bring new commands into force: what others wrote waits for the role, and nothing goes around it."""

from datetime import timedelta

import pytest
from tests.integration.engine.editions.server import BINDINGS, DESIGN, EVIL, NOON, Server
from tests.registered import PARTS

from toban.engine.approvals import answering
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.approvals.port import APPROVAL_EFFECTS
from toban.engine.approvals.rules import RequestState
from toban.engine.editions import announcements, records
from toban.engine.editions.edition import EditionRefusal
from toban.engine.editions.gate.approval import asked
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator

pytestmark = pytest.mark.django_db


def test_files_that_only_toban_can_write_need_no_approval(server: Server) -> None:
    server.write(EVIL)
    server.look()

    assert server.command == "['/bin/evil']"
    assert asked() is None


def test_what_others_could_write_waits_says_what_would_run_and_asks_the_role(server: Server) -> None:
    server.open_to_others()
    server.write(EVIL)
    server.look()

    assert server.command == "['./cleanup']"
    refusal, request = server.files.refusal, asked()
    assert refusal is not None
    assert request is not None
    line = '~ batches.B001.command: ["./cleanup"] → ["/bin/evil"]'
    assert line in str(refusal.reason)
    assert "「運用責任者」の承認" in str(refusal.reason)
    assert server.files.edition is not None
    told = announcements.held(server.files.edition.design, refusal, 1, NOON)
    assert "承認待ち" in str(told.subject)
    assert "toban approvals approve" in str(told.advice)
    assert ("新たに", line) in [(str(label), str(value)) for label, value in request.facts_said()]
    assert request.role == "運用責任者"


def test_the_role_approves_exactly_what_was_shown_and_it_comes_into_force(server: Server) -> None:
    server.open_to_others()
    server.write(EVIL)
    server.look()

    server.approve("nami")
    server.look()

    assert server.command == "['/bin/evil']"
    assert LedgerEntry.objects.get(content__has_key="confirmed").actor == "nami"
    newest = LedgerEntry.objects.filter(content__has_key="in_force").latest("sequence")
    assert newest.actor == "nami"
    assert not ApprovalRequest.objects.filter(state=RequestState.OPEN).exists()


def test_another_account_and_a_mere_confirmation_are_refused(server: Server) -> None:
    server.open_to_others()
    server.write(EVIL)
    server.look()
    refusal = server.files.refusal
    assert refusal is not None
    assert refusal.awaits is not None

    for name in ("suzuki", "eve"):
        with pytest.raises(NotPossible):
            server.approve(name)
    with pytest.raises(NotPossible):
        records.confirm(refusal.awaits.digests, by="eve", now=NOON)
    server.look()

    assert server.command == "['./cleanup']"


def test_thresholds_and_times_come_into_force_at_once_even_if_others_write_them(server: Server) -> None:
    server.open_to_others()
    server.write(design=DESIGN.replace("2:00", "3:00"))
    server.look()

    assert server.files.edition is not None
    assert server.files.refusal is None
    assert "3:00" in str(server.files.edition.design.clauses)


@pytest.mark.parametrize(
    "pushed",
    [
        "[document]\napproval = false\n" + BINDINGS,
        BINDINGS.replace('account = "nami"', 'account = "eve"'),
        BINDINGS + '[people."eve"]\naccount = "eve"\n[duty."運用責任者"]\nlayers = [{ people = ["eve"] }]\n',
        '[document]\nrole = "鈴木"\n' + BINDINGS,
        "[document]\nsigners = ['eve@example.com ssh-ed25519 AAAA']\n" + BINDINGS,
    ],
    ids=["switch-off", "account", "duty", "role", "keys"],
)
def test_a_new_version_cannot_switch_off_or_take_over_its_own_approval(server: Server, pushed: str) -> None:
    server.open_to_others()
    server.write(pushed)
    server.look()

    request = asked()
    assert request is not None
    assert request.role == "運用責任者"
    with pytest.raises(NotPossible):
        server.approve("eve")
    assert server.files.edition is not None
    assert server.files.edition.bindings.people["運用責任者"].account == "nami"


def test_a_new_holder_in_the_document_waits_too(server: Server) -> None:
    server.open_to_others()
    (server.folder / "ops.md").chmod(0o666)
    server.write(design=DESIGN.replace("| 上原 |", "| 鈴木、江部 (週替わり) |"))
    server.look()

    assert server.files.refusal is not None
    assert server.files.refusal.approval is not None


def test_permissions_that_are_loosened_used_and_tightened_again_are_remembered(server: Server) -> None:
    server.open_to_others()
    server.look()
    (server.folder / "toban.toml").chmod(0o600)
    server.write(EVIL)
    server.look()

    assert server.command == "['./cleanup']"


def test_a_file_that_changes_between_showing_and_approving_is_not_approved(server: Server) -> None:
    server.open_to_others()
    server.write(EVIL)
    server.look()
    shown = server.order("nami")
    server.write(EVIL.replace("evil", "worse"))
    server.look()

    with pytest.raises(NotPossible):
        answering.approve(shown, PARTS.ports.all(APPROVAL_EFFECTS), NOON)
    server.look()

    assert server.command == "['./cleanup']"
    assert ApprovalRequest.objects.get(pk=shown.request).state == RequestState.SUPERSEDED


def test_what_is_approved_is_what_was_read_even_if_the_file_changes_at_once(server: Server) -> None:
    server.open_to_others()
    server.write(EVIL)
    server.look()
    server.approve("nami")
    server.write(EVIL.replace("evil", "worse"))
    server.look()

    assert server.command == "['./cleanup']"
    request = asked()
    assert request is not None
    assert request.state == RequestState.OPEN


def test_an_old_approval_does_not_bring_back_a_version_that_was_replaced(server: Server) -> None:
    server.open_to_others()
    for text in (EVIL, BINDINGS):
        server.write(text)
        server.look()
        server.approve("nami")
        server.look()
    assert server.command == "['./cleanup']"

    server.write(EVIL)
    server.look()

    assert server.command == "['./cleanup']"
    request = asked()
    assert request is not None
    assert (request.state, request.answers.count()) == (RequestState.OPEN, 0)


def test_an_approval_that_was_not_used_in_time_is_void(server: Server) -> None:
    server.open_to_others()
    server.write(EVIL)
    server.look()
    server.approve("nami")
    server.write(EVIL.replace("evil", "worse"))
    server.look()
    server.now += timedelta(days=7)

    server.write(EVIL)
    server.look()

    assert server.command == "['./cleanup']"
    request = asked()
    assert request is not None
    assert (request.state, request.answers.count()) == (RequestState.OPEN, 0)


def test_a_refused_version_is_not_asked_about_again(server: Server) -> None:
    server.open_to_others()
    server.write(EVIL)
    server.look()
    server.refuse("nami")

    server.now += timedelta(days=30)
    server.start()
    server.look()

    assert server.command == "['./cleanup']"
    assert [each.state for each in ApprovalRequest.objects.all()] == [RequestState.REFUSED]


def test_an_expired_request_is_asked_again_and_its_answer_comes_too_late(server: Server) -> None:
    server.open_to_others()
    server.write(EVIL)
    server.look()
    late = server.order("nami")
    server.now += timedelta(days=7)
    server.look()

    with pytest.raises(NotPossible):
        answering.approve(late, PARTS.ports.all(APPROVAL_EFFECTS), server.now)
    states = list(ApprovalRequest.objects.order_by("pk").values_list("state", flat=True))
    assert states == [RequestState.EXPIRED, RequestState.OPEN]


def test_two_people_must_approve_where_it_is_written(server: Server) -> None:
    both = BINDINGS.replace(
        "[people", '[duty."運用責任者"]\nlayers = [{people=["運用責任者"]}, {people=["鈴木"]}]\n[people', 1
    )
    server.write("[document]\napproval = true\napprovers = 2\n" + both)
    server.look()
    server.write("[document]\napproval = true\napprovers = 2\n" + both.replace("./cleanup", "/bin/evil"))
    server.look()

    server.approve("nami")
    server.look()
    assert server.command == "['./cleanup']"
    server.approve("suzuki")
    server.look()

    assert server.command == "['/bin/evil']"


def test_in_an_emergency_only_a_shell_on_the_server_goes_ahead(server: Server) -> None:
    server.open_to_others()
    server.write(EVIL)
    server.look()
    effects = PARTS.ports.all(APPROVAL_EFFECTS)
    account = Operator.objects.get(username="eve")
    on_page = server.order(None, "down", by=Giver(account, has_proved=True))
    shell = Giver(None, ApprovalAnswer.Via.SHELL, "root")

    with pytest.raises(NotPossible):
        answering.break_glass(on_page, effects, NOON)
    answering.break_glass(server.order(None, "down", by=shell), effects, NOON)
    server.look()

    assert server.command == "['/bin/evil']"


def test_after_a_restart_it_still_waits_and_a_confirmation_recorded_for_less_does_not_do(
    server: Server,
) -> None:
    server.open_to_others()
    server.write(EVIL)
    server.look()

    server.start()
    server.look()

    assert server.command == "['./cleanup']"
    assert ApprovalRequest.objects.count() == 1


def test_a_worker_without_a_copy_waits_for_what_it_cannot_compare(server: Server) -> None:
    server.open_to_others()
    server.write(EVIL)
    server.start("lost")
    server.look()
    assert server.files.edition is None

    server.write()
    server.look()

    assert server.command == "['./cleanup']"


def test_what_was_let_in_while_a_slow_node_looked_does_not_wait_again(server: Server) -> None:
    server.open_to_others()
    server.look()
    slow = Server(server.folder)
    slow.start("kept-slow")
    slow.look()
    server.write(EVIL)
    slow.files.refresh()
    former, refusal = slow.files.edition, slow.files.refresh()
    assert isinstance(refusal, EditionRefusal)
    server.look()
    server.approve("nami")
    server.look()
    known = records.latest()

    records.record_refusal(former, refusal, slow.review.rows_of, NOON)

    assert (records.latest(), records.waiting()) == (known, None)
    slow.look()
    assert (slow.command, records.latest()) == ("['/bin/evil']", known)
