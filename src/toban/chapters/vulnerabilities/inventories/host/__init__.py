"""What the distribution of a host has installed: dpkg, rpm or apk; here, or on another host by SSH."""

from toban.chapters.vulnerabilities.inventories.host.config import HostInventory
from toban.chapters.vulnerabilities.inventory import InventoryKind, InventorySource


def _open(config: HostInventory) -> InventorySource:
    # This loads the SSH library, which code that only reads the bindings need not wait for.
    from toban.chapters.vulnerabilities.inventories.host.source import HostSource  # noqa: PLC0415

    return HostSource(config)


KIND = InventoryKind(HostInventory, _open)
