"""The version in force belongs to the state database: two nodes never run two documents."""

from pathlib import Path

import pytest
from django.db import transaction
from django.utils.crypto import salted_hmac
from pytest_django import Settings
from tests.integration.engine.editions.server import BINDINGS, DESIGN, Server
from tests.registered import PARTS

from toban.engine.editions import records
from toban.engine.editions.edition import Edition, EditionRefusal
from toban.engine.editions.inforce import EditionInForce
from toban.engine.editions.models import SharedEdition
from toban.engine.editions.operation import tell_put_back
from toban.engine.editions.shared import StateDatabase, put_in_force
from toban.engine.editions.shown import ShownEditions
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.models import Alert

pytestmark = pytest.mark.django_db

AT_FIVE = DESIGN.replace("2:00", "5:00")


class Node(Server):
    """A node with files and a home of its own, as a worker or a server looks at them."""

    proposes = True

    def start(self, kept: str = "kept") -> None:
        super().start(kept)
        self.shared = StateDatabase(self.folder / kept)
        self.files = EditionInForce(
            self.folder / "ops.md", self.folder / "toban.toml", PARTS.schema, kinds=PARTS.kinds,
            kept=self.folder / kept, review=self.review, shared=self.shared, proposes=self.proposes,
        )  # fmt: skip

    def look(self) -> None:
        for _ in range(3):
            former = self.files.edition
            match self.files.refresh():
                case Edition() as edition if self.proposes and not self.files.is_from_elsewhere:
                    gate = self.review.gate_of(edition)
                    with transaction.atomic():
                        number = put_in_force(
                            former, edition, self.files.sources, self.review.rows_of, self.now, gate=gate,
                            seen=self.shared.seen(),
                        )  # fmt: skip
                    self.shared.note(number)
                case EditionRefusal() as refusal if self.proposes:
                    records.record_refusal(self.files.edition, refusal, self.review.rows_of, self.now)
                case _:
                    pass
            if self.proposes:
                self.files.keep()

    @property
    def time(self) -> str:
        assert self.files.edition is not None
        found = next(each for each in self.files.edition.design.clauses if each.kind == "batch")
        return next(each for each in ("2:00", "5:00", "6:00") if each in found.text)


class ServingNode(Node):
    """A server: it shows what is in force, and puts nothing in force itself."""

    proposes = False

    def start(self, kept: str = "kept") -> None:
        super().start(kept)
        self.shown = ShownEditions(self.files)

    def look(self) -> None:
        super().look()
        self.shown.look()


@pytest.fixture(autouse=True)
def key(settings: Settings) -> None:
    settings.HAS_SECRET_KEY, settings.SECRET_KEY = True, "k" * 40


def node(folder: Path, design: str = DESIGN, kind: type[Node] = Node) -> Node:
    folder.mkdir(parents=True)
    made = kind(folder)
    made.write(design=design)
    made.look()
    return made


def in_force() -> list[str]:
    found = LedgerEntry.objects.filter(kind="document", content__has_key="in_force").order_by("sequence")
    return [each.document_digest for each in found]


def test_a_change_on_one_node_is_in_force_on_the_other_whose_files_are_old(tmp_path: Path) -> None:
    one, other = node(tmp_path / "one"), node(tmp_path / "other")

    one.write(design=AT_FIVE)
    one.look()
    other.look()

    assert (one.time, other.time) == ("5:00", "5:00")
    assert (one.files.is_left_behind, other.files.is_left_behind) == (False, True)
    assert len(in_force()) == 2


def test_files_left_behind_do_not_bring_the_former_version_back_at_a_restart(tmp_path: Path) -> None:
    one, other = node(tmp_path / "one"), node(tmp_path / "other")
    one.write(design=AT_FIVE)
    one.look()
    other.look()

    other.start()
    other.look()
    one.look()

    assert (one.time, other.time) == ("5:00", "5:00")
    assert len(in_force()) == 2


def test_a_new_home_with_files_of_a_former_version_follows(tmp_path: Path) -> None:
    one = node(tmp_path / "one")
    one.write(design=AT_FIVE)
    one.look()

    late = node(tmp_path / "late")

    assert (late.time, late.files.is_left_behind) == ("5:00", True)
    assert len(in_force()) == 2


