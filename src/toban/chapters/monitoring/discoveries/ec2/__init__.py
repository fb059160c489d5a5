"""EC2 instances by their tags."""

from toban.chapters.monitoring.discoveries.ec2.config import Ec2Config
from toban.chapters.monitoring.discovery import Discovery, DiscoveryKind


def _build(config: Ec2Config) -> Discovery:
    # This loads AWS's library, which code that only reads the bindings need not wait for.
    from toban.chapters.monitoring.discoveries.ec2.discovery import Ec2Discovery  # noqa: PLC0415

    return Ec2Discovery(config)


KIND = DiscoveryKind(config=Ec2Config, build=_build)
