"""What people order about incidents from a chat: the buttons they see, and what the orders do."""

from datetime import UTC, timedelta

import pytest
from tests.integration.chapters.incident.place import BINDINGS, MINUTE, WEB, Place
from tests.integration.chapters.incident.test_telling import announce, deliver
from tests.registered import PARTS

from toban.chapters.incident import orders
from toban.chapters.incident.chat import SAME_WITHIN
from toban.chapters.incident.declaring.telling import page_of
from toban.chapters.incident.models import Incident
from toban.chapters.incident.orders import Declaration
from toban.design.values.metric import Metric
from toban.engine.evidence import ledger
from toban.engine.notify.chat.ordering import account_of, buttons_of, carried_out, language_of
from toban.engine.notify.chat.port import ChatMessage, ChatRequest
from toban.engine.notify.delivery import outbox
from toban.engine.notify.models import Announcement, Delivery
from toban.engine.notify.signal import Condition
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole

pytestmark = pytest.mark.django_db

NAMI, REN, MIRU, NOBODY = "U0NAMI", "U0REN", "U0MIRU", "U0NOBODY"
BOUND = f"""{BINDINGS.replace('account = "nami"', f'account = "nami"{chr(10)}slack = "{NAMI}"')}
slack = "{REN}"
language = "en"
[people."閲覧"]
account = "miru"
slack = "{MIRU}"
[channels.slack]
kind = "slack"
webhook = "env:SHOP_SLACK"
channel = "#monitoring"
"""


@pytest.fixture
def chatting(place: Place) -> Place:
    return place.take(BOUND)


def order(
    place: Place, act: str, words: str = "", member: str = NAMI, message: ChatMessage | None = None
) -> str:
    asked = ChatRequest(member, act, words, message)
    return carried_out(asked, PARTS.ports, place.edition, place.now).in_language("en")


def refusal(
    place: Place, act: str, words: str = "", member: str = NAMI, message: ChatMessage | None = None
) -> str:
    with pytest.raises(NotPossible) as caught:
        order(place, act, words, member, message)
    return caught.value.said.code


def message(place: Place, text: str, author: str = NAMI, thread: str = "") -> ChatMessage:
    return ChatMessage(
        text, author, place.now.astimezone(UTC) - MINUTE, "slack/C1/1.2", thread, "https://x.slack.com/1"
    )


def shown(number: int) -> list[tuple[str, str]]:
    return [(each.act, each.words) for each in buttons_of(number, PARTS.ports)]


def warned(place: Place) -> Announcement:
    """Announce a warning, which is no incident by itself."""
    place.fires(WEB, Metric.CPU_USAGE, Condition.WARNING)
    place.look()
    announce(place)
    return Announcement.objects.latest("pk")


def test_an_alerts_notification_offers_to_declare_and_then_to_lead(chatting: Place) -> None:
    told = warned(chatting)
    assert shown(told.pk) == [("declare", str(told.pk))]

    said = order(chatting, "declare", str(told.pk))

    made = chatting.incident()
    assert said == f"Incident {made.pk} is declared (severity: Low). {page_of(made)}"
    assert (str(made.title), made.targets, made.joined.count()) == (f"{WEB} CPU使用率", [WEB], 1)
    assert shown(told.pk) == [("take", str(made.pk)), ("level", f"{made.pk} Low")]
    assert refusal(chatting, "declare", str(told.pk)) == "incident-chat.nothing-to-declare"
    assert Incident.objects.count() == 1


def test_an_incidents_notification_offers_what_is_still_to_be_done(chatting: Place) -> None:
    chatting.fires(WEB, Metric.UP)
    chatting.look()
    made = chatting.incident()
    orders.tell_update(made.pk, "調べています", chatting.order(), chatting.now)
    announce(chatting)
    told = Announcement.objects.get(alert__labels__item="incident")
    assert shown(told.pk) == [("take", str(made.pk)), ("level", f"{made.pk} Critical")]

    order(chatting, "take", str(made.pk), REN)
    order(chatting, "level", f"{made.pk} Critical")

    made.refresh_from_db()
    assert (made.commander, made.responded_by, made.confirmed_by) == ("ren", "ren", "nami")
    assert shown(told.pk) == []


