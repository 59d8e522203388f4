"""The console beside the simulator, as `make run` starts both: taking over, racing, giving back, restarts, keyboard."""

import base64
import json
import re
import subprocess
from itertools import count

import pytest
import requests
from playwright.sync_api import expect

from care.demo_staff import PASSWORD
from tests.assistants import LEARNED
from tests.care.papers import pdf
from tests.console.talks import picture
from tests.proof.servers import free_port
from tests.served_demo import FLASK, ROOT, Demo
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

AXE = ROOT / "tests/peers/node_modules/axe-core/axe.min.js"
PEOPLE = {
    "li": "oSimulated-LiXiansheng-00001",
    "yu": "oSimulated-XiaoYuMama-000001",
    "zhang": "oSimulated-ZhangAyi-00000001",
}


class House(Demo):
    """A demo that can be stopped and started again on the same data."""

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([FLASK, "serve"], cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        assert eventually(lambda: self.process.poll() is not None or self.is_ready(), within_seconds=200)
        assert self.process.poll() is None, self.log.read_text()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.address}/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def tells(self, *texts: str, person: str) -> None:
        """Send texts to which no answer need come."""
        for text in texts:
            self._act(do="say", text=text, person=person, account="demo")

    def shows(self, content: bytes, *, person: str) -> None:
        """Send a picture to which no answer need come."""
        self._act(do="picture", content=base64.b64encode(content).decode(), person=person, account="demo")

    def meet(self, person: str) -> str:
        self.heard("reply", person=PEOPLE[person])
        return PEOPLE[person]


@pytest.fixture(scope="module")
def house(tmp_path_factory, data_folder):
    folder = tmp_path_factory.mktemp("house") / "data"
    folder.mkdir()
    (data_folder / LEARNED).mkdir(exist_ok=True)
    (folder / LEARNED).symlink_to(data_folder / LEARNED)
    served = House(folder, free_port())
    served.start()
    yield served
    served.stop()


@pytest.fixture
def login(house, open_page):
    def as_one(name="demo", **size):
        page = open_page(f"{house.address}/console/", **size)
        page.get_by_label("用户名").fill(name)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.locator("#rows")).to_be_attached()
        return page

    return as_one


_SAYINGS = count(1)


@pytest.fixture
def waiting(house):
    """Let somebody ask for a person; give the words by which the console shows them, and who it is."""

    def ask(person="zhang"):
        contact = house.meet(person)
        words = f"转人工，第{next(_SAYINGS)}次"
        house.tells(words, person=contact)
        return words, contact

    return ask


def forgiven(open_page, *parts) -> None:
    """Take out of what went wrong what was meant to."""
    open_page.faults[:] = [fault for fault in open_page.faults if not any(part in fault for part in parts)]


def opened(page, words):
    page.locator("#rows li", has_text=words).locator("a").click()
    expect(page.locator("#exchange")).to_contain_text(words)


def close(page):
    page.locator("summary", has_text="结束").click()
    page.get_by_label("问题已解决").check()
    page.get_by_role("button", name="结束会话").click()
    expect(page.locator("#text")).to_have_count(0)


def test_from_the_simulators_chat_to_the_first_human_reply(house, open_page, login) -> None:
    manager = login()
    expect(manager.locator("#nobody")).to_be_visible()
    phone = open_page(f"{house.address}/simulator/")
    phone.locator("#account").select_option(label="健康服务演示号")
    phone.get_by_label("人物").select_option(label="张阿姨")
    phone.get_by_label("想说的话").fill("转人工，我妈妈住院了")
    phone.get_by_role("button", name="发送", exact=True).click()
    expect(manager.locator("#rows li")).to_contain_text("我妈妈住院了")  # without a reload
    opened(manager, "我妈妈住院了")
    manager.get_by_role("button", name="接管").click()
    manager.locator("#text").fill("张阿姨您好，我是健康管家，马上帮您看。")
    manager.get_by_role("button", name="发送").click()
    expect(phone.locator(".chat .push, .chat .reply").last).to_contain_text("我是健康管家")
    expect(manager.locator(".said.human .state")).to_have_text("已发出")
    phone.get_by_label("想说的话").fill("谢谢，在中山医院")
    phone.get_by_role("button", name="发送", exact=True).click()
    expect(manager.locator(".said.person").last).to_contain_text("在中山医院")
    assert "中山医院" not in "".join(house.heard("reply")[-1:]), "the bot is silent"
    close(manager)


