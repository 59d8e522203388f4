"""What a newcomer sees: the demo, started as `make run` starts it, asked in the browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.phone import say

pytestmark = pytest.mark.browser


def test_a_newcomer_asks_and_gets_the_cited_fact_and_the_reasons(demo, open_page):
    page = open_page(f"{demo.address}/simulator/")
    expect(page.locator("#title")).to_have_text("京东安联客户服务")
    page.get_by_label("想说的话").fill("臻爱无限的住院垫付等待期多久？")
    page.get_by_role("button", name="发送", exact=True).click()
    expect(page.locator(".chat .reply .bubble")).to_contain_text("30")
    expect(page.locator(".chat .reply .bubble")).to_contain_text("臻爱无限")
    expect(page.locator("#decision")).to_have_text("回答")
    expect(page.locator("#reasons li").first).to_be_visible()


def test_a_new_follower_is_welcomed_and_the_menu_answers(demo, open_page):
    page = open_page(f"{demo.address}/simulator/")
    page.get_by_label("人物").select_option(label="新朋友")
    page.get_by_role("button", name="关注公众号").click()
    expect(page.locator(".chat .reply")).to_have_count(1)
    for number, name in enumerate(("服务项目", "怎么申请", "人工服务"), 2):
        page.get_by_role("button", name=name).click()
        expect(page.locator(".chat .reply")).to_have_count(number)


def test_a_newcomer_applies_with_a_policy_that_the_page_shows(demo, open_page):
    page = open_page(f"{demo.address}/simulator/")
    page.get_by_label("人物").select_option(label="张阿姨")
    replies = page.locator(".chat .reply:not(.typing)")

    def answered(number, words):
        expect(replies).to_have_count(number)
        expect(replies.last.locator(".bubble")).to_contain_text(words)

    page.locator(".hints button").get_by_text("我想申请住院垫付").click()
    answered(1, "回复「同意」")
    for number, text in enumerate(("同意", "臻爱无限"), 2):
        page.get_by_label("想说的话").fill(text)
        page.get_by_role("button", name="发送", exact=True).click()
        expect(replies).to_have_count(number)
    for number, value in enumerate(("DEMO-WX-0001", "演示甲", "0101"), 4):
        page.locator("#policies .value").get_by_text(value, exact=True).first.click()
        expect(page.get_by_label("想说的话")).to_have_value(value)
        page.get_by_role("button", name="发送", exact=True).click()
        expect(replies).to_have_count(number)
    answered(6, "核对好了")
    expect(page.locator("#decision")).to_have_text("办理")


def test_every_account_shows_policies_of_its_own_products(demo, open_page):
    page = open_page(f"{demo.address}/simulator/")
    for account, first in (("京东安联客户服务", "DEMO-WX-0001"), ("君龙人寿", "DEMO-JL-0001")):
        page.locator("#account").select_option(label=account)
        expect(page.locator("#policies .value").first).to_have_text(first)
    expect(page.locator("#policies")).not_to_contain_text("DEMO-WX")


def test_every_account_answers(demo, open_page):
    page = open_page(f"{demo.address}/simulator/")
    expect(page.locator("#account option").nth(3)).to_have_text("员工健康助手（企业微信）")
    for name in page.locator("#account option").all_inner_texts()[:4]:  # the customer service has tests of its own
        page.locator("#account").select_option(label=name)
        page.get_by_label("人物").select_option(label="陈静" if "企业微信" in name else "李先生")
        page.locator(".hints button").first.click()
        expect(page.locator(".chat .reply")).to_have_count(1)


def test_an_employee_in_danger_is_looked_after_from_the_card_in_wecom(demo, open_page):
    employee = open_page(f"{demo.address}/simulator/#account=employees&person=LiuGong")
    say(employee, "我妈突然胸口剧痛，喘不上气，叫不醒了")
    expect(employee.locator(".chat .reply .bubble").last).to_contain_text("120")
    work = open_page(f"{demo.address}/simulator/#account=employees&person=LinGuanjia")
    card = work.locator(".card-message").filter(has_text="危险信号，请马上看")
    expect(card).to_be_visible(timeout=15_000)

    console = open_page(card.locator("a").get_attribute("href"))
    console.get_by_label("用户名").fill("demo")
    console.get_by_label("密码").fill("demo-password")
    console.keyboard.press("Enter")
    expect(console.locator("#exchange")).to_contain_text("胸口剧痛")
    console.get_by_role("button", name="接管").click()
    console.locator("#reply textarea").fill("我是林管家，120到了吗？")
    console.locator("#reply").get_by_role("button", name="发送").click()
    expect(employee.locator(".chat .push .bubble").last).to_contain_text("我是林管家，120到了吗？")
    replies = employee.locator(".chat .reply:not(.typing)").count()
    say(employee, "到了，谢谢")
    expect(console.locator("#exchange")).to_contain_text("到了，谢谢")
    assert employee.locator(".chat .reply:not(.typing)").count() == replies  # a person has it: the bot is silent

    console.locator("summary", has_text="交还").click()
    console.get_by_role("button", name="交还给机器人").click()
    expect(console.get_by_role("button", name="接管")).to_be_visible()
    say(employee, "臻爱无限的住院垫付等待期多久？")
    expect(employee.locator(".chat .reply:not(.typing) .bubble").last).to_contain_text("30")