def test_the_notice_carries_the_buttons_and_an_event_is_not_to_be_acknowledged(chatting: Place) -> None:
    chatting.fires(WEB, Metric.UP)
    chatting.look()
    made = chatting.incident()
    orders.tell_update(made.pk, "調べています", chatting.order(), chatting.now)
    announce(chatting)

    event = outbox.notice_of(Delivery.objects.get(announcement__alert__labels__item="incident"))
    alert = outbox.notice_of(Delivery.objects.exclude(announcement__alert__labels__item="incident").get())

    assert (event.announcement, [each.act for each in event.buttons]) == (0, ["take", "level"])
    assert alert.announcement > 0
    assert [each.label.in_language("ja") for each in alert.buttons] == [
        f"障害 {made.pk} の指揮を執る",
        f"障害 {made.pk} のレベルを確認: Critical",
    ]


def test_of_two_who_take_it_one_leads_and_the_other_is_told_who(chatting: Place) -> None:
    made = orders.declare(Declaration(title="遅い"), chatting.order(), chatting.now)

    order(chatting, "take", f"#{made.pk}", REN)

    assert refusal(chatting, "take", str(made.pk), NAMI) == "incident.is-taken"


def test_a_level_that_has_changed_meanwhile_is_not_confirmed_by_an_old_button(chatting: Place) -> None:
    made = orders.declare(Declaration(title="遅い", level="Low"), chatting.order(), chatting.now)
    orders.confirm_level(made.pk, "High", "広がった", chatting.order(), chatting.now)

    assert refusal(chatting, "level", f"{made.pk} Low", REN) == "incident.reason-missing"

    order(chatting, "level", f"{made.pk} Low 収まった", REN)
    made.refresh_from_db()
    assert (made.level, made.confirmed_by) == ("Low", "ren")
    assert refusal(chatting, "level", f"{made.pk} Worst") == "incident.no-such-level"


def test_confirming_twice_records_once(chatting: Place) -> None:
    made = orders.declare(Declaration(title="遅い"), chatting.order(), chatting.now)

    order(chatting, "level", f"{made.pk} {made.level}")
    order(chatting, "level", f"{made.pk} {made.level}")

    assert chatting.acts().count("incident-level-confirmed") == 1


def test_declaring_the_same_again_so_soon_declares_nothing(chatting: Place) -> None:
    order(chatting, "incident", "注文できない")
    first = chatting.incident()

    chatting.pass_(SAME_WITHIN - timedelta(seconds=1))
    said = order(chatting, "incident", " 注文できない\n(追記)", REN)
    assert f"Incident {first.pk} with this title has just been declared" in said
    assert Incident.objects.count() == 1

    chatting.pass_(timedelta(seconds=1))
    order(chatting, "incident", "注文できない", REN)
    assert Incident.objects.count() == 2


def test_a_line_is_added_by_command_with_its_author(chatting: Place) -> None:
    made = orders.declare(Declaration(title="遅い"), chatting.order(), chatting.now)

    order(chatting, "note", f"{made.pk} 再起動した", REN)

    line = made.timeline.get()
    assert (str(line.said), line.by) == ("再起動した", "ren")
    assert refusal(chatting, "note", "再起動した") == "incident-chat.number-missing"
    assert refusal(chatting, "note", f"{made.pk}") == "incident-reports.text-missing"
    assert refusal(chatting, "note", "999 何か") == "incident-reports.no-such-incident"


def test_a_chosen_message_is_added_once_with_its_time_and_who_wrote_it(chatting: Place) -> None:
    made = orders.declare(Declaration(title="遅い"), chatting.order(), chatting.now)
    theirs = message(chatting, "DB を見ています", REN)

    order(chatting, "note", message=theirs)
    order(chatting, "note", message=theirs, member=REN)

    line = made.timeline.get()
    assert (str(line.said), line.by) == (f"{REN}: DB を見ています", "nami")
    assert (line.at, line.url) == (theirs.at, "https://x.slack.com/1")


def test_ones_own_message_has_no_name_before_it_and_a_long_one_is_cut(chatting: Place) -> None:
    made = orders.declare(Declaration(title="遅い"), chatting.order(), chatting.now)

    order(chatting, "note", message=message(chatting, "あ" * 3_000))

    assert str(made.timeline.get().said) == "あ" * 1_999 + "…"
    assert refusal(chatting, "note", message=message(chatting, " ")) == "incident-reports.text-missing"


