"""The explorer page in a real browser: Debian's chromium through Playwright."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import rem_arrow as rem
from tests.docs.example import example
from tests.patience import until
from tests.serve.served import ADMIN, READER, token_file

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright, which drives the browser")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium; apt-get install chromium brings it"),
]
MARKUP = "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>"
ROWS = 1_000_000
FIRST_PAINT_S = 1.0


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The example with a document, a million rows, and markup in names, values and columns."""
    db = example()
    numbers = np.arange(ROWS)
    db.load("big", pl.DataFrame({"n": numbers, "half": numbers / 2, "text": pl.Series(numbers).cast(pl.String)}))
    db.insert("entities", {"id": "markup", "name": MARKUP, "description": MARKUP})
    db.insert("issues", {"id": "markup", "code": "TAP-9", "title": f"Login {MARKUP}"})
    db.add_edge("entities:markup", "login", "<b>about</b>")
    db.load("odd", pl.DataFrame({MARKUP: [MARKUP, None], "n": [1, 2]}))
    db.add_document(f"# Policy\n\nTrips are booked ahead. {MARKUP}\n", name="policy.md")
    long = f"# A\n\n{'start ' * 300}\n\n## The last\n\n{'word ' * 400}the very end\n"
    db.add_document(long, name="long.md")
    db.insert("moments", {"id": "odd", "name": MARKUP, "starts_at": "2026-06-02T10:00Z"})
    file = token_file(tmp_path_factory.mktemp("browser"))
    with rem.start_server(db, page_port=0, token_file=file) as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    """One browser for all."""
    # As root, as in a container, Chromium runs without its own sandbox only.
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, server):
    """A page with an admin's token; nothing that a test does may run markup or break a script."""
    yield from opened(browser, server, ADMIN)


@pytest.fixture
def reading(browser, server):
    """A page with a token for reading."""
    yield from opened(browser, server, READER)


def opened(browser, server, token, **options):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True, **options)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Content Security" in message.text else None)
    page.goto(server.page)
    page.fill("#token", token)
    page.click("text=Open")
    page.wait_for_selector("nav")
    yield page
    assert page.evaluate("window.pwned") is None and errors == []
    context.close()


def go(page, server, address, shows):
    page.goto(f"{server.page}#/{address}")
    page.wait_for_selector(shows)


def run(page, text):
    """Run a statement in the editor."""
    page.fill(".editor-text", text)
    page.keyboard.press("Control+Enter")


def cells(page, row=1):
    """The values of a row of the grid, by its number from 1."""
    page.wait_for_selector(f'.grid-row:not(.waits) .gutter:text-is("{row}")')
    return page.locator(f'.grid-row:has(.gutter:text-is("{row}")) [data-column]').all_inner_texts()


# --- who may look


def test_a_refused_token_is_told_and_another_one_opens(browser, server):
    """The token is in no address and not in what the browser keeps; a tab that is opened anew asks again."""
    context = browser.new_context()
    page, addresses = context.new_page(), []
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(server.page)
    page.fill("#token", "wrong-wrong-wrong-wrong")
    page.click("text=Open")
    page.wait_for_selector("text=does not know this token")
    page.fill("#token", ADMIN)
    page.click("text=Open")
    page.wait_for_selector("text=issues")
    assert not [a for a in addresses if ADMIN in a] and ADMIN not in page.url
    assert ADMIN not in page.evaluate("JSON.stringify(localStorage)")
    other = context.new_page()
    other.goto(server.page)
    other.wait_for_selector("#token")
    page.click("text=Sign out")
    page.wait_for_selector("#token")
    context.close()


def test_a_reader_sees_that_it_reads_only(reading, server):
    """And a statement that writes says why it does not run."""
    assert reading.locator("aside .badge").inner_text() == "read only"
    go(reading, server, "query", ".editor")
    run(reading, "DELETE FROM sales")
    reading.wait_for_selector(".error:has-text('this connection may only read')")


# --- tables


