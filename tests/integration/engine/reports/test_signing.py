"""Who makes a report, checks it and approves it: three people, and exactly what is kept."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.engine.reports.conftest import DAY, DOCUMENT, HOUR, LATER, START, TOKYO, alert
from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.reports.kept import remarking, signing
from toban.engine.reports.kept.keeping import keep, report_of
from toban.engine.reports.kept.remarking import WantedRemark, remark, withdraw
from toban.engine.reports.models import KeptReport, ReportRemark
from toban.engine.reports.month import month_named
from toban.engine.runs.models import Run
from toban.engine.tasks import lists
from toban.engine.tasks import orders as tasks
from toban.engine.tasks.orders import TaskOrder
from toban.engine.tasks.windows import open_tasks
from toban.faces.report.markdown import markdown
from toban.faces.report.names import without_names
from toban.faces.report.written import written

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("october")]

SIGNING = """
[reports]
made_by = "鈴木"
checked_by = "佐藤"
approved_by = "運用責任者"
[people."運用責任者"]
account = "tanaka"
[people."佐藤"]
account = "sato"
[people."鈴木"]
account = "suzuki"
"""
NAMES = ("tanaka", "sato", "suzuki")


def edition_of(bindings: str = SIGNING) -> Edition:
    return Edition(
        read_design(DOCUMENT, "運用設計書.md"),
        read_bindings(bindings, Path("toban.toml"), PARTS.schema),
        PARTS.kinds,
    )


class Office:
    """The people around a kept report; each act is a minute after the last."""

    def __init__(self) -> None:
        self.now = LATER
        self.edition = edition_of()
        for name in NAMES:
            Operator.objects.create_user(name, f"{name}@example.com", operator_role=OperatorRole.DEVELOPER)
        self.kept = self.keep()

    def keep(self) -> KeptReport:
        month = month_named("2026-10", TOKYO, self.tick())
        made = keep(month, None, self.edition, PARTS, self.now)
        self.look()
        return made

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def look(self) -> None:
        signing.advance(self.edition, self.tick())

    def giver(self, name: str, **more: object) -> Giver:
        return Giver(Operator.objects.get(username=name), has_proved=True, **more)  # type: ignore[arg-type]

    def task(self) -> Run:
        found: Run = open_tasks().get()
        return found

    def make(self, name: str = "suzuki") -> None:
        """Sign the task off, as it is shown."""
        run = self.task()
        (task,) = lists.listed(self.edition, PARTS, self.tick())
        order = TaskOrder(run.pk, self.giver(name), self.edition, PARTS)
        tasks.sign_off(order, "", shown=task.shown, now=self.now)
        self.look()

    def request(self) -> ApprovalRequest:
        return ApprovalRequest.objects.get(state="open")

    def answer(self, name: str, note: str = "", **more: object) -> None:
        asked = self.request()
        order = AnswerOrder(asked.pk, asked.digest, self.giver(name, **more), self.edition, note)
        answer = answering.refuse if note else answering.approve
        answer(order, (signing.EFFECT,), self.tick())
        self.look()

    @property
    def signed(self) -> list[tuple[str, str]]:
        report = report_of(self.kept, self.edition.bindings)
        return [(each.step.value, each.by) for each in report.signatures]


@pytest.fixture
def office(october: None) -> Office:
    return Office()


def test_a_task_and_two_approvals_give_three_names_and_times(office: Office) -> None:
    assert office.task().due_until == datetime(2026, 11, 7, 0, 0, tzinfo=TOKYO)
    office.make()
    assert office.request().role == "佐藤"
    office.answer("sato")
    assert office.request().role == "運用責任者"
    office.answer("tanaka")

    assert office.signed == [("made", "鈴木"), ("checked", "佐藤"), ("approved", "運用責任者")]
    said = markdown(written(report_of(office.kept, office.edition.bindings), "ja"))
    assert "| 鈴木 2026-11-02 09:03 | 佐藤 2026-11-02 09:05 | 運用責任者 2026-11-02 09:07 |" in said
    acts = LedgerEntry.objects.filter(content__order="sign-monthly-report")
    assert [each.content["step"] for each in acts] == ["made", "checked", "approved"]
    assert {each.content["digest"] for each in acts} == {office.kept.digest}


def test_nobody_signs_twice(october: None) -> None:
    office = Office()
    # One person holds every role.
    office.edition = edition_of(SIGNING.replace('"sato"', '"suzuki"').replace('"tanaka"', '"suzuki"'))
    office.look()
    office.make()

    with pytest.raises(NotPossible):
        office.answer("suzuki")

    assert office.signed == [("made", "鈴木")]


def test_whoever_checked_does_not_approve(october: None) -> None:
    office = Office()
    office.edition = edition_of(SIGNING.replace('"tanaka"', '"sato"'))
    office.look()
    office.make()
    office.answer("sato")

    with pytest.raises(NotPossible):
        office.answer("sato")


def test_only_whose_task_it_is_makes_it(office: Office) -> None:
    with pytest.raises(NotPossible):
        office.make("sato")


def test_a_refusal_returns_it_and_its_reason_stands_in_the_next_task(office: Office) -> None:
    office.make()
    office.answer("sato", note="稼働率の説明がない")

    assert office.signed == []
    (task,) = lists.listed(office.edition, PARTS, office.tick())
    assert any("稼働率の説明がない" in str(fact.value) for fact in task.facts)
    office.make()
    office.answer("sato")
    office.answer("tanaka")
    assert [step for step, _ in office.signed] == ["made", "checked", "approved"]


def test_a_task_is_not_opened_again_while_it_waits_and_nobody_is_asked_twice(office: Office) -> None:
    for _ in range(3):
        office.look()
    assert Run.objects.filter(work=remarking.work_of(office.kept)).count() == 1
    office.make()
    for _ in range(3):
        office.look()

    assert ApprovalRequest.objects.count() == 1


def test_an_approval_that_nobody_gave_in_time_is_asked_for_again(office: Office) -> None:
    office.make()
    first = office.request()
    office.now += 8 * DAY
    office.look()

    assert office.request().pk != first.pk


def test_a_corrected_edition_is_signed_anew_and_the_old_one_asks_for_nothing_more(office: Office) -> None:
    office.make()
    office.answer("sato")
    alert(START + 5 * DAY)

    second = office.keep()

    assert not ApprovalRequest.objects.filter(state="open").exists()
    assert office.task().work == remarking.work_of(second)
    assert [step for step, _ in office.signed] == ["made", "checked"]
    office.kept = second
    assert office.signed == []


def test_an_answer_to_what_was_superseded_meanwhile_signs_nothing(office: Office) -> None:
    office.make()
    asked = office.request()
    alert(START + 5 * DAY)
    keep(month_named("2026-10", TOKYO, office.tick()), None, office.edition, PARTS, office.now)

    order = AnswerOrder(asked.pk, asked.digest, office.giver("sato"), office.edition)

    with pytest.raises(NotPossible):
        answering.approve(order, (signing.EFFECT,), office.tick())

    assert not ApprovalAnswer.objects.exists()


def test_without_roles_nobody_is_asked(october: None) -> None:
    bare = edition_of("")
    keep(month_named("2026-10", TOKYO, LATER), None, bare, PARTS, LATER)

    signing.advance(bare, LATER + HOUR)

    assert not open_tasks().exists()


def test_all_who_sign_are_named_or_none() -> None:
    with pytest.raises(UnreadableBindings, match="checked_by"):
        edition_of('[reports]\nmade_by = "鈴木"\n')


def test_remarks_stand_in_their_part_with_name_and_time_and_change_no_figure(office: Office) -> None:
    made = remark(
        office.kept.pk,
        WantedRemark("alerts", "3日の hanako の試験による"),
        office.giver("suzuki"),
        office.tick(),
    )

    report = report_of(office.kept, office.edition.bindings)
    said = markdown(written(report, "ja"))
    assert "3日の hanako の試験による (suzuki 2026-11-02 09:03)" in said.replace("\\", "")
    assert office.kept.digest == report.edition.digest  # type: ignore[union-attr]
    outside = markdown(written(without_names(report, lambda text: text.replace("hanako", "*")), "ja"))
    assert "hanako" not in outside
    assert "suzuki" not in outside
    withdraw(made.pk, office.giver("suzuki"), office.tick())
    assert not report_of(office.kept, office.edition.bindings).remarks


def test_whoever_makes_it_signs_the_remarks_that_were_shown(office: Office) -> None:
    def signed(shown: str) -> None:
        order = TaskOrder(office.task().pk, office.giver("suzuki"), office.edition, PARTS)
        tasks.sign_off(order, "", shown=shown, now=office.tick())

    def shown() -> str:
        (task,) = lists.listed(office.edition, PARTS, office.tick())
        return task.shown

    without = shown()
    made = remark(office.kept.pk, WantedRemark("summary", "無停止"), office.giver("tanaka"), office.tick())
    with pytest.raises(NotPossible):
        signed(without)
    seen = shown()
    withdraw(made.pk, office.giver("tanaka"), office.tick())
    with pytest.raises(NotPossible):
        signed(seen)

    assert shown() == without
    remark(office.kept.pk, WantedRemark("summary", "遅延あり"), office.giver("suzuki"), office.tick())
    signed(shown())
    office.look()
    assert office.signed == [("made", "鈴木")]
    (act,) = LedgerEntry.objects.filter(content__order="sign-monthly-report")
    assert act.content["remarks"] == remarking.remarks_digest(office.kept)


def test_a_remark_is_withdrawn_only_by_whoever_wrote_it(office: Office) -> None:
    made = remark(office.kept.pk, WantedRemark("summary", "x"), office.giver("suzuki"), office.tick())

    with pytest.raises(NotPossible):
        withdraw(made.pk, office.giver("tanaka"), office.tick())


def test_what_is_signed_gets_no_remark_until_it_is_returned(office: Office) -> None:
    wanted = WantedRemark("summary", "遅れた")
    office.make()
    with pytest.raises(NotPossible):
        remark(office.kept.pk, wanted, office.giver("suzuki"), office.tick())

    office.answer("sato", note="備考を")
    remark(office.kept.pk, wanted, office.giver("suzuki"), office.tick())
    office.make()

    facts = [f"{value}" for _, value in office.request().facts_said()]
    assert any("遅れた" in each for each in facts)


def test_a_task_that_was_signed_off_counts_as_signed_before_the_worker_sees_it(office: Office) -> None:
    run = office.task()
    (task,) = lists.listed(office.edition, PARTS, office.tick())
    order = TaskOrder(run.pk, office.giver("suzuki"), office.edition, PARTS)
    tasks.sign_off(order, "", shown=task.shown, now=office.now)

    with pytest.raises(NotPossible):
        remark(office.kept.pk, WantedRemark("summary", "x"), office.giver("suzuki"), office.tick())


@pytest.mark.parametrize(("part", "text"), [("summary", " "), ("summary", "x" * 2001), ("nowhere", "x")])
def test_a_remark_without_words_or_part_is_refused(office: Office, part: str, text: str) -> None:
    with pytest.raises(NotPossible):
        remark(office.kept.pk, WantedRemark(part, text), office.giver("suzuki"), office.tick())

    assert not ReportRemark.objects.exists()
