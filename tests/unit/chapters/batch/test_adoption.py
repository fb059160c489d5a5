"""Jobs of a crontab as batches: a proposal has the same meaning as in cron, and nothing is lost."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.registered import schema

from toban.chapters.batch.adoption import AdoptionProposal, AdoptionWay, bindings, crontab_lines, propose
from toban.chapters.batch.crontab import read_crontab
from toban.chapters.batch.kinds import command, ping
from toban.chapters.batch.works import plan
from toban.design.reader import Design, read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import Bindings, System
from toban.engine.calendar.due import due_times
from toban.engine.registry.kinds import Kinds
from toban.engine.runs.kinds import BATCHES

KINDS = {"command": command.KIND, "ping": ping.KIND}
YEAR = (
    datetime(2028, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")),
    datetime(2029, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")),
)
"""A leap year."""


def proposed(
    text: str, way: AdoptionWay = AdoptionWay.COMMAND, *, is_system: bool = False, host: str = "Asia/Tokyo"
) -> AdoptionProposal:
    crontab = read_crontab(text, is_system=is_system)
    return propose(crontab, way=way, prefix="C", zone="Asia/Tokyo", host_zone=host)


def document(proposal: AdoptionProposal) -> Design:
    return read_design(f"# 運用設計書\n\n## バッチ処理\n\n### バッチ一覧\n{proposal.table}", "運用設計書.md")


def by_cron(fields: str, zone: str = "Asia/Tokyo") -> set[datetime]:
    start, end = (moment.astimezone(ZoneInfo(zone)) for moment in YEAR)
    # CronSim begins after the given moment.
    times = CronSim(fields, start - timedelta(minutes=1))
    return set(takewhile(lambda moment: moment < end, times))


def never_comes(fields: str) -> bool:
    try:
        return by_cron(fields.upper()) == set()
    except CronSimError:
        return True


def by_document(proposal: AdoptionProposal) -> set[datetime]:
    works = plan(document(proposal), read(proposal), Kinds.given(batches=KINDS)).works.values()
    return {moment for work in works for moment in due_times(work.schedule, System(), *YEAR)}


def read(proposal: AdoptionProposal) -> Bindings:
    configs = {name: kind.config for name, kind in KINDS.items()}
    return read_bindings(bindings(proposal), Path("toban.toml"), schema(batches=configs))


FIELDS = st.tuples(
    st.sampled_from(["0", "5", "30", "59", "0,30", "*/15", "*/10", "10-20/5", "*/7"]),
    st.sampled_from(["*", "0", "2", "23", "9,18", "*/2", "*/5", "9-11", "8-18/4"]),
    st.sampled_from(["*", "*", "*", "1", "29", "31", "1,15", "*/10"]),
    st.sampled_from(["*", "*", "*", "2", "jan,jul", "*/3"]),
    st.sampled_from(["*", "*", "*", "0", "7", "mon-fri", "sat,sun", "1-5/2"]),
).map(" ".join)


@settings(max_examples=100, deadline=None)
@given(FIELDS)
def test_the_rows_are_due_when_cron_would_run_over_a_whole_year(fields: str) -> None:
    proposal = proposed(f"{fields} run\n")

    if proposal.left:
        assert not proposal.adopted
        reason = str(proposal.left[0].reason)
        assert "表せません" in reason or (reason == "その日は来ません" and never_comes(fields))
    else:
        assert by_document(proposal) == by_cron(fields.upper())


@pytest.mark.parametrize(
    ("nickname", "fields"),
    [("@hourly", "0 * * * *"), ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@weekly", "0 0 * * 0"),
     ("@monthly", "0 0 1 * *"), ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *")],
)  # fmt: skip
def test_cron_nicknames_are_due_like_their_fields(nickname: str, fields: str) -> None:
    assert by_document(proposed(f"{nickname} run\n")) == by_cron(fields)


@pytest.mark.parametrize(("settings_above", "host"), [("", "UTC"), ("CRON_TZ=UTC\n", "Asia/Tokyo")])
def test_times_in_another_zone_stay_in_that_zone(settings_above: str, host: str) -> None:
    proposal = proposed(f"{settings_above}30 18 * * 1 run\n", host=host)

    assert by_document(proposal) == by_cron("30 18 * * 1", "UTC")


def test_a_zone_the_document_cannot_express_is_left_out_with_the_reason() -> None:
    (left,) = proposed("CRON_TZ=America/New_York\n0 2 * * * run\n").left

    assert "America/New_York" in str(left.reason)


def test_every_job_is_either_converted_or_listed_as_left_out() -> None:
    text = "0 2 * * * a\n@reboot b\n*/7 * * * * c\n0 0 1 * 1 d\n0 9,18 * * * e\n0 2 * * * f%in\n??"

    proposal = proposed(text)

    carried = {each.job.line for each in proposal.adopted}
    assert (carried, [each.line for each in proposal.left]) == ({1, 3, 4, 5}, [2, 6, 7])
    assert "@reboot" in str(proposal.left[0].reason)
    assert "標準入力" in str(proposal.left[1].reason)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("/opt/totals --all", ["/opt/totals", "--all"]),
        ("totals > /dev/null 2>&1", ["/bin/sh", "-c", "totals > /dev/null 2>&1"]),
        ("cd /srv && ./run", ["/bin/sh", "-c", "cd /srv && ./run"]),
        ('echo "two words"', ["/bin/sh", "-c", 'echo "two words"']),
        ("A=1 run", ["/bin/sh", "-c", "A=1 run"]),
        ("tar cf x.tar *.log", ["/bin/sh", "-c", "tar cf x.tar *.log"]),
        (r"date +\%F", ["date", "+%F"]),
    ],
)
def test_a_shell_is_used_only_if_the_command_needs_one(written: str, found: list[str]) -> None:
    proposal = proposed(f"0 2 * * * {written}\n")

    assert tomllib.loads(bindings(proposal))["batches"]["C001"]["command"] == found


def test_shell_and_settings_of_the_crontab_are_kept() -> None:
    proposal = proposed("SHELL=/bin/bash\nPATH=/usr/bin:/bin\nNOTE=a b\n0 2 * * * x | y\n")

    assert tomllib.loads(bindings(proposal))["batches"]["C001"]["command"] == [
        "env", "PATH=/usr/bin:/bin", "NOTE=a b", "/bin/bash", "-c", "x | y",
    ]  # fmt: skip


def test_differences_from_cron_are_reported() -> None:
    text = bindings(proposed("MAILTO=ops@example.com\n0 2 * * * root run\n", is_system=True))

    assert "ops@example.com" in text
    assert "root の権限で動いていました" in text
    assert "作業フォルダー" in text


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=60))
def test_no_command_breaks_the_table_or_the_bindings(text: str) -> None:
    written = f"0 2 * * * run {text}".replace("%", "\\%")
    proposal = proposed(f"# {text}\n{written}\n")

    assert len(proposal.adopted) + len(proposal.left) == 1
    if proposal.adopted:
        assert list(BATCHES.of(read(proposal))) == ["C001"]
        assert by_document(proposal) == by_cron("0 2 * * *")


def pinging(text: str, *, is_system: bool = False) -> Sequence[str]:
    proposal = proposed(text, AdoptionWay.PING, is_system=is_system)
    urls = {each.key: f"http://toban/ping/{each.key}" for each in proposal.adopted}
    return [line for _, line in crontab_lines(proposal, urls)]


CURL = "curl -fsS -m 10 --retry 5 -o /dev/null http://toban/ping/"
START = "curl -fsS -m 3 -o /dev/null http://toban/ping/"


def test_a_line_reports_its_start_and_its_exit_status() -> None:
    assert pinging("0  2 * * *  totals --all\n") == [
        f"0 2 * * * {START}C001/start; totals --all; {CURL}C001/$?"
    ]


def test_a_line_with_several_times_becomes_several_lines_each_with_its_own_url() -> None:
    assert pinging("0 9,18 * * mon-fri root mail\n", is_system=True) == [
        f"0 9 * * mon-fri root {START}C001/start; mail; {CURL}C001/$?",
        f"0 18 * * mon-fri root {START}C002/start; mail; {CURL}C002/$?",
    ]


def test_input_and_escaped_percent_signs_stay_in_place() -> None:
    assert pinging(r"0 2 * * * date +\%F%in\%put%more") == [
        rf"0 2 * * * {START}C001/start; date +\%F; {CURL}C001/$?%in\%put%more"
    ]


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """A folder with a `curl` that records its last argument."""
    stand_in = tmp_path / "curl"
    stand_in.write_text('#!/bin/sh\nfor url; do :; done\necho "$url" >> "$0.told"\n')
    stand_in.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("true", 0),
        ("false", 1),
        ("exit 3", 3),
        ("exec sh -c 'exit 4'", 4),
        ("false # it's nothing", 1),
        ("true && (exit 5)", 5),
        ("echo 'a b' | grep -q c", 1),
    ],
)
def test_the_reported_exit_status_is_that_of_the_command(told: Path, written: str, status: int) -> None:
    (line,) = pinging(f"0 2 * * * {written}\n")
    shell = shutil.which("sh")
    assert shell is not None

    subprocess.run(
        [shell, "-c", re.sub(r"^(\S+ ){5}", "", line)], env={"PATH": f"{told}:/usr/bin:/bin"}, check=False
    )

    url = "http://toban/ping/C001"
    assert (told / "curl.told").read_text() == f"{url}/start\n{url}/{status}\n"


LAST = r"[ $(date -d tomorrow +\%d) = 01 ] &&"


@pytest.mark.parametrize(
    "test",
    [
        LAST,
        r'[ "$(date -d tomorrow +\%d)" = "01" ] &&',
        r"[ $(date --date=tomorrow +\%d) -eq 1 ] &&",
        r"test $(date -d '+1 day' +\%d) == 01 &&",
        r"[ `date -d tomorrow +\%d` = 01 ]&&",
    ],
)
def test_the_idiom_for_the_last_day_is_the_last_day(test: str) -> None:
    proposal = proposed(f"0 23 28-31 * * {test} /opt/close\n")

    (adopted,) = proposal.adopted
    assert adopted.timing == "毎月末 23:00"
    assert tomllib.loads(bindings(proposal))["batches"]["C001"]["command"] == ["/opt/close"]


@pytest.mark.parametrize(
    ("fields", "timings"),
    [
        ("0 23 * * *", ["毎月末 23:00"]),
        ("0 9,23 28,29,30,31 * *", ["毎月末 09:00", "毎月末 23:00"]),
        ("0 23 28-31 3,9 *", []),
        ("0 23 28-30 * *", []),
        ("0 23 28-31 * 5", []),
    ],
)
def test_the_last_day_is_that_of_every_month_that_cron_asks_in(fields: str, timings: list[str]) -> None:
    proposal = proposed(f"{fields} {LAST} /opt/close\n")

    assert [each.timing for each in proposal.adopted] == timings
    assert len(proposal.left) == (not timings)


@pytest.mark.parametrize(
    "test", [r"[ $(date -d tomorrow +\%d) = 1 ] &&", r"[ $(date +\%d) = 01 ] &&", f"{LAST[:-2]}||"]
)
def test_other_conditions_stay_part_of_the_command(test: str) -> None:
    (adopted,) = proposed(f"0 23 * * * {test} /opt/close\n").adopted

    assert adopted.timing == "日次 23:00"


def test_a_condition_that_is_not_met_reports_nothing() -> None:
    assert pinging(f"0 23 28-31 * * {LAST} /opt/close\n") == [
        f"0 23 28-31 * * {LAST} {{ {START}C001/start; /opt/close; {CURL}C001/$?; }}"
    ]
