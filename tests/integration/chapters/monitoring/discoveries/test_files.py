"""Lists of hosts in files."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from toban.chapters.monitoring.discoveries import file, file_sd
from toban.chapters.monitoring.discovery import DiscoveredHost, Undiscovered


def in_file(path: Path) -> Sequence[DiscoveredHost]:
    return file.KIND.build(file.KIND.config.model_validate({"path": path})).look()


def in_file_sd(path: Path) -> Sequence[DiscoveredHost]:
    return file_sd.KIND.build(file_sd.KIND.config.model_validate({"path": path})).look()


def test_each_line_is_a_host_with_its_name_and_labels(tmp_path: Path) -> None:
    path = tmp_path / "web.txt"
    path.write_text(
        "# 住所 名前\n10.0.0.12:9100 web-2 zone=b\n\n10.0.0.11:9100 zone=a # 仮\n[::1]:9100 web-3\n"
    )

    assert in_file(path) == [
        DiscoveredHost(
            "10.0.0.11:9100",
            {"zone": "a", "address": "10.0.0.11:9100", "host": "10.0.0.11", "name": "10.0.0.11:9100"},
        ),
        DiscoveredHost(
            "web-2", {"zone": "b", "address": "10.0.0.12:9100", "host": "10.0.0.12", "name": "web-2"}
        ),
        DiscoveredHost("web-3", {"address": "[::1]:9100", "host": "::1", "name": "web-3"}),
    ]


def test_an_empty_file_lists_no_hosts(tmp_path: Path) -> None:
    path = tmp_path / "web.txt"
    path.write_text("# 今はない\n")

    assert in_file(path) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"web-1 a b\n", "1行目"),
        (b"\xff\xfe", "UTF-8"),
        (b"x" * (1 << 20) + b"y", "超えて"),
        (b"a w\nb w\n", "同じ名前"),
    ],
)
def test_an_incomplete_list_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "web.txt"
    path.write_bytes(content)

    with pytest.raises(Undiscovered, match=why):
        in_file(path)


def test_a_missing_file_does_not_count_hosts_as_gone(tmp_path: Path) -> None:
    with pytest.raises(Undiscovered, match="No such file"):
        in_file(tmp_path / "web.txt")
    with pytest.raises(Undiscovered, match="がありません"):
        in_file_sd(tmp_path / "*.json")


def test_file_sd_targets_are_named_by_address_or_by_the_instance_label_of_a_single_one(
    tmp_path: Path,
) -> None:
    groups = [
        {"targets": ["10.0.0.1:9100", "10.0.0.2:9100"], "labels": {"zone": "a", "instance": "both"}},
        {"targets": ["10.0.0.3:9100"], "labels": {"instance": "web-3"}},
        {"targets": []},
    ]
    (tmp_path / "web-a.json").write_text(json.dumps(groups))
    (tmp_path / "web-b.json").write_text('[{"targets": ["10.0.0.1:9100"]}]')
    (tmp_path / "db.json").write_text("not for us")

    found = in_file_sd(tmp_path / "web-*.json")

    assert [host.name for host in found] == ["10.0.0.1:9100", "10.0.0.2:9100", "web-3"]
    assert found[2].values == {
        "address": "10.0.0.3:9100",
        "host": "10.0.0.3",
        "instance": "web-3",
        "name": "web-3",
    }


@pytest.mark.parametrize("content", ["", "[{", '{"targets": []}', '[{"targets": "web-1"}]', "[" * 100_000])
def test_an_invalid_file_sd_does_not_count_hosts_as_gone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "web.json"
    path.write_text(content)

    with pytest.raises(Undiscovered, match="file_sd"):
        in_file_sd(path)
