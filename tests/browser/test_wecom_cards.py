"""An employee in WeCom asks for a person: the health manager gets a card, answers from its link, and gives back."""

import pytest
from playwright.sync_api import expect

from care.demo_staff import PASSWORD
from tests.browser.phone import say

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

QUESTION = "臻爱无限的住院垫付等待期多久？"


@pytest.fixture
def phone_of(demo, open_page):
    def phone(member, **size):
        page = open_page(f"{demo.address}/simulator/#account=employees&person={member}", **size)
        expect(page.locator("#title")).to_have_text("员工健康助手（企业微信）")
        return page

    return phone


def replies(page):
    return page.locator(".chat .reply:not(.typing)")


def opened(phone, card):
    """Follow a card's link as the phone does, into a page of its own."""
    with phone.context.expect_page() as page:
        card.get_by_role("link", name="去处理").click()
    return page.value


def test_from_the_assistant_by_a_card_to_a_health_manager_and_back(phone_of):
    employee, work = phone_of("ChenJing"), phone_of("LinGuanjia")
    expect(work.locator(".hints")).to_contain_text("工作卡片会出现在这里")
    say(employee, QUESTION)
    expect(replies(employee).last).to_contain_text("30天")
    say(employee, "转人工，孩子下周要住院")
    expect(replies(employee).last).to_contain_text("已经为您转人工")

    card = work.locator(".card-message", has_text="有一位客户等您接待")
    expect(card).to_be_visible(timeout=20_000)
    for personal in ("孩子", "住院", "陈静", "ChenJing"):
        expect(card).not_to_contain_text(personal)
    console = opened(work, card)
    console.get_by_label("用户名").fill("demo")
    console.get_by_label("密码").fill(PASSWORD)
    console.get_by_role("button", name="登录").click()
    expect(console.locator("#exchange")).to_contain_text("孩子下周要住院")
    console.get_by_role("button", name="接管").click()
    console.locator("#text").fill("陈静您好，我是林管家，孩子住哪家医院？")
    console.get_by_role("button", name="发送").click()
    expect(employee.locator(".chat .push .bubble").last).to_contain_text("我是林管家")

    heard = replies(employee).count()
    say(employee, f"市儿童医院。{QUESTION}")  # the assistant knows it, and keeps silent
    expect(console.locator(".said.person").last).to_contain_text("市儿童医院")
    console.locator("#text").fill("30天，您的已经过了，可以申请")
    console.get_by_role("button", name="发送").click()
    expect(employee.locator(".chat .push .bubble").last).to_contain_text("您的已经过了")
    expect(replies(employee)).to_have_count(heard)

    console.locator("summary", has_text="交还").click()
    console.get_by_role("button", name="交还给机器人").click()
    expect(console.locator("#head")).to_contain_text("机器人在答")
    expect(employee.locator(".chat .push .bubble").last).to_contain_text("接下来由我（自动助手）继续帮您")
    say(employee, QUESTION)
    expect(replies(employee)).to_have_count(heard + 1)
    expect(replies(employee).last).to_contain_text("30天")
    expect(work.locator(".card-message")).to_have_count(1)  # one hand-over, one card


def test_a_health_manager_s_phone_offers_nothing_to_ask(phone_of):
    page = phone_of("ZhouZhuguan", width=390, height=844)
    expect(page.locator(".hints")).to_contain_text("工作卡片会出现在这里")
    expect(page.locator(".hints button")).to_have_count(0)
    expect(page.locator("#policies-card")).to_be_hidden()