def test_a_message_belongs_to_the_incident_of_its_thread(chatting: Place) -> None:
    chatting.fires(WEB, Metric.UP)
    chatting.look()
    outage = chatting.incident()
    announce(chatting)
    deliver(chatting)
    Delivery.objects.update(receipt="1700000000.000100")
    orders.declare(Declaration(title="別の障害"), chatting.order(), chatting.now)
    elsewhere = message(chatting, "どちら?", thread="1700000000.999999")
    assert refusal(chatting, "note", message=elsewhere) == "incident-chat.several-open"

    order(chatting, "note", message=message(chatting, "こちら", thread="1700000000.000100"))

    assert [str(each.said) for each in outage.timeline.filter(kind="note")] == ["こちら"]


def test_without_an_open_incident_there_is_nothing_to_add_to(chatting: Place) -> None:
    assert refusal(chatting, "note", message=message(chatting, "何か")) == "incident-chat.none-open"


def test_an_incident_is_declared_from_a_message(chatting: Place) -> None:
    seen = message(chatting, "決済が通らない\nと電話がありました", "U0GUEST")

    order(chatting, "incident", message=seen)
    order(chatting, "incident", message=seen)

    made = chatting.incident()
    assert (str(made.title), made.began_at, made.detected_at) == ("決済が通らない", seen.at, chatting.now)
    assert [str(each.said) for each in made.timeline.all()] == ["U0GUEST: 決済が通らない\nと電話がありました"]
    assert refusal(chatting, "incident", message=message(chatting, " ")) == "incident.title-missing"


@pytest.mark.parametrize(
    ("member", "code"), [(NOBODY, "chat.nobody"), ("", "chat.nobody"), (MIRU, "chat.only-reads")]
)
def test_only_bound_members_who_may_give_orders_do(chatting: Place, member: str, code: str) -> None:
    made = orders.declare(Declaration(title="遅い"), chatting.order(), chatting.now)
    before = chatting.acts()

    for act, words in (("take", f"{made.pk}"), ("incident", "x"), ("note", f"{made.pk} x")):
        assert refusal(chatting, act, words, member) == code

    assert chatting.acts() == before
    assert not made.timeline.exists()


def test_who_is_locked_out_or_bound_to_two_accounts_orders_nothing(chatting: Place) -> None:
    Operator.objects.filter(username="ren").update(is_active=False)
    assert refusal(chatting, "incident", "x", REN) == "chat.nobody"

    Operator.objects.filter(username="ren").update(is_active=True)
    chatting.take(BOUND.replace(MIRU, REN))
    assert refusal(chatting, "incident", "x", REN) == "chat.nobody"


@pytest.mark.parametrize("locked", ["ren", "miru"])
def test_whose_account_is_locked_does_not_order_by_another_one(locked: str, chatting: Place) -> None:
    chatting.take(BOUND.replace(MIRU, REN))
    Operator.objects.filter(username="miru").update(operator_role=OperatorRole.DEVELOPER)
    Operator.objects.filter(username=locked).update(is_active=False)

    assert refusal(chatting, "incident", "x", REN) == "chat.nobody"
    assert not Incident.objects.exists()


def test_a_one_time_password_must_be_changed_first(chatting: Place) -> None:
    Operator.objects.filter(username="ren").update(must_change_password=True)

    assert refusal(chatting, "incident", "x", REN) == "tokens.must-first-change-password"


def test_a_member_is_answered_in_their_language(chatting: Place) -> None:
    found = [language_of(each, chatting.edition) for each in (REN, NAMI, NOBODY, "")]

    assert found == ["en", "ja", "ja", "ja"]
    assert account_of(REN, chatting.edition).username == "ren"


def test_what_is_not_known_is_answered_with_what_is(chatting: Place) -> None:
    for asked in ("", "help"):
        assert (
            order(chatting, asked, member=NOBODY).splitlines()[0]
            == "`/toban incident TITLE` declares an incident"
        )
    assert order(chatting, "drop").startswith("there is no order “drop”")
    assert "declare NUMBER" not in order(chatting, "")


def test_whoever_loses_the_role_while_the_order_waits_orders_nothing(
    chatting: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = ledger.hold

    def late() -> None:
        hold()
        Operator.objects.filter(username="nami").update(operator_role=OperatorRole.VIEWER)

    monkeypatch.setattr(ledger, "hold", late)

    assert refusal(chatting, "incident", "注文できない") == "chat.only-reads"
    assert not Incident.objects.exists()
