"""Which line of a crontab starts a batch of the document, and when."""

from pathlib import Path

import pytest
from tests.registered import PARTS

from toban.chapters.batch.crontabs.bindings import CRONTABS, CrontabBinding
from toban.chapters.batch.crontabs.reading import CrontabUnknown, ReadCrontab, fields_of
from toban.chapters.batch.crontabs.settings import settings, trials
from toban.design.clauses.batch import Batch
from toban.design.reader import read_design
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.drift.setting import SettingUnknown
from toban.engine.editions.edition import Edition

DOCUMENT = """# 運用設計書
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|
| B001 | 集計 | 日次 2:00 | 集計 | アラート |
| B002 | 請求書 | 月末 23:00 | 請求書 | アラート |
| B003 | 掃除 | 日次 4:00 | 掃除 | アラート |
"""
CRONTAB = """\
# 集計
0 2 * * * /srv/aggregate
# B0011 is another
30 2 * * * /srv/other B0011
0 23 28-31 * * [ $(date -d tomorrow +\\%d) = 01 ] && /srv/invoice
CRON_TZ=UTC
# B003
0 19 * * * /srv/clean
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "crontab"
    path.write_text(CRONTAB, encoding="utf-8")
    return path


def looked(file: Path, jobs: str = "") -> dict[str, str]:
    text = f'[crontabs.here]\npath = "{file}"\n{jobs}'
    bindings = read_bindings(text, Path("toban.toml"), PARTS.schema)
    found = {}
    for each in settings(Edition(read_design(DOCUMENT, "x.md"), bindings, PARTS.kinds)):
        try:
            found[each.row.id.rpartition("/")[2]] = each.look() or ""
        except SettingUnknown as unknown:
            found[each.row.id.rpartition("/")[2]] = str(unknown)
    return found


def test_a_line_is_known_by_a_comment_or_an_id_in_it(file: Path) -> None:
    assert looked(file) == {"B001": "0 2 * * *", "B002": "", "B003": "0 19 * * * UTC"}


def test_a_line_is_known_by_the_words_that_the_bindings_name(file: Path) -> None:
    assert looked(file, 'jobs = { B002 = "invoice" }')["B002"] == "0 23 L * *"


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("30 6,23 28-31 * *", "30 6,23 L * *"),
        ("@daily", "0 0 L * *"),
        # Once a year, in some months, and only on Fridays: none of these is 月末.
        ("0 23 28-31 12 *", None),
        ("0 23 31 * *", None),
        ("0 23 * * 5", None),
    ],
)
def test_a_test_for_the_last_day_is_that_day_only_where_cron_asks_every_month(
    file: Path, when: str, expected: str | None
) -> None:
    file.write_text(f"{when} [ $(date -d tomorrow +\\%d) = 01 ] && /srv/invoice\n", encoding="utf-8")

    said = looked(file, 'jobs = { B002 = "invoice" }')["B002"]

    assert said == expected if expected else when in said


def test_named_words_that_are_in_no_line_or_in_several_are_said(file: Path) -> None:
    found = looked(file, 'jobs = { B001 = "nothing-of-the-kind", B003 = "/srv/" }')

    assert "「nothing-of-the-kind」を含む行がありません" in found["B001"]
    assert "2, 4, 5, 8" in found["B003"].replace("、", ", ")


def test_a_crontab_that_can_not_be_read_is_unknown_and_not_empty(tmp_path: Path) -> None:
    found = looked(tmp_path / "gone")

    assert all("読めません" in each for each in found.values())
    assert len(found) == 3


def test_the_clock_of_the_host_may_be_in_another_zone(file: Path) -> None:
    found = looked(file, 'timezone = "Europe/Paris"')

    assert found["B001"] == "0 2 * * * Europe/Paris"
    # The crontab's own zone goes before it.
    assert found["B003"] == "0 19 * * * UTC"


def test_a_crontab_is_read_once_for_all_batches(file: Path) -> None:
    config = CrontabBinding(path=str(file))
    crontab = ReadCrontab("here", config)
    first, *_, last = read_design(DOCUMENT, "").of(Batch)

    assert crontab.job_of(first) is not None
    file.unlink()
    assert crontab.job_of(last) is not None


def test_a_line_for_a_batch_that_the_document_does_not_have_is_doubtful(file: Path) -> None:
    text = f'[crontabs.here]\npath = "{file}"\njobs = {{ B002 = "invoice", B020 = "invoice" }}'
    bindings = read_bindings(text, Path("toban.toml"), PARTS.schema)

    (trial,) = trials(Edition(read_design(DOCUMENT, "x.md"), bindings, PARTS.kinds))

    (said,) = (str(each) for each in trial.doubts())
    assert "B020" in said


def test_an_entry_without_a_place_is_refused() -> None:
    with pytest.raises(UnreadableBindings):
        read_bindings("[crontabs.here]\nsystem = true\n", Path("toban.toml"), PARTS.schema)


def test_a_crontab_of_the_system_names_users(tmp_path: Path) -> None:
    path = tmp_path / "crontab"
    path.write_text("0 2 * * * root /srv/aggregate B001\n", encoding="utf-8")
    bindings = read_bindings(
        f'[crontabs.here]\npath = "{path}"\nsystem = true\n', Path("toban.toml"), PARTS.schema
    )
    (first, *_) = read_design(DOCUMENT, "").of(Batch)

    job = ReadCrontab("here", CRONTABS.of(bindings)["here"]).job_of(first)

    assert job is not None
    assert fields_of(job) == "0 2 * * *"
    assert job.user == "root"


def test_an_unreadable_crontab_raises_anew_for_each_batch(tmp_path: Path) -> None:
    crontab = ReadCrontab("here", CrontabBinding(path=str(tmp_path / "gone")))
    (first, *_) = read_design(DOCUMENT, "").of(Batch)

    for _ in range(2):
        with pytest.raises(CrontabUnknown):
            crontab.job_of(first)