def test_pictures_and_documents_go_both_ways(house, waiting, login, open_page) -> None:
    words, contact = waiting("yu")
    manager = login()
    opened(manager, words)
    manager.get_by_role("button", name="接管").click()
    manager.locator("summary", has_text="发图片或文件").click()
    form = manager.locator("#send-file")
    for name, content in (("地图.jpg", picture()), ("须知.pdf", pdf())):
        form.locator("#file").set_input_files({"name": name, "mimeType": "", "buffer": content})
        form.get_by_role("button", name="发文件").click()
        sent = manager.locator(".said.human", has_text=name)
        expect(sent.locator(".state")).to_have_text("已发出")
    phone = open_page(f"{house.address}/simulator/")
    phone.locator("#account").select_option(label="健康服务演示号")
    phone.get_by_label("人物").select_option(label="小雨妈妈")
    shown = phone.locator(".chat .push .picture img")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.naturalWidth") == 60
    link = re.search(r"http\S+/files/[\w.-]+", house.pushed("须知.pdf", person=contact))[0]
    assert requests.post(link, timeout=10).content == pdf()
    house.shows(picture(), person=contact)
    got = manager.locator(".said.person details.paper").last
    expect(got).to_be_visible()  # without a reload
    got.locator("summary").click()
    expect(got.locator("img")).to_be_visible()
    close(manager)


def test_of_two_managers_who_take_at_once_one_gets_it_and_the_other_is_told(waiting, login, open_page) -> None:
    words, _ = waiting()
    one, other = login("demo"), login("demo-supervisor")
    for page in (one, other):
        opened(page, words)
    for page in (one, other):  # the same moment, as far as a server can tell
        page.evaluate("setTimeout(() => document.querySelector('[data-hotkey=t]').click(), 50)")
    for page in (one, other):
        expect(page.locator("#head .badge", has_text="处理")).to_be_visible()
    winners = [page for page in (one, other) if page.locator("#text").count()]
    assert len(winners) == 1
    loser = other if winners[0] is one else one
    expect(loser.locator("#composer")).to_contain_text("正在处理这个会话")
    expect(loser.locator("#toast")).to_contain_text("已经接管")
    winners[0].locator("#text").press_sequentially("您好")
    expect(loser.locator("#typing")).to_contain_text("正在输入")
    winners[0].locator("#text").fill("")
    close(winners[0])
    forgiven(open_page, "409")


def test_given_back_in_mid_form_the_bot_asks_on_and_keeps_what_was_filled_in(house, login) -> None:
    person = house.meet("li")
    for text in ("我想申请住院垫付", "同意", "臻爱无限", "DEMO-WX-0001", "演示甲", "0101"):
        house.tells(text, person=person)
    house.tells("转人工，我不会填", person=person)
    manager = login()
    opened(manager, "我不会填")
    manager.get_by_role("button", name="接管").click()
    expect(manager.locator("#text")).to_be_visible()
    form = manager.locator(".form-so-far")
    form.locator("summary").click()
    first = form.locator("li").filter(has_text="未填").first
    named = first.locator(".field").inner_text()
    choice = first.locator("input[name=text]").get_attribute("placeholder").split(" / ")[0]
    first.locator("input[name=text]").fill("明天" if choice == "代填" else choice)
    first.get_by_role("button", name="填").click()
    manager.locator("summary", has_text="交还").click()
    steps = manager.locator("select[name=step]")
    expect(steps).to_contain_text(named)
    before = len(house.heard("push", person=person))
    manager.get_by_role("button", name="交还给机器人").click()
    expect(manager.locator("#head")).to_contain_text("机器人在答")
    assert eventually(lambda: len(house.heard("push", person=person)) > before, within_seconds=20)
    assert "？" in house.heard("push", person=person)[-1] or "?" in house.heard("push", person=person)[-1]
    house.tells("取消", person=person)