def test_tables_are_listed_with_their_rows_and_found_by_name(page):
    """Those of the user first."""
    page.wait_for_selector("text=1,000,000")
    page.fill("input[type=search]", "iss")
    assert page.locator("tbody .name").all_inner_texts() == ["issues"]
    page.fill("input[type=search]", "nothing")
    page.wait_for_selector("text=No such table")


def test_columns_have_profiles(page, server):
    """A histogram of numbers, the most frequent texts, NULLs."""
    go(page, server, "table/big", ".grid-row")
    page.click("text=Columns")
    page.wait_for_selector("tr:has-text('half') .histogram")
    assert page.locator("tr:has-text('half') .histogram rect").count() == 24
    go(page, server, "table/issues", ".grid-row")
    page.click("text=Columns")
    page.wait_for_selector("tr:has-text('status') .top-line:has-text('open')")
    page.wait_for_selector("tr:has-text('deleted_at'):has-text('100 % NULL')")


def test_the_first_paint_of_a_million_rows_is_quick(page, server):
    """From the address to rows on the screen; the median of five."""
    took = []
    for _ in range(5):
        page.goto("about:blank")
        began = time.perf_counter()
        go(page, server, "table/big", ".grid-row:not(.waits)")
        took.append(time.perf_counter() - began)
    assert cells(page) == ["0", "0.0", "0"]
    assert sorted(took)[2] <= FIRST_PAINT_S, took


def test_a_grid_scrolls_a_million_rows_without_loading_them(page, server):
    """By wheel, keyboard and scrollbar; what is fetched is a small part."""
    fetched = []
    page.on("response", lambda r: fetched.append(r) if "/api/" in r.url else None)
    go(page, server, "query", ".editor")
    run(page, "SELECT n, half FROM big ORDER BY n")
    assert cells(page, 1) == ["0", "0.0"]
    page.locator(".grid").focus()
    page.keyboard.press("Control+End")
    assert cells(page, ROWS) == [str(ROWS - 1), f"{(ROWS - 1) / 2}"]
    page.keyboard.press("Control+Home")
    assert cells(page, 1) == ["0", "0.0"]
    grid = page.locator(".grid").bounding_box()
    page.mouse.move(grid["x"] + 50, grid["y"] + 80)
    for _ in range(100):
        page.mouse.wheel(0, 28_000)
    until(lambda: cells(page, 100_001) and cells(page, 100_001)[0] == "100000", "100,000 rows to pass")
    page.evaluate("document.querySelector('.grid').scrollTop = 4_000_000")
    until(
        lambda: (
            400_000 < int(page.locator(".grid-row:not(.waits) [data-column='0']").first.inner_text() or 0) < 600_000
        ),
        "the middle",
    )
    assert sum(len(r.body()) for r in fetched) < 3_000_000
    assert page.locator(".grid-row").count() < 60


# --- statements


def test_a_statement_runs_and_its_error_stands_at_its_place(page, server):
    """The wrong part is marked, the caret is there, and history remembers both."""
    go(page, server, "query", ".editor")
    run(page, "SELECT region, SUM(amount) AS total FROM sales GROUP BY region ORDER BY region")
    assert cells(page, 1) == ["north", "8"] and cells(page, 2) == ["south", "4"]
    run(page, "SELECT '𝕏' AS x,\n  regoin FROM sales")
    page.wait_for_selector(".error:has-text('Did you mean region')")
    assert page.locator(".editor-colours .wrong").all_inner_texts() == ["regoin"]
    assert page.evaluate("document.querySelector('.editor-text').selectionStart") == len("SELECT '𝕏' AS x,\n  ") + 1
    page.click("text=History")
    page.click(".past:has-text('SUM(amount)')")
    assert page.input_value(".editor-text").startswith("SELECT region, SUM")


def test_a_statement_is_stopped(page, server):
    """By its button; nothing runs on at the server."""
    go(page, server, "query", ".editor")
    runs = server._service.runs
    run(page, "SELECT COUNT(*) FROM big a, big b WHERE a.n + b.n = -1")
    until(lambda: [r for r in runs.listed() if r.verb == "sql"], "the statement to run")
    page.click("text=Stop")
    page.wait_for_selector("text=Stopped after")
    until(lambda: not runs.listed(), "the statement to end")


