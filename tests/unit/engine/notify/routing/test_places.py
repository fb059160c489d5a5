"""What an alert from outside is about, in the document's words."""

from pathlib import Path

import pytest
from tests.registered import kinds, schema

from toban.chapters.monitoring.source import SOURCE_KINDS
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.notify.routing.places import Place, Places, places_of

DESIGN = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Webサーバー | CPU使用率 | 0-60% | 60% | 85% | 1分 |
| API | CPU使用率 | 0-60% | 60% | 85% | 1分 |
| 在庫DB | CPU使用率 | 0-60% | 60% | 85% | 1分 |
"""
BINDINGS = """
[targets."Webサーバー"]
sources = [
  { kind = "prometheus", url = "http://10.0.0.5:9100/metrics", instance = "web-1" },
  { kind = "prometheus", url = "http://10.0.0.6:9100/metrics", instance = "web-2" },
  { kind = "prometheus", url = "http://10.0.0.9:9100/metrics", instance = "shared" },
]

[targets."API"]
sources = [
  { kind = "prometheus", url = "http://10.0.0.9:9200/metrics", instance = "shared" },
  { kind = "prometheus", url = "http://10.0.0.7:9100/metrics" },
]
"""


@pytest.fixture(scope="module")
def places() -> Places:
    models = {kind: each.config for kind, each in kinds(SOURCE_KINDS).items()}
    bindings = read_bindings(BINDINGS, Path("toban.toml"), schema(sources=models))
    return places_of(read_design(DESIGN, "運用設計書.md"), bindings)


@pytest.mark.parametrize(
    ("labels", "target", "instance"),
    [
        pytest.param({"instance": "web-1"}, "Webサーバー", "web-1", id="by its name"),
        pytest.param({"instance": "WEB-2:9100"}, "Webサーバー", "web-2", id="by its name and a port"),
        pytest.param({"instance": "10.0.0.5:9100"}, "Webサーバー", "web-1", id="by its address"),
        pytest.param({"instance": "10.0.0.6:8080"}, "Webサーバー", "web-2", id="at another port"),
        pytest.param({"instance": "10.0.0.7:9100"}, "API", "10.0.0.7:9100", id="without a name"),
        pytest.param({"job": "webサーバー"}, "Webサーバー", "", id="by a job called like the target"),
        pytest.param({"target": "在庫ＤＢ", "instance": "x"}, "在庫DB", "x", id="by the sender's own word"),
        pytest.param({"service": "api", "instance": "shared"}, "API", "shared", id="by its target"),
        pytest.param({"instance": "shared"}, "", "shared", id="could be two"),
        pytest.param({"instance": "elsewhere:1"}, "", "elsewhere:1", id="unknown"),
        pytest.param({}, "", "", id="nothing said"),
        pytest.param({"instance": ":9100"}, "", ":9100", id="a port alone"),
    ],
)
def test_a_place_is_found_by_what_its_sender_calls_it(
    places: Places, labels: dict[str, str], target: str, instance: str
) -> None:
    assert places.of(labels) == Place(target, instance)