def test_after_a_restart_an_open_page_goes_on_without_gap_or_double(house, waiting, login, open_page) -> None:
    words, contact = waiting()
    manager = login()
    opened(manager, words)
    manager.get_by_role("button", name="接管").click()
    expect(manager.locator("#text")).to_be_visible()
    house.stop()
    house.start()
    house.tells("重启之后说的话", person=contact)
    expect(manager.locator(".said.person", has_text="重启之后说的话")).to_have_count(1, timeout=30_000)
    manager.locator("#text").fill("我还在")
    manager.get_by_role("button", name="发送").click()
    expect(manager.locator(".said.human", has_text="我还在")).to_have_count(1)
    close(manager)
    forgiven(open_page, "net::ERR", "Failed to load")  # the page asked in vain while nobody served


def test_the_main_path_needs_no_mouse(house, waiting, open_page) -> None:
    words, contact = waiting()
    page = open_page(f"{house.address}/console/")
    expect(page.get_by_label("用户名")).to_be_focused()
    page.keyboard.type("demo")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#rows")).to_be_attached()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#exchange")).to_contain_text(words)
    page.keyboard.press("t")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("/请稍")
    expect(page.locator("#picks li").first).to_contain_text("请稍等")
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_value("我去核实一下，大约需要几分钟，有结果马上告诉您。")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".said.human").last).to_contain_text("我去核实一下")
    house.pushed("我去核实一下", person=contact)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("g")
    page.keyboard.press("Enter")
    expect(page.locator("#head")).to_contain_text("机器人在答")


def test_a_promise_of_cover_is_warned_about_before_it_is_sent(waiting, login, open_page) -> None:
    words, _ = waiting()
    page = login()
    opened(page, words)
    page.get_by_role("button", name="接管").click()
    page.locator("#text").fill("您放心，保证赔付")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#warnings")).to_contain_text("再看一眼")
    expect(page.locator(".said.human", has_text="保证赔付")).to_have_count(0)
    page.locator("#text").fill("以审核为准，我先帮您交材料")
    page.locator("#warnings input").check()
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".said.human").last).to_contain_text("以审核为准")
    close(page)
    forgiven(open_page, "422")


PAGES = (
    "/console/",
    "/console/?queue=bot",
    "/console/conversations/1",
    "/console/cases",
    "/console/calls",
    "/console/figures",
    "/console/audit",
    "/console/users",
    "/console/account",
    "/console/password",
    "/console/people/1",
)


def test_every_page_fits_a_phone(house, waiting, login) -> None:
    waiting()
    page = login("demo-supervisor", width=390, height=844)
    for path in PAGES:
        page.goto(f"{house.address}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.goto(f"{house.address}/console/conversations/1")
    for button in page.locator("button:visible").all():
        assert button.bounding_box()["height"] >= 40, button.inner_text()


@pytest.mark.skipif(not AXE.is_file(), reason="SKIPPED: axe-core is not installed (tests/install_tools.sh)")
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_axe_finds_no_serious_fault_on_any_page(house, waiting, login, open_page, width, height) -> None:
    waiting()
    rules = AXE.read_text(encoding="utf-8")
    page = open_page(f"{house.address}/console/login", width=width, height=height)
    found = {"/console/login": serious(page, rules)}
    page = login("demo-supervisor", width=width, height=height)
    for path in PAGES:
        page.goto(f"{house.address}{path}")
        found[path] = serious(page, rules)
    assert {path: faults for path, faults in found.items() if faults} == {}


def serious(page, rules: str) -> list[str]:
    page.evaluate(rules)
    told = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['id']}: {json.dumps([node['target'] for node in fault['nodes']][:3])}"
        for fault in told["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
