"""The web chat in a frame of an insurer's page: asked, answered, pushed to, with tokens that end."""

from contextlib import ExitStack

import pytest

from tests.browser.test_console import AXE, serious
from tests.web_chat_server import chat_server, token

pytestmark = pytest.mark.browser


@pytest.fixture
def serve_chat(tmp_path):
    """Serve the chat; asked for before `open_page`, so that the pages are closed before the server stops."""
    with ExitStack() as until_the_end:
        yield lambda **how: until_the_end.enter_context(chat_server(tmp_path, **how))


def test_a_person_chats_in_a_frame_and_pushes_arrive(serve_chat, open_page) -> None:
    chat = serve_chat()
    page = open_page(chat.host)
    frame = page.frame_locator("iframe")
    frame.get_by_text("收到：subscribe").wait_for()
    frame.get_by_label("要说的话").fill("<b>两条</b>")
    frame.get_by_label("要说的话").press("Enter")
    frame.get_by_text("收到：<b>两条</b>").wait_for()
    frame.get_by_text("第二条，主动发送").wait_for()
    frame.get_by_label("图片或文件").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8picture"}
    )
    frame.get_by_text("收到：image").wait_for()
    assert frame.locator(".bubble").count() == 6
    assert page.evaluate("window.asked") == 1
    page.reload()
    frame.get_by_text("收到：subscribe").wait_for()


def test_an_open_page_takes_one_seat(serve_chat, open_page) -> None:
    chat = serve_chat(seats=1)
    frame = open_page(chat.host).frame_locator("iframe")
    frame.get_by_text("收到：subscribe").wait_for()
    frame.get_by_label("要说的话").fill("两条")
    frame.get_by_role("button", name="发送").click()
    frame.get_by_text("第二条，主动发送").wait_for()
    assert not chat.streams.seats.acquire(blocking=False)


def test_a_token_that_the_site_brings_late_begins_the_chat(serve_chat, open_page) -> None:
    chat = serve_chat()
    page = open_page("about:blank")
    page.route("**/token", lambda route: route.abort())
    page.clock.install()
    page.goto(chat.host)
    frame = page.frame_locator("iframe")
    page.wait_for_function("window.asked === 1")
    page.clock.fast_forward(11_000)
    frame.get_by_text("还没有连上").wait_for()
    page.evaluate(
        "([token, to]) => frames[0].postMessage({ type: 'webchat-token', token }, to)", [token(), chat.address]
    )
    frame.get_by_text("收到：subscribe").wait_for()
    assert frame.get_by_text("还没有连上").count() == 0
    open_page.faults[:] = [one for one in open_page.faults if "ERR_FAILED" not in one and "fetch" not in one]


def test_a_token_that_ended_is_asked_for_again(serve_chat, open_page) -> None:
    chat = serve_chat(seconds=2)
    page = open_page(chat.host)
    frame = page.frame_locator("iframe")
    frame.get_by_text("收到：subscribe").wait_for()
    page.wait_for_function("window.asked > 1")
    frame.get_by_label("要说的话").fill("两条")
    frame.get_by_role("button", name="发送").click()
    frame.get_by_text("第二条，主动发送").wait_for()
    open_page.faults[:] = [one for one in open_page.faults if "403" not in one]  # what the browser says of it


@pytest.mark.skipif(not AXE.is_file(), reason="SKIPPED: axe-core is not installed (tests/install_tools.sh)")
def test_by_itself_it_fits_a_small_phone_and_axe_finds_no_serious_fault(serve_chat, open_page) -> None:
    chat = serve_chat()
    page = open_page(f"{chat.address}/webchat/chat/#token={token()}", width=320, height=640)
    page.get_by_text("收到：subscribe").wait_for()
    assert "token" not in page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert serious(page, AXE.read_text(encoding="utf-8")) == []
