"""Signing off from a chat: what a notification has shown, by whoever may, if nothing about it is odd."""

import json
from datetime import UTC
from pathlib import Path

import pytest
from tests.integration.engine.tasks.conftest import (
    BINDINGS,
    DOCUMENT,
    HOUR,
    MONDAY,
    order,
    shown,
    task,
    tick,
)
from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.approvals.holders import accounts_holding
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.channels.slack_app.payload import payload
from toban.engine.notify.chat.ordering import carried_out
from toban.engine.notify.chat.port import ChatRequest
from toban.engine.notify.deciding import pipeline
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.delivery.outbox import notice_of
from toban.engine.notify.models import Alert, Delivery
from toban.engine.notify.routing.contacts import contacts_of
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.runs.models import Run
from toban.engine.tasks import lists, orders
from toban.engine.tasks.facts import TaskFact
from toban.engine.tasks.models import OfferedTask, SignOff
from toban.engine.tasks.mornings.digest import tell_mornings
from toban.engine.tasks.orders import hand_on
from toban.message import plain

pytestmark = pytest.mark.django_db

NINE = MONDAY + HOUR / 2
MATRIX = """## 3. 通知
### 通知マトリクス
| レベル | 通知先 | 通知方法 |
|---|---|---|
| 異常 | 運用責任者 | Slack |
| 情報 | #ops | Slack |
"""
SLACK = """
[channels.ops]
kind = "slack_app"
token = "env:T"
signing_secret = "env:S"
channel = "#ops"
"""
MEMBERS = {"tanaka": "U0TANAKA", "suzuki": "U0SUZUKI", "sato": "U0SATO"}


def with_members(bindings: str = BINDINGS) -> str:
    for account, member in MEMBERS.items():
        bindings = bindings.replace(f'account = "{account}"', f'account = "{account}"\nslack = "{member}"')
    return bindings + SLACK


@pytest.fixture
def slack(edition: Edition) -> Edition:
    """The edition with members of the chat, at nine, when its daily task is open; accounts are set up."""
    for each in Operator.objects.all():
        set_up(each)
    design = read_design(DOCUMENT.replace("## 10.", MATRIX + "## 10."), "運用設計書.md")
    bound = read_bindings(with_members(), Path("toban.toml"), PARTS.schema)
    found = Edition(design, bound, PARTS.kinds)
    tick(found, NINE)
    return found


def set_up(account: Operator) -> None:
    from allauth.mfa.models import Authenticator  # noqa: PLC0415 - its models need Django ready

    account.password_changed_at = system_clock()
    account.save()
    Authenticator.objects.create(user=account, type=Authenticator.Type.TOTP, data={"secret": "unused"})


def holder(edition: Edition) -> str:
    return accounts_holding(edition, "開発担当者", NINE)[0].username


def pressed(edition: Edition, name: str, words: str) -> str:
    asked = ChatRequest(MEMBERS.get(name, name), "sign-off", words)
    return carried_out(asked, PARTS.ports, edition, NINE).in_language("ja")


def words(edition: Edition, run: Run) -> str:
    return f"{run.pk} {shown(edition, run, NINE)}"


def test_the_morning_in_slack_has_the_facts_and_a_button_that_signs_them_off(slack: Edition) -> None:
    tell_mornings(slack, PARTS, NINE)
    contacts = contacts_of(slack.bindings, slack.kinds.of(CHANNEL_KINDS), "http://toban.example")
    pipeline.announce(slack.design, contacts, NINE)
    name = holder(slack)
    mine = Alert.objects.get(key__endswith=name)
    (sent,) = Delivery.objects.filter(announcement__alerts=mine)
    message = payload(notice_of(sent), sent.addresses, "#ops")
    blocks = message["blocks"]
    assert isinstance(blocks, list)

    (button,) = [each for each in blocks[-1]["elements"] if each["action_id"] == "toban/sign-off"]

    assert sent.addresses == [MEMBERS[name]]
    assert "監視ダッシュボード確認" in json.dumps(blocks, ensure_ascii=False)
    assert button["text"]["text"] == "実施した: 監視ダッシュボード確認"
    assert pressed(slack, name, button["value"]).endswith("が実施")
    assert task().state == Run.State.DONE


