"""Charts in a real browser, with a real store."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, FloatRect, Page, expect
from tests.e2e.browsing import chromium, signed_in
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.ingest.served import CPU, Served, serving
from tests.telemetry_rows import LogRow, batch_of

from toban.design.values.metric import Metric
from toban.engine.clock import system_clock
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.engine.telemetry.samples import Sample

pytestmark = pytest.mark.browser

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, store: StoreProcess) -> Iterator[Served]:
    """A served document: CPU was measured each minute of the last three hours, and log rows exist."""
    now = system_clock()
    store.telemetry.write(
        [
            Sample(Metric.CPU_USAGE, "Web", "web-1", now - number * MINUTE, 40 + number % 30)
            for number in range(180)
        ],
        token="charted",
    )
    rows = [
        LogRow(
            "application", f"{at:%Y-%m-%d}", at.timestamp(), level, "shop", f"{level} {number}",
            "", "", "", "", "", "", "", 0, 0.0, {}, "shop", number,
        )
        for number in range(1, 120)
        for at, level in [(now - number / 4 * MINUTE, "ERROR" if number % 9 == 0 else "INFO")]
    ]  # fmt: skip
    LogStore(store.telemetry).write(batch_of(key_of("shop", "", b"charted"), rows))
    with serving(tmp_path_factory.mktemp("charts"), telemetry=store.telemetry_url) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """A page that must not report any error."""
    complaints: list[str] = []
    with signed_in(browser, served) as context:
        opened = context.new_page()
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        yield opened
    assert complaints == []


def place(page: Page) -> FloatRect:
    """Return the area in which the only chart draws its values, once it is drawn."""
    area = page.locator(".chart .u-over")
    expect(area).to_be_visible()
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    return box


def point(page: Page, across: float) -> str:
    """Point at a fraction of the chart's width, and return the readout."""
    box = place(page)
    page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] / 2)
    return page.locator(".chart .readout").inner_text()


def table(page: Page) -> list[str]:
    """Return the rows of the chart's table in the format of the readout: the label, then the values."""
    page.locator(".chart .numbers").evaluate("each => { each.open = true }")
    rows = page.locator(".chart tbody tr").all()
    return [" · ".join(row.locator("th, td").all_inner_texts()) for row in rows]


def test_evidence_has_a_chart_whose_values_are_read_out_and_listed_in_a_table(
    page: Page, served: Served
) -> None:
    page.goto(served.url)
    page.locator(f'[data-clause="{CPU}"]').click()

    said = point(page, 0.9)

    label, *figures = said.split(" · ")
    assert [each.split(" ")[0] for each in figures] == ["平均", "最小", "最大"]
    assert " · ".join([label, *(each.split(" ")[1] for each in figures)]) in table(page)
    expect(page.locator("#drawer .chart figcaption")).to_contain_text("最大 69%")


def test_the_arrow_keys_move_from_value_to_value(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/clauses/{CPU}/series?hours=24")
    place(page)
    readout = page.locator(".chart .readout")
    hint = readout.inner_text()

    page.locator(".chart .plot").focus()
    page.keyboard.press("End")
    last = readout.inner_text()
    page.keyboard.press("ArrowLeft")

    before = [row.split(" · ")[0] for row in table(page)]
    assert last.startswith(before[-1])
    assert last != hint
    assert readout.inner_text().startswith(before[-2])


def test_dragging_zooms_in_until_the_zoom_is_reset(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/clauses/{CPU}/series")
    box, whole = place(page), page.locator(".chart .unzoom")
    height = page.locator(".chart").evaluate("each => each.offsetHeight")
    expect(whole).to_be_hidden()

    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 40, steps=5)
    page.mouse.up()

    expect(whole).to_be_visible()
    assert page.locator(".chart").evaluate("each => each.offsetHeight") == height
    whole.click()
    expect(whole).to_be_hidden()


def test_the_theme_switch_redraws_the_chart(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/clauses/{CPU}/series")
    place(page)
    canvas = page.locator(".chart canvas")
    before = canvas.evaluate("each => each.toDataURL()")

    page.locator("#theme").click()

    page.wait_for_function(
        "before => document.querySelector('.chart canvas').toDataURL() != before", arg=before
    )


def test_a_click_on_a_bar_narrows_the_search_to_its_rows(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/logs/?last=1h")
    said = point(page, 0.8)
    count = int(said.split("行 ")[1].split(" ")[0])
    assert count > 0

    page.mouse.down()
    page.mouse.up()
    page.wait_for_url("**/logs/?*from=*")

    assert page.locator("#rows tr").count() == count


@pytest.mark.parametrize("width", [390, 1500])
def test_without_scripts_the_figures_are_shown_as_a_table(
    browser: Browser, served: Served, width: int
) -> None:
    with signed_in(browser, served, width, scripts=False) as context:
        page = context.new_page()
        page.goto(f"{served.url}/clauses/{CPU}")
        page.get_by_role("link", name="測定を開く").click()
        page.get_by_text("数値の表").click()

        assert page.locator(".chart tbody tr").count() > 100
        expect(page.locator(".chart .plot")).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


WRITTEN = """
    window.written = []
    const fill = CanvasRenderingContext2D.prototype.fillText
    CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
        if (this.textAlign === "left") window.written.push([text, x, y, this.measureText(text).width])
        return fill.apply(this, arguments)
    }
"""


def test_the_chart_of_an_alert_stays_when_rows_change_and_names_its_moments_apart(
    page: Page, served: Served
) -> None:
    told = served.act("tell", CPU, "web-1")
    page.add_init_script(WRITTEN)
    page.goto(f"{served.url}/alerts/{told}")
    place(page)
    labels = {text: (x, y, width) for text, x, y, width in page.evaluate("window.written")}

    with page.expect_response("**/figures"):
        served.act("show", CPU, "deviating", "91%")
    page.wait_for_timeout(300)

    assert page.locator(".chart .u-over").is_visible()
    began, seen = labels["しきい値を超過"], labels["検知した"]
    assert began[0] + began[2] <= seen[0] or seen[0] + seen[2] <= began[0] or abs(began[1] - seen[1]) >= 11
