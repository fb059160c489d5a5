"""Software bills of materials: CycloneDX and SPDX, from a file or an address."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, model_validator

from toban.chapters.vulnerabilities.bindings import InventoryBinding
from toban.chapters.vulnerabilities.inventories.files import content_of
from toban.chapters.vulnerabilities.inventories.reading.sbom import NotABill, read_bill
from toban.chapters.vulnerabilities.inventory import InventoryKind, InventoryUnknown
from toban.chapters.vulnerabilities.package import Inventory, believable
from toban.engine.bindings.section import beside_the_bindings, invalid
from toban.engine.network.http import HttpAccess, Unanswered, fetch, new_client
from toban.message import Message, message_of

_OK = 200


class BillAddress(HttpAccess):
    """`[inventory.NAME.at]`: the address of the bill of materials."""


class SbomInventory(InventoryBinding):
    """`kind = "sbom"`: what an image or an application consists of, as whoever built it says."""

    example: ClassVar[Mapping[str, str]] = {"path": "/srv/shop/sbom.cdx.json"}

    path: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """The file; either this or `at`."""
    at: BillAddress | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if (self.path is None) is (self.at is None):
            raise invalid(Message("vulnerabilities.path-or-address"))
        return self


class SbomSource:
    """One bill of materials."""

    def __init__(self, config: SbomInventory) -> None:
        self._config = config

    def read(self, now: datetime) -> Inventory:
        """See `InventorySource`."""
        written = content_of(self._config.path) if self._config.path is not None else self._fetched()
        try:
            packages, unknown, made_at = read_bill(written)
        except NotABill as error:
            raise InventoryUnknown(Message("vulnerabilities.not-a-bill")) from error
        if not packages:
            raise InventoryUnknown(Message("vulnerabilities.bill-names-nothing", count=len(unknown)))
        return Inventory(packages, believable(made_at, now), unknown)

    def _fetched(self) -> bytes:
        if self._config.at is None:
            raise AssertionError("a bill has a path or an address")
        try:
            answer = fetch(new_client(self._config.at.ca_file), self._config.at)
        except Unanswered as error:
            raise InventoryUnknown(message_of(error), retry=True) from error
        if answer.status != _OK:
            raise InventoryUnknown(
                Message("vulnerabilities.bill-status", place=self._config.at.place, status=answer.status)
            )
        return answer.body


KIND = InventoryKind(SbomInventory, SbomSource)
