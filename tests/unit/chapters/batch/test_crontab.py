"""Crontabs as cron reads them."""

from toban.chapters.batch.crontab import Job, read_crontab

USERS = """\
# Edit this file to introduce tasks to be run by cron.
# m h  dom mon dow   command
SHELL=/bin/bash
 PATH = "/usr/local/bin:/usr/bin"
MAILTO='ops@example.com'
LANG=

# nightly totals
0 2 * * *   /opt/shop/bin/totals --all  # quietly
#0 3 * * *  /opt/shop/bin/old
*/15\t*\t*\t*\t*\tbeat
@daily date +\\%F%first line%second\\%line
CRON_TZ=UTC
5 4 * * sun A=1 run
"""


def jobs(text: str, *, is_system: bool = False) -> tuple[Job, ...]:
    return read_crontab(text, is_system=is_system).jobs


def test_times_commands_and_line_numbers_are_read() -> None:
    found = [(job.line, job.when, job.command) for job in jobs(USERS)]

    assert found == [
        (9, "0 2 * * *", "/opt/shop/bin/totals --all  # quietly"),
        (11, "*/15 * * * *", "beat"),
        (12, "@daily", "date +%F"),
        (14, "5 4 * * sun", "A=1 run"),
    ]


def test_settings_apply_to_the_lines_below_and_crons_own_are_left_to_cron() -> None:
    totals, *_, last = jobs(USERS)

    assert totals.settings == {"PATH": "/usr/local/bin:/usr/bin", "LANG": ""}
    assert (totals.shell, totals.zone) == ("/bin/bash", "")
    assert last.zone == "UTC"
    assert read_crontab(USERS, is_system=False).mail_to == "ops@example.com"


def test_the_comment_above_a_job_names_it_but_a_commented_out_job_does_not() -> None:
    assert [job.comment for job in jobs(USERS)] == ["nightly totals", "", "", ""]


def test_the_column_legend_of_a_crontab_is_not_a_job_name() -> None:
    assert jobs("# m h dom mon dow command\n0 2 * * * a\n")[0].comment == ""


def test_text_after_an_unescaped_percent_sign_is_input() -> None:
    assert [job.has_input for job in jobs(USERS)] == [False, False, True, False]


def test_a_system_crontab_line_names_a_user() -> None:
    (job,) = jobs("17 * * * * root  cd / && run-parts /etc/cron.hourly\n", is_system=True)

    assert (job.user, job.command) == ("root", "cd / && run-parts /etc/cron.hourly")


def test_a_line_that_is_not_a_job_is_left_out_with_the_reason() -> None:
    left = read_crontab("hello\n0 2 * * *\n-*/5 * * * * x\n", is_system=False).left

    assert [(each.line, each.text) for each in left] == [(1, "hello"), (2, "0 2 * * *")]
    assert all(each.reason for each in left)


def test_a_system_crontab_line_without_a_command_is_left_out() -> None:
    (left,) = read_crontab("0 2 * * * root\n", is_system=True).left

    assert "ユーザー名" in str(left.reason)