def test_a_result_is_drawn(page, server):
    """As bars, a line or points; what cannot be drawn is told."""
    go(page, server, "query", ".editor")
    run(page, "SELECT region, amount, amount * 2 AS twice FROM sales ORDER BY amount")
    page.wait_for_selector(".grid-row")
    page.click("[role=tab]:text-is('Chart')")
    page.wait_for_selector(".chart rect")
    titles = page.locator(".chart rect title").all_text_contents()
    assert titles == ["north: 6", "south: 8", "north: 10"]
    page.select_option("[aria-label='Kind of chart']", "scatter")
    page.select_option("[aria-label='Across']", label="amount")
    page.select_option("[aria-label='Colour']", label="region")
    assert page.locator(".chart circle").count() == 3 and page.locator(".legend").inner_text() == "north\nsouth"
    run(page, "SELECT started, n FROM (VALUES (DATE '2026-01-01', 1), (DATE '2026-03-01', 2)) t(started, n)")
    page.wait_for_selector("[data-column]:text-is('2026-03-01')")
    page.click("[role=tab]:text-is('Chart')")
    page.wait_for_selector(".chart path")
    run(page, "SELECT 'a' AS a")
    page.wait_for_selector("[data-column]:text-is('a')")
    page.click("[role=tab]:text-is('Chart')")
    page.wait_for_selector("text=A chart needs a column of numbers")


def test_a_plan_is_drawn_with_its_times(page, server):
    """Estimates first; the times when it is run."""
    go(page, server, "query", ".editor")
    run(page, "SELECT i.title, COUNT(*) FROM issues i JOIN edges e ON e.dst = i.id GROUP BY ALL")
    page.wait_for_selector(".grid-row")
    page.click("[role=tab]:text-is('Plan')")
    page.wait_for_selector(".plan strong:text-is('Join')")
    assert page.locator(".plan .time").count() == 0
    page.click("text=Run and time it")
    page.wait_for_selector("text=in all")
    assert page.locator(".plan strong:text-is('Scan')").count() == 2 and page.locator(".plan .time").count() >= 4


def test_what_is_typed_is_completed(page, server):
    """Tables behind FROM, columns of them behind a dot, functions; by the keyboard."""
    go(page, server, "query", ".editor")
    page.click(".editor-text")
    page.keyboard.type("SELECT s.am")
    page.keyboard.press("End")
    page.keyboard.type(" FROM sal")
    page.wait_for_selector(".editor-options li:has-text('sales')")
    page.keyboard.press("Tab")
    assert page.input_value(".editor-text") == "SELECT s.am FROM sales"
    page.keyboard.type(" s")
    page.evaluate("document.querySelector('.editor-text').setSelectionRange(11, 11)")
    page.keyboard.press("Control+Space")
    page.wait_for_selector(".editor-options li:has-text('amount')")
    page.keyboard.press("Enter")
    assert page.input_value(".editor-text") == "SELECT s.amount FROM sales s"
    page.keyboard.press("End")
    page.keyboard.type(" WHERE approx_c")
    page.wait_for_selector(".editor-options li:has-text('approx_count_distinct(')")


def test_a_result_is_saved(page, server, tmp_path):
    """As a file of each format, with all rows."""
    go(page, server, "query", ".editor")
    run(page, "SELECT n FROM big WHERE n < 100000 ORDER BY n")
    page.wait_for_selector(".grid-row")
    for label, read in (("CSV", pl.read_csv), ("Parquet", pl.read_parquet), ("JSON", pl.read_ndjson)):
        with page.expect_download() as download:
            page.click(f"text=Save {label}")
        path = Path(tmp_path / download.value.suggested_filename)
        download.value.save_as(path)
        assert read(path)["n"].to_list() == list(range(100_000))


# --- entities


