"""The simulator as an operator uses it, in a real browser."""

import base64

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def page(server, open_page):
    page = open_page(f"{server}/simulator/")
    expect(page.locator("#menu button")).to_have_count(3)
    return page


def say(page, text):
    page.get_by_label("想说的话").fill(text)
    page.keyboard.press("Enter")


def test_a_question_is_answered_and_the_panel_says_why(page):
    say(page, "住院垫付等待期多久")
    expect(page.locator(".chat .person .bubble")).to_have_text("住院垫付等待期多久")
    expect(page.locator(".chat .reply .bubble")).to_have_text("收到：住院垫付等待期多久")
    expect(page.locator("#decision")).to_have_text("回答")
    expect(page.locator("#reasons li")).to_have_text(["词语：等待期", "产品：臻爱无限"])
    expect(page.locator("#took")).to_contain_text("毫秒")


def test_an_empty_chat_proposes_questions_that_can_be_clicked(page):
    first = page.locator(".hints button").first
    question = first.inner_text()
    first.click()
    expect(page.locator(".chat .reply .bubble")).to_have_text(f"收到：{question}")
    expect(page.locator(".hints")).to_have_count(0)


def test_what_the_assistant_pushes_arrives_by_itself(page):
    say(page, "两条")
    expect(page.locator(".chat .push .bubble")).to_contain_text("第二条，主动发送")
    expect(page.locator("#quota")).to_have_text("4 条")


def test_a_send_that_is_made_to_fail_is_tried_again(page):
    page.get_by_label("错误码").select_option("-1")
    page.get_by_role("button", name="下次发送失败").click()
    expect(page.locator("#pending")).to_have_text("-1")
    say(page, "两条")
    expect(page.locator(".chat .push")).to_have_count(1)
    expect(page.locator("#pending")).to_have_text("无")


def test_a_repeated_delivery_brings_no_second_answer(page):
    say(page, "等待期")
    expect(page.locator(".chat .reply")).to_have_count(1)
    page.get_by_role("button", name="把上一条再投递 3 次").click()
    expect(page.locator(".chat .note")).to_contain_text("三次答复完全相同")
    expect(page.locator(".chat .reply")).to_have_count(1)


def test_voice_place_picture_and_menu_can_be_sent(page):
    page.get_by_role("button", name="发语音").click()
    page.get_by_label("您说的话").fill("那个等多久啊")
    page.get_by_role("button", name="发送语音").click()
    expect(page.locator(".chat .reply .bubble").last).to_have_text("收到语音：那个等多久啊")
    page.get_by_role("button", name="更多").click()
    page.get_by_role("button", name="位置").click()
    page.locator("#places button").first.click()
    expect(page.locator(".chat .reply .bubble").last).to_have_text("收到：location")
    page.locator("#picture").set_input_files({"name": "照片.png", "mimeType": "image/png", "buffer": PNG})
    expect(page.locator(".chat .reply .bubble").last).to_have_text("收到：image")
    expect(page.locator(".chat img")).to_have_js_property("naturalWidth", 1)
    page.get_by_role("button", name="人工服务").click()
    expect(page.locator(".chat .reply .bubble").last).to_have_text("收到：转人工")


def test_a_file_that_is_no_picture_is_refused_in_words(server, open_page):
    page = open_page(f"{server}/simulator/")
    expect(page.locator("#menu button")).to_have_count(3)
    page.locator("#picture").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"<svg>"})
    expect(page.locator("#toast")).to_contain_text("图片")
    open_page.faults[:] = [fault for fault in open_page.faults if "400" not in fault]


def test_without_the_demo_no_policies_are_offered(page):
    expect(page.locator("#policies-card")).to_be_hidden()
    expect(page.locator(".hints button")).to_have_count(3)


