"""Lists of packages that senders push: the newest under each name is kept."""

from datetime import datetime

from django.db import transaction

from toban.chapters.vulnerabilities.models import PushedList
from toban.chapters.vulnerabilities.package import Inventory, Package

MOST = 500
"""Lists of one sender; beyond, the oldest go."""


def receive(sender: str, name: str, inventory: Inventory, now: datetime) -> None:
    """Keep *inventory*, which *sender* calls *name*."""
    values = {
        "received_at": now,
        "taken_at": inventory.taken_at,
        "packages": [
            [each.ecosystem, each.name, each.version, each.installed] for each in inventory.packages
        ],
        "unknown": list(inventory.unknown),
    }
    with transaction.atomic():
        PushedList.objects.update_or_create(sender=sender, name=name, defaults=values)
        kept = PushedList.objects.filter(sender=sender).order_by("-received_at", "-pk")
        PushedList.objects.filter(pk__in=list(kept.values_list("pk", flat=True)[MOST:])).delete()


def newest(sender: str, name: str) -> Inventory | None:
    """Return what *sender* last pushed under *name*; None if it never did."""
    found = PushedList.objects.filter(sender=sender, name=name).first()
    if found is None:
        return None
    return Inventory(tuple(Package(*each) for each in found.packages), found.taken_at, tuple(found.unknown))
