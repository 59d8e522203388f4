"""Customer service in the simulator: from the assistant into the queue, to a servicer, and back to the assistant."""

import pytest
from playwright.sync_api import expect

from tests.browser.phone import say

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

MOTHER, AUNT = "oSimulated-XiaoYuMama-000001", "oSimulated-ZhangAyi-00000001"


@pytest.fixture
def phone_of(demo, open_page):
    """Open a customer's phone, with the servicer's side beside it."""

    def phone(person, **size):
        page = open_page(f"{demo.address}/simulator/#account=service&person={person}", **size)
        expect(page.locator("#title")).to_have_text("健康服务（微信客服）")
        return page

    return phone


def answered(page, words):
    expect(page.locator(".chat .push .bubble").last).to_contain_text(words)


def let_queue(page):
    """Let the servicer be of a department: then sessions go into the queue."""
    page.get_by_label("接待方式").select_option("queue")
    expect(page.locator(".chat .note").last).to_have_text("客服在岗，会话先排队")


def exchange_since(page, words):
    """Return who said what since the person said some words; of the assistant and the phone the first words."""
    lines = page.locator(".chat li:not(.time)").evaluate_all(
        "lines => lines.map(one => [one.className.split(' ')[0], one.querySelector('.bubble, span').innerText])"
    )
    begins = max(at for at, line in enumerate(lines) if line == ["person", words])
    return [(side, text.split("，")[0].split("\n")[0]) for side, text in lines[begins:]]


def test_from_the_assistant_through_the_queue_to_a_servicer_and_back(phone_of):
    phone = phone_of(MOTHER)
    let_queue(phone)
    phone.get_by_role("button", name="打开客服会话").click()
    answered(phone, "您好，我是健康服务助手")
    expect(phone.locator("#session")).to_have_text("小雨妈妈：助手在接待")

    say(phone, "住院垫付等待期多久？")
    phone.locator(".chat .tap", has_text="臻爱无限").click()
    answered(phone, "30天")

    say(phone, "转人工")
    expect(phone.locator(".chat .note").last).to_have_text("正在排队，等客服接入")
    expect(phone.locator("#session")).to_contain_text("在排队")
    expect(phone.locator("#waiting li")).to_contain_text(["小雨妈妈排队转人工"])
    say(phone, "还在吗")  # the platform lets nobody answer in the queue
    phone.locator("#waiting").get_by_role("button", name="接入").click()
    expect(phone.locator("#session")).to_have_text("小雨妈妈：陈客服在接待")

    phone.get_by_label("客服的回复").fill("您好，我是陈客服，孩子住在哪家医院？")
    phone.get_by_role("button", name="回复").click()
    expect(phone.locator(".chat .servicer .bubble")).to_contain_text("我是陈客服")
    say(phone, "市儿童医院，臻爱无限的住院垫付怎么申请？")  # the assistant knows it, and keeps silent
    phone.get_by_label("客服的回复").fill("收到，我帮您办")
    phone.keyboard.press("Enter")
    expect(phone.locator(".chat .servicer")).to_have_count(2)
    phone.get_by_role("button", name="结束会话").click()
    answered(phone, "满意吗")
    expect(phone.locator("#session")).to_contain_text("已结束")
    expect(phone.locator("#waiting li")).to_have_count(0)

    say(phone, "臻爱无限的住院垫付等待期多久？")
    answered(phone, "住院垫付的等待期是30天")
    expect(phone.locator("#session")).to_have_text("小雨妈妈：助手在接待")
    assert exchange_since(phone, "转人工") == [
        ("person", "转人工"),
        ("push", "好的"),
        ("note", "正在排队"),
        ("person", "还在吗"),
        ("note", "客服接入了会话"),
        ("servicer", "您好"),
        ("person", "市儿童医院"),
        ("servicer", "收到"),
        ("note", "客服结束了会话"),
        ("push", "刚才健康管家的服务您满意吗？回复1到5分（5分最满意）"),
        ("person", "臻爱无限的住院垫付等待期多久？"),
        ("push", "住院垫付的等待期是30天"),
    ]


def test_a_servicer_sees_who_else_waits_and_takes_them_from_any_phone(phone_of):
    first, second = phone_of(AUNT), phone_of(MOTHER)
    let_queue(first)
    first.get_by_role("button", name="打开客服会话").click()
    answered(first, "您好")
    say(first, "转人工")
    waiting = second.locator("#waiting li", has_text="张阿姨")
    expect(waiting).to_contain_text("排队转人工")
    waiting.get_by_role("button", name="接入").click()
    expect(second.locator("#session")).to_have_text("张阿姨：陈客服在接待")
    expect(second.get_by_label("人物").locator("option:checked")).to_have_text("张阿姨")
    expect(first.locator(".chat .note").last).to_have_text("客服接入了会话")
    second.get_by_role("button", name="结束会话").click()
    answered(first, "满意吗")
    say(first, "5")
    answered(first, "谢谢")


def test_on_a_phone_the_servicer_s_side_opens_and_fits(phone_of):
    page = phone_of(AUNT, width=390, height=844)
    page.get_by_role("button", name="坐席").click()
    expect(page.get_by_label("接待方式")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in page.locator("#service button:visible").all():
        assert button.bounding_box()["height"] >= 40, button.inner_text()
