"""Which item of the document a charge belongs to: to one at most, so that no yen is counted twice. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from toban.chapters.cost.charge import ChargeKey
from toban.design.clauses.cost import Budget

_KNOWN: Mapping[str, tuple[str, ...]] = {
    "ec2": ("amazon elastic compute cloud", "amazon elastic compute cloud - compute", "amazonec2"),
    "ebs": ("amazon elastic block store",),
    "rds": ("amazon relational database service", "amazonrds"),
    "s3": ("amazon simple storage service", "amazons3"),
    "sqs": ("amazon simple queue service", "awsqueueservice"),
    "sns": ("amazon simple notification service", "amazonsns"),
    "ses": ("amazon simple email service", "amazonses"),
    "ecs": ("amazon elastic container service", "amazonecs"),
    "eks": ("amazon elastic container service for kubernetes", "amazoneks"),
    "elb": ("elastic load balancing", "awselb"),
    "vpc": ("amazon virtual private cloud", "amazonvpc"),
    "gce": ("compute engine",),
    "gcs": ("cloud storage",),
    "gke": ("kubernetes engine", "google kubernetes engine"),
}
"""Items as documents call them → services as bills do."""


@dataclass(frozen=True)
class Items:
    """The items of the document, with the words that `toban.toml` gives them."""

    budgets: tuple[Budget, ...]
    """Those that are no totals."""
    words: Mapping[str, Sequence[str]]

    def of(self, key: ChargeKey) -> Budget | None:
        """Return the item of a charge; None: その他. What `toban.toml` says counts for more than a name.

        Of what it says, services count for more than tags, and tags for more than accounts.
        """
        for name in (key.service, key.tag, key.account):
            for row in self.budgets:
                if name.casefold() in {each.casefold() for each in self.words.get(row.item, ())}:
                    return row
        named = [row for row in self.budgets if row.item not in self.words and _names(row.item, key.service)]
        return max(named, key=lambda row: len(row.item), default=None)


@cache
def _names(item: str, service: str) -> bool:
    wanted, found = item.casefold().strip(), service.casefold().strip()
    if found in _KNOWN.get(wanted, ()):
        return True
    return re.search(rf"(?<![a-z0-9]){re.escape(wanted)}(?![a-z0-9])", found) is not None
