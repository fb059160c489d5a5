"""Requests to RDS, as values."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_LONGEST_INSTANCE_NAME = 63


def snapshot_name(instance: str, label: str) -> str:
    """Return the identifier of a snapshot: letters, digits and single hyphens, in lower case."""
    return f"toban-{instance}-{label}".lower()


def snapshot(instance: str, label: str) -> Mapping[str, Any]:
    """`CreateDBSnapshot`: its tags show anyone who looks at the account that it is Toban's."""
    return {
        "DBInstanceIdentifier": instance,
        "DBSnapshotIdentifier": snapshot_name(instance, label),
        "Tags": [{"Key": "toban", "Value": label}],
    }


def restored_name(instance: str, now: datetime) -> str:
    """Return the identifier of a new instance."""
    ending = f"-{now.astimezone(UTC):%Y%m%dt%H%M%S}"
    return instance[: _LONGEST_INSTANCE_NAME - len(ending)].rstrip("-").lower() + ending


def from_snapshot(name: str, target: str, source: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """`RestoreDBInstanceFromDBSnapshot`; *source* is None if the instance is gone."""
    return {"DBSnapshotIdentifier": name, "DBInstanceIdentifier": target, **surroundings(source or {})}


def to_moment(target: str, source: Mapping[str, Any], moment: datetime | None) -> Mapping[str, Any]:
    """`RestoreDBInstanceToPointInTime`; *moment* None: as far as the log goes."""
    when = {"UseLatestRestorableTime": True} if moment is None else {"RestoreTime": moment.astimezone(UTC)}
    return {
        "SourceDBInstanceIdentifier": source["DBInstanceIdentifier"],
        "TargetDBInstanceIdentifier": target,
        **when,
        **surroundings(source),
    }


def surroundings(source: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings that a restored instance would lose: RDS gives it the defaults of the account.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html
    """
    found: dict[str, Any] = {}
    if source.get("DBInstanceClass"):
        found["DBInstanceClass"] = source["DBInstanceClass"]
    subnets = (source.get("DBSubnetGroup") or {}).get("DBSubnetGroupName")
    if subnets:
        found["DBSubnetGroupName"] = subnets
    groups = [each["VpcSecurityGroupId"] for each in source.get("VpcSecurityGroups") or ()]
    if groups:
        found["VpcSecurityGroupIds"] = groups
    parameters = [each["DBParameterGroupName"] for each in source.get("DBParameterGroups") or ()]
    if parameters:
        found["DBParameterGroupName"] = parameters[0]
    if "PubliclyAccessible" in source:
        found["PubliclyAccessible"] = source["PubliclyAccessible"]
    return found