def test_a_search_shows_scores_and_why(page, server):
    """Names first; hits by meaning and by words with both scores, and the words of the question marked."""
    go(page, server, "search", "text=Search the database")
    page.fill("input[type=search]", "login")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hits section:first-child:has-text('its id is this') a:has-text('TAP-1')")
    hit = page.locator(".hit:has-text('Login fails with a wrong password')").first
    assert hit.locator("mark").all_inner_texts() == ["Login"]
    assert hit.locator(".score").count() == 2 and "score" in hit.locator(".scores").inner_text()
    page.select_option("[aria-label='Search in']", "issues")
    page.wait_for_selector(".hits h2 a:text-is('issues')")
    go(page, server, "search/Adda%20Lovelaces", ".hits h2:text-is('Spelt alike')")
    go(page, server, "search/%3Cb%3E%20xyzzy%20%28%5B/issues", ".hit")


def test_an_entity_has_fields_edges_and_what_is_like_it(page, server):
    """And edges lead on, also from the ids in grids."""
    go(page, server, "table/edges", ".grid-row a")
    page.click(".grid-row a:text-is('ada') >> nth=0")
    page.wait_for_selector("h1:text-is('Ada Lovelace')")
    page.click(".links a:text-is('TAP-1')")
    page.wait_for_selector("h1:text-is('Login fails with a wrong password')")
    page.wait_for_selector("h3:has-text('reported')")
    page.wait_for_selector("section:has(h2:text-is('Alike')) .links li")
    assert page.locator(".fields dd").first.inner_text() == "login"
    go(page, server, "entity/issues/nothing", "text=There is no such entity")


def test_a_graph_grows_by_clicks(page, server):
    """And by the keyboard; a node can be taken away."""
    go(page, server, "graph", "text=With the most edges")
    page.click(".links button:text-is('Ada Lovelace')")
    page.wait_for_selector(".node >> nth=2")
    assert page.locator(".node").count() == 3 and page.locator(".edge").count() == 2
    page.wait_for_selector(".graph[data-rests=true]")
    page.locator(".node:has-text('TAP-2') circle").click()
    page.wait_for_selector(".side h2:has-text('TAP-2')")
    page.click("text=Grow")
    page.wait_for_selector(".node:has-text('TAP-3')")
    page.locator(".node:has-text('TAP-1')").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".node:has-text('<img')")
    count = page.locator(".node").count()
    page.click("text=Take away")
    assert page.locator(".node").count() == count - 1


# --- questions, documents, moments


def test_a_question_is_answered_with_its_stages(page, server):
    """And one that is not understood says why, and what could be asked."""
    go(page, server, "ask", "text=Ask the database")
    page.fill("input[type=search]", "issues with status open")
    page.keyboard.press("Enter")
    page.wait_for_selector(".stages li")
    assert cells(page)[0] == "login" and "sure" in page.locator(".sure").inner_text()
    page.click("summary")
    assert "status = 'open'" in page.locator(".stages .sql").inner_text()
    page.click("text=Open in Query")
    page.wait_for_selector(".editor")
    assert "FROM issues" in page.input_value(".editor-text")
    go(page, server, "ask/how%20many%20issues%20are%20open", ".figure")
    go(page, server, "ask/xyzzy%20plugh", "h2:text-is('Not answered')")
    assert page.locator(".badge.strong:text-is('xyzzy')").count() == 1
    suggestion = page.locator("section:has-text('What could be asked') a").first
    text = suggestion.inner_text()
    suggestion.click()
    page.wait_for_selector("section:has-text('As one statement') > .sql")
    assert page.input_value("input[type=search]") == text


def test_a_document_is_read_whole(page, server):
    """From the list, with an outline; long chunks come as they come into sight, and once."""
    go(page, server, "documents", "tbody tr")
    page.click("a.name:text-is('long.md')")
    page.wait_for_selector(".outline button:text-is('The last')")
    page.click(".outline button:text-is('The last')")
    page.wait_for_selector(".chunk:has-text('the very end')")
    assert page.locator("article").inner_text().count("## The last") == 1
    for chunk in page.locator(".chunk").all():
        chunk.scroll_into_view_if_needed()
    article = page.locator("article")
    until(lambda: [article.inner_text().count(word) for word in ("start", "word")] == [300, 400], "all of the text")
    go(page, server, "documents/nothing", "text=There is no such document")


