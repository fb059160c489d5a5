"""What is known of exploits, at each vulnerability that is there: by it the worst comes first."""

from collections.abc import Collection

from toban.chapters.vulnerabilities.advisories.catalogs import Catalogs
from toban.chapters.vulnerabilities.models import Vulnerability

_BATCH = 200


def names_in(inventories: Collection[str]) -> frozenset[str]:
    """Return the names of the vulnerabilities that are present in *inventories*."""
    present = Vulnerability.objects.present().filter(inventory__in=inventories)
    return frozenset(present.values_list("name", flat=True))


def rank(inventories: Collection[str], known: Catalogs) -> None:
    """Note at the vulnerabilities of *inventories* what *known* says of them.

    What a catalog said that can't be read now, or is there no more, still holds.
    """
    changed = []
    for row in Vulnerability.objects.present().filter(inventory__in=inventories):
        since = known.exploited.get(row.name, row.exploited_since)
        likelihood = known.likelihoods.get(row.name, row.likelihood)
        if (since, likelihood) != (row.exploited_since, row.likelihood):
            row.exploited_since, row.likelihood = since, likelihood
            changed.append(row)
    Vulnerability.objects.bulk_update(changed, ("exploited_since", "likelihood"), _BATCH)
