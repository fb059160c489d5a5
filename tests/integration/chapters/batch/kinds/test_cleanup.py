"""Cleaning up real files: exactly the expired ones are removed, whatever the obstacles."""

import os
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.integration.chapters.batch.kinds.conftest import HandTurn, read, room_for
from tests.registered import schema

from toban.chapters.batch.kinds.cleanup import files, kind
from toban.chapters.batch.kinds.cleanup.files import RemovalOutcome
from toban.chapters.batch.kinds.cleanup.patterns import read_pattern
from toban.design.clauses.batch import Batch
from toban.design.reader import read_design
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.evidence.models import LedgerEntry
from toban.engine.runs.kinds import BATCHES, NotBindable, Site
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import StepFailed

pytestmark = pytest.mark.django_db(transaction=True)

THREE = datetime(2026, 11, 25, 3, tzinfo=ZoneInfo("Asia/Tokyo"))
OLD, NEW = THREE - timedelta(days=91), THREE - timedelta(days=89)
DOCUMENT = """# 運用設計書

## 3. ログ管理

### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | 要求と応答 | Toban | 90日 |
| エラーログ | 失敗 | Toban | 180日 |
| 監査ログ | 操作 | S3 | 無期限 |
| 画面ログ | 操作 | S3 | - |

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B002 | ログクリーンアップ | 日次 | 深夜3:00 | 古いログ削除 | 翌日再実行 |
"""