def test_a_new_home_with_files_that_were_never_in_force_brings_them(tmp_path: Path) -> None:
    one = node(tmp_path / "one")

    new = node(tmp_path / "new", AT_FIVE)
    one.look()

    assert (one.time, new.time) == ("5:00", "5:00")


def test_one_node_goes_back_to_a_former_version_while_it_is_stopped(tmp_path: Path) -> None:
    one = node(tmp_path / "one")
    one.write(design=AT_FIVE)
    one.look()

    one.write(design=DESIGN)
    one.start()
    one.look()

    assert one.time == "2:00"
    assert len(in_force()) == 3


def test_a_server_shows_what_is_in_force_and_not_its_own_files(tmp_path: Path) -> None:
    node(tmp_path / "one")

    shown = node(tmp_path / "two", AT_FIVE, ServingNode)

    assert shown.time == "2:00"
    assert shown.files.is_left_behind


def test_files_that_are_brought_up_to_date_are_no_news(tmp_path: Path) -> None:
    one, other = node(tmp_path / "one"), node(tmp_path / "other")
    one.write(design=AT_FIVE)
    one.look()
    other.look()

    other.write(design=AT_FIVE)
    other.look()

    assert not other.files.is_left_behind
    assert len(in_force()) == 2


@pytest.mark.parametrize("flaw", ["signature", "document", "key", "no key"])
def test_what_no_node_has_signed_is_not_run(tmp_path: Path, settings: Settings, flaw: str) -> None:
    one = node(tmp_path / "one")
    found = SharedEdition.objects.get()
    if flaw == "signature":
        SharedEdition.objects.update(document_digest="0" * 64)
    if flaw == "document":
        SharedEdition.objects.update(document=bytes(found.document).replace(b"2:00", b"6:00"))
    if flaw == "key":
        settings.SECRET_KEY = "x" * 40
    if flaw == "no key":
        settings.HAS_SECRET_KEY = False

    (tmp_path / "one" / "ops.md").unlink()
    one.start()
    one.look()
    late = node(tmp_path / "late", AT_FIVE)

    assert (one.time, late.time) == ("2:00", "5:00")


def test_windows_line_ends_are_the_same_version_everywhere(tmp_path: Path) -> None:
    one = node(tmp_path / "one")
    (one.folder / "toban.toml").write_bytes(BINDINGS.replace("\n", "\r\n").encode() + b"# end\r\n")
    (one.folder / "ops.md").write_bytes(AT_FIVE.replace("\n", "\r\n").encode())
    one.look()

    late = node(tmp_path / "late")

    assert one.files.edition is not None
    assert late.files.edition is not None
    assert late.files.edition.digests == one.files.edition.digests
    assert late.time == "5:00"


def test_a_new_node_with_the_version_in_force_records_nothing_new(tmp_path: Path) -> None:
    node(tmp_path / "one")

    other = node(tmp_path / "other")

    assert not other.files.is_left_behind
    assert in_force() == [SharedEdition.objects.get().document_digest]


def test_a_former_version_that_is_put_back_into_the_database_is_not_taken(tmp_path: Path) -> None:
    one, two = node(tmp_path / "one"), node(tmp_path / "two")
    former = SharedEdition.objects.values().get()
    one.write(design=AT_FIVE)
    one.look()
    two.look()
    SharedEdition.objects.update(**former)

    for each in (one, two):
        each.look()
        assert each.time == "5:00"
    two.start()
    two.look()
    assert two.time == "5:00"


def put_back_after_a_change(one: Node) -> None:
    former = SharedEdition.objects.values().get()
    one.write(design=AT_FIVE)
    one.look()
    SharedEdition.objects.update(**former)


@pytest.mark.parametrize("design", [DESIGN, AT_FIVE])
def test_a_new_home_does_not_take_a_former_version_that_was_put_back(tmp_path: Path, design: str) -> None:
    one = node(tmp_path / "one")
    put_back_after_a_change(one)

    late = node(tmp_path / "late", design)

    assert late.files.edition is None or late.time == "5:00"
    assert (late.files.edition is None) is (design == DESIGN)
    # Once a change is in force everywhere again, it follows.
    one.write(design=DESIGN.replace("2:00", "6:00"))
    one.look()
    late.look()
    assert (one.time, late.time) == ("6:00", "6:00")


