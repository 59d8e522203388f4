"""The web chat in a frame of an insurer's page: asked, answered, pushed to, with tokens that end."""

import pytest

from tests.browser.test_console import AXE, serious
from tests.web_chat_server import chat_server, token

pytestmark = pytest.mark.browser


def test_a_person_chats_in_a_frame_and_pushes_arrive(open_page, tmp_path) -> None:
    with chat_server(tmp_path) as chat:
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


def test_a_token_that_ended_is_asked_for_again(open_page, tmp_path) -> None:
    with chat_server(tmp_path, seconds=2) as chat:
        page = open_page(chat.host)
        frame = page.frame_locator("iframe")
        frame.get_by_text("收到：subscribe").wait_for()
        page.wait_for_function("window.asked > 1")
        frame.get_by_label("要说的话").fill("两条")
        frame.get_by_role("button", name="发送").click()
        frame.get_by_text("第二条，主动发送").wait_for()
        open_page.faults[:] = [one for one in open_page.faults if "403" not in one]  # what the browser says of it


@pytest.mark.skipif(not AXE.is_file(), reason="SKIPPED: axe-core is not installed (tests/install_tools.sh)")
def test_by_itself_it_fits_a_small_phone_and_axe_finds_no_serious_fault(open_page, tmp_path) -> None:
    with chat_server(tmp_path) as chat:
        page = open_page(f"{chat.address}/webchat/chat/#token={token()}", width=320, height=640)
        page.get_by_text("收到：subscribe").wait_for()
        assert "token" not in page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert serious(page, AXE.read_text(encoding="utf-8")) == []