def test_mornings_of_many_are_not_one_message(slack: Edition) -> None:
    tell_mornings(slack, PARTS, NINE)
    model = Alert.objects.filter(key__startswith="tasks/morning").first()
    assert model is not None
    for number in range(3):
        model.pk, model.key = None, f"tasks/morning/more/{number}"
        model.save(force_insert=True)
    contacts = contacts_of(slack.bindings, slack.kinds.of(CHANNEL_KINDS), "http://toban.example")

    pipeline.announce(slack.design, contacts, NINE)

    sent = Delivery.objects.filter(announcement__alerts__key__startswith="tasks/morning")
    assert sent.count() == 5
    assert all(each.announcement.alerts.count() == 1 for each in sent)
    assert {len(each.recipients) for each in sent} == {1}


def test_a_sign_off_in_the_chat_is_evidence_of_whose_it_was_and_where(slack: Edition) -> None:
    name = holder(slack)

    pressed(slack, name, words(slack, task()))

    signed = SignOff.objects.get()
    entry = LedgerEntry.objects.get(content__order="sign-off-task")
    assert (signed.username, signed.via, signed.seconds_open) == (name, "chat", None)
    assert (entry.actor, entry.content["via"]) == (name, "chat")
    assert signed.at.astimezone(UTC) == NINE.astimezone(UTC)


def test_the_same_button_a_second_time_changes_nothing(slack: Edition) -> None:
    name, button = holder(slack), words(slack, task())
    pressed(slack, name, button)

    with pytest.raises(NotPossible, match="すでに終わっています"):
        pressed(slack, name, button)

    assert SignOff.objects.count() == 1


def test_another_persons_button_signs_nothing_off(slack: Edition) -> None:
    with pytest.raises(NotPossible, match="あなたは今、その役割を担っていません"):
        pressed(slack, "sato", words(slack, task()))
    with pytest.raises(NotPossible, match="アカウントがありません"):
        pressed(slack, "U0NOBODY", words(slack, task()))

    assert not SignOff.objects.exists()


def test_what_was_handed_on_since_is_not_signed_off_by_the_old_button(slack: Edition) -> None:
    name, button = holder(slack), words(slack, task())
    hand_on(order(slack, name, task()), "運用責任者", "外出のため", now=NINE)

    with pytest.raises(NotPossible, match="別の人に引き継がれています"):
        pressed(slack, name, button)


@pytest.mark.parametrize("typed", ["", "1", "1 4f1c", "x " + "0" * 64, "1 " + "0" * 64 + " 所見"])
def test_words_that_no_button_has_are_refused(slack: Edition, typed: str) -> None:
    with pytest.raises(NotPossible, match="署名する作業が分かりません"):
        pressed(slack, holder(slack), typed)


def test_facts_that_were_not_shown_are_not_signed_off(slack: Edition) -> None:
    with pytest.raises(NotPossible, match="表示した内容が変わりました") as refused:
        pressed(slack, holder(slack), f"{task().pk} {'0' * 64}")

    assert "/tasks/" in refused.value.hint.in_language("ja")


@pytest.mark.parametrize(
    "odd",
    [
        TaskFact(plain("アラート"), plain("3"), is_exception=True),
        TaskFact(plain("アラート"), plain("3"), is_undecided=True),
    ],
)
def test_what_is_odd_has_no_button_and_leads_to_the_page(
    slack: Edition, monkeypatch: pytest.MonkeyPatch, odd: TaskFact
) -> None:
    for module in (lists, orders):
        monkeypatch.setattr(module, "facts_of", lambda *_: (odd,))
    name = holder(slack)

    tell_mornings(slack, PARTS, NINE)

    assert not OfferedTask.objects.filter(run=task()).exists()
    with pytest.raises(NotPossible) as refused:
        pressed(slack, name, words(slack, task()))
    assert "/tasks/" in refused.value.hint.in_language("ja")
    assert not SignOff.objects.exists()


def test_a_locked_account_signs_nothing_off(slack: Edition) -> None:
    button = words(slack, task())
    Operator.objects.filter(username=holder(slack)).update(is_active=False)

    with pytest.raises(NotPossible, match="アカウントがありません"):
        pressed(slack, "tanaka", button)
    with pytest.raises(NotPossible):
        pressed(slack, "suzuki", button)