def test_the_evidence_of_a_number_counts_only_if_it_is_signed(tmp_path: Path) -> None:
    node(tmp_path / "one")
    entry = LedgerEntry.objects.filter(kind="document").latest("sequence")
    entry.content["shared"]["number"] = 2**40
    LedgerEntry.objects.filter(pk=entry.pk).update(content=entry.content)

    assert node(tmp_path / "late", AT_FIVE.replace("5:00", "6:00")).shared.seen() == 2


def test_a_former_version_that_is_put_back_raises_an_alert_until_it_is_over(tmp_path: Path) -> None:
    one = node(tmp_path / "one")
    put_back_after_a_change(one)
    edition = one.files.edition
    assert edition is not None
    # Also a node that has seen nothing before tells.
    shared = StateDatabase(tmp_path / "new")

    tell_put_back(shared, edition, one.now)
    tell_put_back(shared, edition, one.now)

    alert = Alert.objects.get(key="document/put-back")
    assert (alert.condition, alert.resolved_at) == ("critical", None)
    assert "番号は 1" in str(alert.value)
    one.write(design=DESIGN.replace("2:00", "6:00"))
    one.look()
    tell_put_back(shared, edition, one.now)
    alert.refresh_from_db()
    assert alert.resolved_at == one.now


def test_what_is_in_force_raises_none(tmp_path: Path) -> None:
    one = node(tmp_path / "one")
    one.write(design=AT_FIVE)
    one.look()
    assert one.files.edition is not None

    tell_put_back(StateDatabase(tmp_path / "new"), one.files.edition, one.now)

    assert not Alert.objects.filter(key="document/put-back").exists()


def test_a_number_that_nobody_signed_raises_nothing(tmp_path: Path) -> None:
    one, two = node(tmp_path / "one"), node(tmp_path / "two")
    SharedEdition.objects.update(number=2**40)
    two.look()
    assert two.shared.seen() == 1

    one.start()
    one.write(design=AT_FIVE)
    one.look()

    assert SharedEdition.objects.get().number == 2
    two.look()
    assert two.time == "5:00"


def test_a_state_that_was_restored_is_taken_after_the_number_was_deleted(tmp_path: Path) -> None:
    one = node(tmp_path / "one")
    former = SharedEdition.objects.values().get()
    one.write(design=AT_FIVE)
    one.look()
    SharedEdition.objects.update(**former)
    # The evidence comes from the same backup.
    LedgerEntry.objects.order_by("-sequence")[0].delete()
    (one.folder / "kept" / "number").unlink()

    one.start()
    one.look()

    assert one.time == "2:00"


def test_a_version_from_before_there_were_numbers_is_in_force(tmp_path: Path, settings: Settings) -> None:
    node(tmp_path / "one")
    row = SharedEdition.objects.get()
    digests = f"{row.document_digest}/{row.bindings_digest}"
    signed = salted_hmac("toban.engine.editions.shared", digests, algorithm="sha256").hexdigest()
    SharedEdition.objects.update(number=0, signature=signed)
    # Nor did the evidence have any.
    (entry,) = LedgerEntry.objects.filter(kind="document")
    LedgerEntry.objects.update(content={**entry.content, "shared": {}})
    assert settings.HAS_SECRET_KEY

    assert node(tmp_path / "two", AT_FIVE.replace("5:00", "6:00")).shared.seen() == 1


WITHOUT_ROW = "\n".join(line for line in DESIGN.splitlines() if "2:00" not in line) + "\n"


def test_a_server_shows_the_version_that_waits_though_it_proposes_none(tmp_path: Path) -> None:
    one = node(tmp_path / "one")
    page = node(tmp_path / "page", kind=ServingNode)
    assert isinstance(page, ServingNode)

    one.write(design=WITHOUT_ROW)
    page.write(design=WITHOUT_ROW)
    page.look()
    assert page.shown.refusal is None
    one.look()
    page.look()

    shown = page.shown.refusal
    assert shown is not None
    assert shown.awaits is not None
    assert one.files.refusal is not None
    assert (shown.awaits.digests, shown.digest) == (
        one.files.refusal.awaits.digests,
        one.files.refusal.digest,
    )
    assert "2:00" in page.time


def test_a_server_with_files_of_a_former_version_shows_nothing_that_waits(tmp_path: Path) -> None:
    one, page = node(tmp_path / "one"), node(tmp_path / "page", kind=ServingNode)
    assert isinstance(page, ServingNode)

    one.write(design=AT_FIVE)
    one.look()
    page.look()

    assert (page.time, page.shown.refusal) == ("5:00", None)