def test_following_and_unfollowing(page):
    page.get_by_label("人物").select_option(label="新朋友")
    expect(page.locator("#bar")).to_be_hidden()
    page.get_by_role("button", name="关注公众号").click()
    expect(page.locator(".chat .reply .bubble")).to_have_text("收到：subscribe")
    expect(page.locator("#bar")).to_be_visible()
    page.get_by_role("button", name="更多").click()
    page.get_by_role("button", name="取消关注").click()
    expect(page.locator("#bar")).to_be_hidden()


def test_people_and_accounts_have_chats_of_their_own(page):
    say(page, "等待期")
    expect(page.locator(".chat .reply")).to_have_count(1)
    page.get_by_label("人物").select_option(label="张阿姨")
    expect(page.locator(".chat .person")).to_have_count(0)
    page.locator("#account").select_option(label="明文测试号")
    expect(page.locator("#title")).to_have_text("明文测试号")
    say(page, "你好")
    expect(page.locator(".chat .reply .bubble")).to_have_text("收到：你好")


def test_a_reload_keeps_person_and_chat(page):
    page.get_by_label("人物").select_option(label="李先生")
    say(page, "等待期")
    expect(page.locator(".chat .reply")).to_have_count(1)
    page.reload()
    expect(page.locator(".chat .reply .bubble")).to_have_text("收到：等待期")
    expect(page.get_by_label("人物").locator("option:checked")).to_have_text("李先生")


def test_text_is_shown_as_text(page):
    text = "<img src=x onerror=alert(1)> <b>&amp; ]]>"
    say(page, text)
    expect(page.locator(".chat .person .bubble")).to_have_text(text)
    expect(page.locator(".chat .reply .bubble")).to_have_text(f"收到：{text}")
    expect(page.locator(".chat img")).to_have_count(0)


def test_enter_within_an_input_method_does_not_send(page):
    field = page.get_by_label("想说的话")
    field.fill("dengdai")
    field.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    field.fill("等待期")
    page.keyboard.press("Enter")
    expect(page.locator(".chat .reply .bubble")).to_have_text("收到：等待期")
    expect(page.locator(".chat .person")).to_have_count(1)


def test_a_long_conversation_ends_in_view(page):
    for number in range(12):
        say(page, f"第{number}句")
        expect(page.locator(".chat .reply")).to_have_count(number + 1)
    expect(page.locator(".chat .reply").last).to_be_in_viewport()
    expect(page.locator(".chat .person").first).not_to_be_in_viewport()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (360, 640), (1024, 768), (1280, 720)])
def test_the_page_fits_phone_and_laptop(server, open_page, width, height):
    page = open_page(f"{server}/simulator/", width=width, height=height)
    expect(page.locator("#menu button")).to_have_count(3)
    say(page, "很长的一句话" * 30)
    expect(page.locator(".chat .reply")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("发送", "发语音", "更多", "服务项目"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box["height"] >= 40
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height


def test_on_a_phone_the_reasons_open_and_close(server, open_page):
    page = open_page(f"{server}/simulator/", width=390, height=844)
    say(page, "等待期")
    expect(page.locator(".chat .reply")).to_have_count(1)
    expect(page.locator("#side")).to_be_hidden()
    page.get_by_role("button", name="为什么").click()
    expect(page.locator("#reasons li")).to_have_count(2)
    page.get_by_role("button", name="关上").click()
    expect(page.locator("#side")).to_be_hidden()


def test_nothing_can_be_sent_before_the_page_listens(server, open_page):
    page = open_page("about:blank")
    held = []
    page.route("**/api/world", lambda route: held.append(route))
    page.goto(f"{server}/simulator/")
    expect(page.get_by_label("想说的话")).to_be_disabled()
    expect(page.get_by_role("button", name="发送", exact=True)).to_be_disabled()
    held[0].continue_()
    say(page, "等待期")
    expect(page.locator(".chat .reply")).to_have_count(1)


def test_everything_can_be_reached_by_keyboard(page):
    reached = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert {"text", "speak", "more", "send", "account", "person", "code", "fail", "repeat", "人工服务"} <= reached
