"""A person says that a process that is gone won't come back."""

from datetime import datetime

from django.db import transaction

from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.nodes.models import NodeProcess
from toban.engine.orders import NotPossible
from toban.message import Message


def forget(name: str, *, by: str, now: datetime) -> None:
    """Delete the process *name*, recorded as an order of *by*; raise `NotPossible` if it is not gone."""
    host, _, rest = name.partition("/")
    program, _, pid = rest.partition("/")
    with transaction.atomic():
        ledger.hold()
        found = NodeProcess.objects.filter(host=host, program=program, pid=pid) if pid.isdecimal() else ()
        for each in found:
            if not each.node.is_gone(now):
                raise NotPossible(Message("nodes.still-there", node=name))
            each.delete()
            content = {"order": "node-forgotten", "node": name}
            ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by[:150]), now=now)
            return
    raise NotPossible(Message("nodes.unknown", node=name))
