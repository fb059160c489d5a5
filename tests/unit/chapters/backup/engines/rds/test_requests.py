"""Requests to RDS, as values."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from toban.chapters.backup.engines.rds import requests
from toban.chapters.backup.engines.rds.config import RdsBackup

SOURCE = {
    "DBInstanceIdentifier": "shop",
    "DBInstanceClass": "db.t4g.medium",
    "DBSubnetGroup": {"DBSubnetGroupName": "private"},
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1", "Status": "active"}],
    "DBParameterGroups": [{"DBParameterGroupName": "shop-pg17"}],
    "PubliclyAccessible": False,
}
KEPT = {
    "DBInstanceClass": "db.t4g.medium",
    "DBSubnetGroupName": "private",
    "VpcSecurityGroupIds": ["sg-1"],
    "DBParameterGroupName": "shop-pg17",
    "PubliclyAccessible": False,
}


def test_the_name_of_a_snapshot_is_lower_case_and_names_its_instance() -> None:
    asked = requests.snapshot("Shop", "20261125T020000Z-full")

    assert asked["DBSnapshotIdentifier"] == "toban-shop-20261125t020000z-full"
    assert asked["Tags"] == [{"Key": "toban", "Value": "20261125T020000Z-full"}]


def test_a_restored_instance_keeps_network_and_parameters_of_the_old_one() -> None:
    moment = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)

    assert requests.to_moment("copy", SOURCE, moment) == {
        "SourceDBInstanceIdentifier": "shop",
        "TargetDBInstanceIdentifier": "copy",
        "RestoreTime": moment,
        **KEPT,
    }


def test_without_a_target_time_the_newest_moment_is_restored() -> None:
    asked = requests.to_moment("copy", {"DBInstanceIdentifier": "shop"}, None)

    assert asked == {
        "SourceDBInstanceIdentifier": "shop",
        "TargetDBInstanceIdentifier": "copy",
        "UseLatestRestorableTime": True,
    }


def test_a_snapshot_can_be_restored_where_the_instance_is_gone() -> None:
    assert requests.from_snapshot("s", "copy", None) == {
        "DBSnapshotIdentifier": "s",
        "DBInstanceIdentifier": "copy",
    }
    assert requests.from_snapshot("s", "copy", SOURCE)["VpcSecurityGroupIds"] == ["sg-1"]


@pytest.mark.parametrize("length", [4, 47, 48, 63])
def test_the_name_of_a_new_instance_is_never_too_long(length: int) -> None:
    name = requests.restored_name("s" * length, datetime(2026, 11, 25, 2, 0, 5, tzinfo=UTC))

    assert name.endswith("s-20261125t020005")
    assert len(name) <= 63


@pytest.mark.parametrize("instance", ["", "1shop", "shop-", "a--b", "s" * 64, "店"])
def test_an_invalid_instance_name_is_refused(instance: str) -> None:
    with pytest.raises(ValidationError):
        RdsBackup(instance=instance, region="ap-northeast-1")


def test_one_key_without_the_other_is_refused() -> None:
    with pytest.raises(ValidationError, match="片方だけ"):
        RdsBackup.model_validate({"instance": "shop", "region": "r", "access_key": "env:KEY"})