def test_moments_are_in_the_order_of_time(page, server):
    """By day, type, and what they are about; rows of other tables by when they were made."""
    go(page, server, "timeline", ".moment")
    assert page.locator(".day h2").all_inner_texts() == ["Tue, 2 Jun 2026", "Mon, 1 Jun 2026"]
    page.click("text=Latest first")
    page.wait_for_selector(".day:first-child:has-text('1 Jun 2026')")
    page.select_option("[aria-label='Type']", "meeting")
    until(lambda: page.locator(".moment").count() == 1, "the meeting to be alone")
    page.fill("[aria-label='About an entity']", "bob")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Nothing in this time")
    page.fill("[aria-label='About an entity']", "ada")
    page.keyboard.press("Enter")
    page.wait_for_selector(".moment:has-text('Review of the login')")
    page.locator("input[type=date]").first.fill("2026-07-01")
    page.wait_for_selector("text=Nothing in this time")
    go(page, server, "timeline/issues%3Alogin", ".empty")
    page.fill("[aria-label='About an entity']", "")
    page.keyboard.press("Enter")
    page.select_option("[aria-label='Table']", "issues")
    page.wait_for_selector(".moment:has-text('Document the API')")


# --- hostile texts


def test_markup_is_shown_as_text(page, server):
    """In cells, names of columns, tables and errors; `page` sees that no script has run."""
    go(page, server, "table/odd", ".grid-row")
    assert cells(page, 1) == [MARKUP, "1"] and MARKUP in page.locator(".grid-head").inner_text()
    assert cells(page, 2)[0] == "NULL"
    page.locator('[data-column="0"]').first.dblclick()
    assert page.locator("dialog .value").inner_text() == MARKUP
    page.keyboard.press("Escape")
    page.click("text=Columns")
    page.wait_for_selector(".profile:has-text('<img')")
    go(page, server, "query", ".editor")
    run(page, f"SELECT '{MARKUP}' AS a, \"{MARKUP}\" FROM sales")
    page.wait_for_selector(".error:has-text('<img')")
    for address in ("entity/entities/markup", "search/login", "graph/entities/markup", "timeline"):
        go(page, server, address, "main :has-text('<img')")
    assert page.locator("img:not([src='icon.svg'])").count() == 0


# --- how it looks


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_screens_fit_and_can_be_read(browser, server, width, scheme):
    """Nothing is wider than the window, and texts have a contrast of at least 4.5 to 1 to what they stand on."""
    for page in opened(browser, server, ADMIN, color_scheme=scheme):
        page.set_viewport_size({"width": width, "height": 800})
        for address, shows in SCREENS.items():
            go(page, server, address, shows)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
            assert page.evaluate("document.querySelector('main').scrollWidth") <= width, address
            assert page.evaluate(CONTRASTS) == [], address


SCREENS = {
    "tables": "tbody tr",
    "table/big": ".grid-row",
    "query": ".editor",
    "search/login": ".hit",
    "entity/issues/login": ".links li",
    "graph/issues/login": ".node",
    "ask/open%20issues": ".stages li",
    "documents": "tbody tr",
    "timeline": ".moment",
}
# The texts whose contrast is too small, by the formula of WCAG 2; disabled ones and placeholders are left out.
CONTRASTS = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, place) => sum + c * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (colour.startsWith("rgb(")) return channels(colour);
    }
    return [255, 255, 255];
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || node.closest("[hidden], :disabled, .skip, svg, textarea, title")) continue;
    if (!node.checkVisibility()) continue;
    const [a, b] = [light(channels(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(`${node.className}: ${walker.currentNode.data.slice(0, 30)}`);
  }
  return low;
}"""
