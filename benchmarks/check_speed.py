"""How long `toban check` takes, by document size.

Run: python -m benchmarks.check_speed [DOCUMENT …]
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import state

METHOD = """Method: each figure is the wall time of a whole process (interpreter start, imports, reading, all
rules, printing to a pipe) started {runs} times; median and worst are given. Generated documents repeat the
tables of an operations design with distinct names; "rows" counts what `toban check` counts."""
RUNS = 5
SIZES = (100, 1_000, 10_000)

HEAD = """# 運用設計書

## 運用方針

### サービス提供時間
- **稼働時間**: 24時間365日
- **メンテナンス**: 毎月第2日曜日 2:00-4:00 (計画メンテナンス)
"""
MONITORS = """
## 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|------|---------|---------|------|------|---------|
"""
BATCHES = """
## バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---------|---------|--------------|---------|---------|------------|
"""
ROUTINES = """
## 定期作業

### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---------|-------|-------|------|
"""


def document(rows: int) -> str:
    """Return a document of about *rows* rows: monitors, batches and routines in equal parts."""
    each = rows // 3
    monitors = (f"| host{n} | CPU使用率 | 0-60% | 70% | 85% | 1分 |\n" for n in range(each))
    batches = (f"| B{n} | 処理{n} | 日次 | {n % 24}:{n % 60:02} | 集計 | 再実行 |\n" for n in range(each))
    routines = (f"| 作業{n} | 第{n % 4 + 1}月曜 | 担当者 | 確認 |\n" for n in range(each))
    return "".join([HEAD, MONITORS, *monitors, BATCHES, *batches, ROUTINES, *routines])


def seconds(path: Path) -> tuple[list[float], int]:
    """Return the wall times of whole processes that check *path*, and the number of rows they read."""
    command = [sys.executable, "-c", "from toban.wiring import main; main()", "check", str(path)]
    times = []
    output = ""
    for _ in range(RUNS):
        began = time.perf_counter()
        output = subprocess.run(command, capture_output=True, encoding="utf-8", check=False).stdout
        times.append(time.perf_counter() - began)
    last = output.rstrip().splitlines()[-1]
    return times, int(last.rpartition("。")[2].partition("行")[0].replace(",", ""))


def documents(given: list[str], home: Path) -> Iterator[Path]:
    """Yield the documents given, then generated ones of each size."""
    yield from (Path(name) for name in given)
    for size in SIZES:
        path = home / f"generated-{size}.md"
        path.write_text(document(size), encoding="utf-8")
        yield path


def main() -> None:
    """Print a table of times."""
    print(METHOD.format(runs=RUNS))
    print(f"\n{'rows':>7}  {'median s':>8}  {'worst s':>8}  {'ms/row':>7}  document")
    with tempfile.TemporaryDirectory() as home:
        for path in documents(sys.argv[1:], Path(home)):
            times, rows = seconds(path)
            median = statistics.median(times)
            print(f"{rows:7}  {median:8.2f}  {max(times):8.2f}  {median / rows * 1000:7.2f}  {path.name}")
            state(f"{rows:,} rows, median", median, "s")


if __name__ == "__main__":
    main()
