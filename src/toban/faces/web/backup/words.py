"""Words for backups: what each holds, and whether it can be relied on."""

from collections.abc import Mapping
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toban.chapters.backup.engine import Method
from toban.chapters.backup.models import Backup


class Holding(StrEnum):
    """Whether a backup can be relied on."""

    WHOLE = "whole"
    """In the store, read back and found whole."""
    UNREAD = "unread"
    """In the store, not read back yet."""
    TROUBLED = "troubled"
    """It can't be restored: it is broken, or the full backup that it is based on is broken or gone."""
    PRUNED = "pruned"


METHODS: Mapping[str, Promise] = {
    Method.FULL: gettext_lazy("フル"),
    Method.INCREMENTAL: gettext_lazy("増分"),
}
HOLDINGS: Mapping[Holding, tuple[str, Promise]] = {
    Holding.WHOLE: ("●", gettext_lazy("検証済み")),
    Holding.UNREAD: ("○", gettext_lazy("未検証")),
    Holding.TROUBLED: ("■", gettext_lazy("使用不可")),
    Holding.PRUNED: ("◇", gettext_lazy("削除済み")),
}


def method(backup: Backup) -> str:
    """Return how *backup* was taken; a full one in place of an increment says so."""
    if backup.stands_in:
        return _("フル (増分の代わり)")
    return str(METHODS.get(backup.method, backup.method))


def holding(backup: Backup) -> Holding:
    """Return whether *backup*, read `with_bases`, can be relied on."""
    if backup.pruned_at is not None:
        return Holding.PRUNED
    if backup.why_unusable:
        return Holding.TROUBLED
    return Holding.WHOLE if backup.verified_at is not None else Holding.UNREAD