def make(path: Path, changed_at: datetime, text: str = "GET /\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (changed_at.timestamp(), changed_at.timestamp()))
    return path


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "log" / "nginx"


def site(folder: Path, paths: str = '"アクセスログ" = "log/nginx/access*.log*"', more: str = "") -> Site:
    design = read_design(DOCUMENT, "運用設計書.md")
    text = f'[batches.B002]\nkind = "cleanup"\n{more}\n[batches.B002.paths]\n{paths}\n'
    bindings = read_bindings(text, folder / "toban.toml", schema(batches={"cleanup": kind.KIND.config}))
    [batch] = design.of(Batch)
    return Site(batch, design, bindings)


def clear_up(place: Site, run: int = 1, **parameters: str) -> HandTurn:
    turn = HandTurn(THREE, parameters, run_id=run)
    for step in kind.KIND.steps(BATCHES.of(place.bindings)["B002"].config, place):
        turn.results[step.name] = step.act(turn)
    return turn


def evidence() -> list[dict[str, object]]:
    return [entry.content for entry in LedgerEntry.objects.filter(content__has_key="cleared")]


def test_expired_files_are_removed_and_the_others_stay(tmp_path: Path, logs: Path) -> None:
    old, new = make(logs / "access.log.2", OLD), make(logs / "access.log.1", NEW)
    other = make(logs / "error.log.2", OLD)

    turn = clear_up(site(tmp_path))

    assert [each.exists() for each in (old, new, other)] == [False, True, True]
    assert turn.said[:2] == [
        "アクセスログ (90日、2026-08-27 03:00 より前): 期限切れ 1 件、保存期間の内 1 件",
        f"消すもの: {old} (アクセスログ、2026-08-26、6 B)",
    ]
    assert "アクセスログ: 削除 1 件 (6 B)" in turn.said


def test_every_row_has_its_own_evidence_of_removed_files(tmp_path: Path, logs: Path) -> None:
    make(logs / "access.log.2", OLD)
    make(logs / "error.log.2", THREE - timedelta(days=181), "stack trace\n")
    paths = '"アクセスログ" = "log/nginx/access*"\n"エラーログ" = ["log/nginx/error*"]'

    clear_up(site(tmp_path, paths))

    found = [(each["cleared"], each["removed"], each["bytes"]) for each in evidence()]
    assert found == [("アクセスログ", 1, 6), ("エラーログ", 1, 12)]
    assert [entry.clause_id for entry in LedgerEntry.objects.order_by("sequence")] == [
        "logs/log-kind/アクセスログ", "logs/log-kind/エラーログ",
    ]  # fmt: skip


def test_a_dry_run_lists_and_touches_nothing(tmp_path: Path, logs: Path) -> None:
    old = make(logs / "access.log.2", OLD)

    turn = clear_up(site(tmp_path, more='free_at_least = "100%"'), dry_run="yes")

    assert old.exists()
    assert any(each.startswith(f"消すはずのもの: {old}") for each in turn.said)
    assert evidence() == []
    with pytest.raises(StepFailed, match="dry_run は yes") as refused:
        clear_up(site(tmp_path), dry_run="ja")
    assert refused.value.reason is RunReason.NOT_RUNNABLE


def test_no_link_out_of_the_folder_is_followed(tmp_path: Path, logs: Path) -> None:
    outside = make(tmp_path / "elsewhere" / "access.log", OLD)
    make(logs / "access.log", NEW)
    (logs / "access-link.log").symlink_to(outside)
    (logs / "deep").symlink_to(outside.parent)
    paths = '"アクセスログ" = ["log/nginx/access*.log*", "log/nginx/**/access*"]'

    turn = clear_up(site(tmp_path, paths))

    assert outside.exists()
    assert (logs / "access-link.log").is_symlink()
    assert "リンクなど、ふつうのファイルでない 1 件" in turn.said[0]


def test_the_bound_folder_itself_may_be_a_link(tmp_path: Path, logs: Path) -> None:
    old = make(tmp_path / "disk2" / "access.log.2", OLD)
    logs.parent.mkdir()
    logs.symlink_to(old.parent)

    clear_up(site(tmp_path))

    assert not old.exists()


def test_another_file_system_below_the_folder_is_left_untouched(tmp_path: Path, logs: Path) -> None:
    mount, umount = shutil.which("mount"), shutil.which("umount")
    mounted = logs / "mounted"
    mounted.mkdir(parents=True)
    if (
        not mount
        or not umount
        or subprocess.run([mount, "-t", "tmpfs", "tmpfs", mounted], check=False).returncode
    ):
        pytest.skip("needs the right to mount a file system")
    try:
        old = make(mounted / "access.log.2", OLD)
        clear_up(site(tmp_path, '"アクセスログ" = "log/nginx/**/access*"'))
        assert old.exists()
    finally:
        subprocess.run([umount, mounted], check=True)


def test_a_folder_replaced_by_a_link_before_removal_is_not_followed(tmp_path: Path, logs: Path) -> None:
    outside = make(tmp_path / "elsewhere" / "access.log", OLD)
    make(logs / "sub" / "access.log", OLD)
    pattern = read_pattern("log/nginx/*/access.log", tmp_path)
    [found] = files.find(pattern)
    (logs / "sub" / "access.log").rename(tmp_path / "gone")
    (logs / "sub").rmdir()
    (logs / "sub").symlink_to(outside.parent)

    assert files.remove(found, logs) is RemovalOutcome.CHANGED
    assert outside.exists()


def test_a_file_that_changed_since_it_was_found_stays(tmp_path: Path, logs: Path) -> None:
    old = make(logs / "access.log.2", OLD)
    place = site(tmp_path)
    find, remove, _ = kind.KIND.steps(BATCHES.of(place.bindings)["B002"].config, place)
    turn = HandTurn(THREE)
    turn.results["find"] = find.act(turn)
    old.write_text("written to again\n")

    assert remove.act(turn) == {"アクセスログ": {"changed": 1, "bytes": 0}}
    assert old.exists()


def test_a_file_that_a_program_has_open_is_left_alone(tmp_path: Path, logs: Path) -> None:
    old = make(logs / "access.log.2", OLD)

    with old.open("rb"):
        turn = clear_up(site(tmp_path))

    assert old.exists()
    assert "期限切れでもプログラムが開いている 1 件" in turn.said[0]


def test_removal_repeated_after_a_kill_removes_the_rest_and_reports_what_was_gone(
    tmp_path: Path, logs: Path
) -> None:
    first, second = make(logs / "access.log.2", OLD), make(logs / "access.log.3", OLD)
    place = site(tmp_path)
    find, remove, _ = kind.KIND.steps(BATCHES.of(place.bindings)["B002"].config, place)
    turn = HandTurn(THREE)
    turn.results["find"] = find.act(turn)
    first.unlink()  # removed by the worker that was then killed

    result = remove.act(turn)

    assert result == {"アクセスログ": {"gone": 1, "removed": 1, "bytes": 6}}
    assert not second.exists()
    assert turn.said[-1] == "アクセスログ: 削除 1 件 (6 B)、すでになかったもの 1 件"


def test_files_removed_before_a_stop_are_recorded(tmp_path: Path, logs: Path) -> None:
    for number in range(3):
        make(logs / f"access.log.{number}", OLD)
    place = site(tmp_path)
    find, remove, _ = kind.KIND.steps(BATCHES.of(place.bindings)["B002"].config, place)
    turn = HandTurn(THREE)
    turn.results["find"] = find.act(turn)
    asked = iter([None, RunReason.CANCELLED])
    turn.stops = lambda: next(asked)

    with pytest.raises(StepFailed) as stopped:
        remove.act(turn)

    assert stopped.value.reason is RunReason.CANCELLED
    assert [each["removed"] for each in evidence()] == [1]
    assert len(list(logs.iterdir())) == 2


def test_a_file_that_cannot_be_removed_fails_the_run_but_not_the_other_removals(
    tmp_path: Path, logs: Path
) -> None:
    stuck, free = make(logs / "stuck" / "access.log", OLD), make(logs / "free" / "access.log", OLD)
    place = site(tmp_path, '"アクセスログ" = "log/nginx/*/access*"', 'archive = "archive"')
    make(tmp_path / "archive" / "アクセスログ" / "stuck", NEW)  # a file where a folder is needed

    with pytest.raises(StepFailed, match=f"1 件を片付けられません\n{stuck}: "):
        clear_up(place)

    assert stuck.exists()
    assert not free.exists()
    assert [each["removed"] for each in evidence()] == [1]


def test_files_are_moved_to_the_archive_complete_and_with_their_times(tmp_path: Path, logs: Path) -> None:
    make(logs / "a" / "access.log", OLD, "one\n")
    place = site(tmp_path, '"アクセスログ" = "log/nginx/**/access*"', 'archive = "archive"')

    clear_up(place)
    make(logs / "a" / "access.log", OLD, "two\n")
    clear_up(place, run=2)

    kept = tmp_path / "archive" / "アクセスログ" / "a"
    assert (kept / "access.log").read_text() == "one\n"
    assert (kept / "access.log").stat().st_mtime == OLD.timestamp()
    assert (kept / "access.log.1").read_text() == "two\n"
    assert sorted(each.name for each in kept.iterdir()) == ["access.log", "access.log.1"]
    assert list((logs / "a").iterdir()) == []


def test_a_full_archive_keeps_no_partial_copy_and_the_file_stays(tmp_path: Path, logs: Path) -> None:
    make(logs / "access.log", OLD, "GET /\n" * 1000)
    [found] = files.find(read_pattern("log/nginx/access.log", tmp_path))

    with room_for(1024), pytest.raises(OSError, match="File too large"):
        files.remove(found, logs, tmp_path / "archive")

    assert list((tmp_path / "archive").iterdir()) == []
    assert (logs / "access.log").exists()


def test_a_copy_left_in_the_archive_by_a_killed_step_is_not_duplicated(tmp_path: Path, logs: Path) -> None:
    make(logs / "access.log.2", OLD)
    make(tmp_path / "archive" / "アクセスログ" / "access.log.2", OLD)

    clear_up(site(tmp_path, more='archive = "archive"'))

    assert [each.name for each in (tmp_path / "archive" / "アクセスログ").iterdir()] == ["access.log.2"]


def test_a_disk_that_stays_too_full_fails_the_run_and_no_retained_file_is_removed(
    tmp_path: Path, logs: Path
) -> None:
    old, new = make(logs / "access.log.2", OLD), make(logs / "access.log.1", NEW)

    with pytest.raises(StepFailed, match="保存期間を過ぎたログを片付けても足りません"):
        clear_up(site(tmp_path, more='free_at_least = "100%"'))

    assert (old.exists(), new.exists()) == (False, True)


def test_removed_files_and_free_space_are_reported(tmp_path: Path, logs: Path) -> None:
    make(logs / "access.log.2", OLD)

    turn = clear_up(site(tmp_path, more='free_at_least = "1kB"'))

    assert str(turn.results["room"]).startswith(f"片付けたもの: アクセスログ 1 件。{logs} の空き ")


def test_a_missing_folder_fails_the_run(tmp_path: Path) -> None:
    with pytest.raises(
        StepFailed, match=r"見られない場所があるため、何も片付けていません\nアクセスログ .*nginx"
    ):
        clear_up(site(tmp_path))


def test_logs_kept_forever_are_never_removed(tmp_path: Path, logs: Path) -> None:
    audit = make(logs / "audit.log", THREE - timedelta(days=9999))

    turn = clear_up(site(tmp_path, '"監査ログ" = "log/nginx/audit*"'))

    assert audit.exists()
    assert turn.said[0] == "監査ログ (無期限): 期限切れ 0 件、無期限 1 件"


@pytest.mark.parametrize(
    ("paths", "more", "words"),
    [
        (
            '"受信ログ" = "log/nginx/*"',
            "",
            "「受信ログ」というログ種別が文書にありません。あるのは アクセスログ、",
        ),
        ('"画面ログ" = "log/nginx/*"', "", r"運用設計書\.md:11 の「画面ログ」に保存期間がありません"),
        ('"アクセスログ" = "../*"', "", r"\.\. は使えません"),
        ('"アクセスログ" = "/var/*"', "", "広すぎます"),
        ('"アクセスログ" = "log/nginx/*"', 'archive = "log/nginx/old"', "archive の .* は、片付ける .* の中"),
    ],
)
def test_paths_that_cannot_be_cleaned_safely_are_not_bindable(
    paths: str, more: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(NotBindable, match=words):
        clear_up(site(tmp_path, paths, more))


@pytest.mark.parametrize(
    ("paths", "more", "words"),
    [
        ('"アクセスログ" = []', "", "空です"),
        ('"アクセスログ" = "a/b/*"', 'free_at_least = "much"', "空き容量として"),
    ],
)
def test_a_senseless_binding_is_refused_at_once(paths: str, more: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableBindings, match=words):
        site(tmp_path, paths, more)


def test_missing_folders_and_patterns_without_files_raise_doubts(tmp_path: Path, logs: Path) -> None:
    make(logs / "access.log", NEW)
    paths = '"アクセスログ" = ["log/nginx/access*", "log/apache/*.log"]\n"エラーログ" = "log/nginx/error*"'
    place = site(tmp_path, paths)

    found = read(kind.KIND.doubts(BATCHES.of(place.bindings)["B002"].config, place))

    assert [said for said, _hint in found] == [
        f"{tmp_path}/log/apache: No such file or directory",
        "「log/nginx/error*」に当たるファイルがいまは一つもありません",
    ]
