"""The inbox and the conversation page: order, what is shown, what is written down, the acts."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import insert

from bot.kf import sessions
from bot.kf.sessions import State
from bot.kf.tables import kf_sessions
from bot.messages import Kind
from bot.store import people
from bot.store.schema import contacts, outbox
from care import audit, hand_overs, media, staff
from console.exchange import PAGE
from console.inbox_view import PAGE as QUEUE_PAGE
from handlers import native_service
from handlers.handling import Handling
from tests.console.desk import app_of, visitors
from tests.console.talks import delivered, says

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
XSS = '<img src=x onerror=alert(1)>"><script>alert(2)</script>{{7919*7907}}'


class NoForms:
    """No form is under way in any conversation."""

    def of(self, _conversation, *, now):
        return None

    def paused(self, conversation, *, now):
        return conversation.state

    def resumed(self, conversation, *, now, step=None):
        from handlers.open_form import Resumed

        return Resumed(question="", state=conversation.state)


@pytest.fixture
def desk(office):
    """Somebody at the console, by name; acts are taken."""
    handling = Handling(store=office.store, forms=NoForms())
    return visitors(app_of(replace(office, handling=handling)))


def text_of(visitor, path: str) -> str:
    answer = visitor.get(path)
    assert answer.status_code == 200, answer.status_code
    return answer.get_data(as_text=True)


def rows_of(page: str) -> list[int]:
    return [int(part.split('"')[0]) for part in page.split('data-id="')[1:]]


def read_by(office, action: str) -> list[str]:
    with office.store.reading() as connection:
        return [one.subject for one in audit.entries(connection, office.store.keys) if one.action == action]


def entries_of(office) -> list:
    with office.store.reading() as connection:
        return audit.entries(connection, office.store.keys)


def key(number: int = 1) -> str:
    return f"{number:032x}"


def test_who_waits_longest_stands_first_and_red_flags_on_top(desk, office, clock) -> None:
    first = says(office.store, clock, "转人工", contact="o-1", hand_over="handoff")
    second = says(office.store, clock, "投诉你们", contact="o-2", hand_over="handoff")
    red = says(office.store, clock, "胸口痛", contact="o-3", hand_over="emergency", page=True)
    says(office.store, clock, "你好", contact="o-4", answer="您好")
    page = text_of(desk("guan"), "/console/")
    assert rows_of(page) == [red, first, second]
    assert "转人工" in page
    assert "紧急" in page
    assert "你好" not in page
    assert rows_of(text_of(desk("guan"), "/console/?queue=bot")) == [4]


def test_who_never_wrote_and_only_gets_cards_stands_in_no_queue(desk, office, clock) -> None:
    number = says(office.store, clock, "你好", answer="您好")
    office.store.write(
        lambda connection: people.introduce(
            connection, office.store.keys, account="demo", platform_id="LinGuanjia", now=clock()
        )
    )
    assert rows_of(text_of(desk("guan"), "/console/?queue=bot")) == [number]


def test_a_servicer_of_wecom_is_named_in_the_exchange(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    office.store.write(lambda connection: native_service.taken(connection, number, "ChenKefu", now=clock()))
    page = text_of(desk("guan"), f"/console/conversations/{number}")
    assert "企业微信客服（ChenKefu）接管了会话" in page


@pytest.mark.parametrize(
    ("state", "head", "told"),
    [
        (State.QUEUE, "在企业微信里排队", "请在企业微信的“微信客服”里接入"),
        (State.SERVICER, "企业微信客服在接待", "企业微信客服（ChenKefu）正在接待"),
    ],
)
def test_what_wecom_looks_after_offers_no_act_here_and_says_where_to_answer(
    desk, office, clock, state, head, told
) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    stands = {"conversation_id": number, "account": "demo", "open_kfid": "wk1", "changed_at": clock()}

    def moved(connection, state) -> None:
        sessions.follow(connection, sessions.of(connection, number), state, servicer="ChenKefu", now=clock())

    office.store.write(lambda connection: connection.execute(insert(kf_sessions).values(**stands)) and None)
    office.store.write(lambda connection: moved(connection, state))
    visitor, path = desk("guan"), f"/console/conversations/{number}"
    page = text_of(visitor, path)
    assert head in page
    assert told in page
    assert "这里发不出消息" in page
    assert 'id="text"' not in page
    assert f'action="{path}/take"' not in page
    office.store.write(lambda connection: moved(connection, State.BOT))
    page = text_of(visitor, path)
    assert "这里发不出消息" not in page
    assert f'action="{path}/take"' in page


def test_a_conversation_moves_through_the_queues(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    guan, guo = desk("guan"), desk("guo")

    def queues(visitor) -> list[str]:
        names = ("waiting", "mine", "others", "bot", "closed")
        return [name for name in names if rows_of(text_of(visitor, f"/console/?queue={name}"))]

    assert queues(guan) == ["waiting"]
    guan.post(f"/console/conversations/{number}/take")
    assert (queues(guan), queues(guo)) == (["mine"], ["others"])
    guan.post(f"/console/conversations/{number}/hand", {"to": _id(office, "guo")})
    assert (queues(guan), queues(guo)) == (["others"], ["mine"])
    clock.move(seconds=2)
    guo.post(f"/console/conversations/{number}/close", {"reason": "solved"})
    assert queues(guan) == ["closed"]
    clock.move(seconds=2)
    says(office.store, clock, "还有个问题", answer="您说")
    assert queues(guan) == ["bot"]


def test_of_two_who_take_one_gets_it_and_the_other_is_told_by_whom(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    assert desk("guan").post(f"/console/conversations/{number}/take").status_code == 303
    late = desk("guo").post(f"/console/conversations/{number}/take")
    assert late.status_code == 409
    assert "guan 已经接管" in late.get_data(as_text=True)


def test_the_whole_exchange_is_shown_with_reasons_clauses_and_deliveries(desk, office, clock) -> None:
    says(office.store, clock, "等待期多久", answer="30天", late="另外提醒您")
    number = says(office.store, clock, "", kind=Kind.IMAGE, media_id="m")
    guan = desk("guan")
    page = text_of(guan, f"/console/conversations/{number}")
    for words in (
        "等待期多久",
        "30天",
        "词语：等待期",
        "臻爱无限 二、2(3)①",
        "［图片］",
        "待发送",
        "另外提醒您",
    ):
        assert words in page
    delivered(office.store, clock, state="dead", error="45015 window closed")
    page = text_of(guan, f"/console/conversations/{number}")
    assert "发送失败" in page
    assert "平台不让再发给这位客户" in page
    assert "window closed" not in page


@on_sqlite
def test_what_a_manager_says_is_shown_with_the_name_and_its_delivery(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    guan = desk("guan")
    guan.post(f"/console/conversations/{number}/take")
    form = {"text": "您好，我来帮您", "key": key()}
    assert guan.post(f"/console/conversations/{number}/reply", form).status_code == 303
    assert guan.post(f"/console/conversations/{number}/reply", form).status_code == 303, "sent twice, said once"
    clock.move(seconds=1)
    assert delivered(office.store, clock) == 1
    page = text_of(guan, f"/console/conversations/{number}")
    assert page.count("您好，我来帮您") == 1
    assert "已发出" in page
    assert "guan接管了会话" in page


@on_sqlite
def test_an_answer_that_never_arrived_leaves_the_person_waiting_for_one(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    guan = desk("guan")
    guan.post(f"/console/conversations/{number}/take")
    clock.move(seconds=2)
    guan.post(f"/console/conversations/{number}/reply", {"text": "押金退到原卡", "key": key()})
    assert "待回复" not in text_of(guan, "/console/?queue=mine")
    dead = outbox.update().where(outbox.c.kind == "human").values(state="dead", settled_at=clock())
    office.store.write(lambda connection: connection.execute(dead))
    assert "待回复" in text_of(guan, "/console/?queue=mine")


@on_sqlite
def test_who_has_not_taken_a_conversation_cannot_answer_in_it(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    guan, guo = desk("guan"), desk("guo")
    refused = guan.post(f"/console/conversations/{number}/reply", {"text": "早", "key": key()})
    assert refused.status_code == 409
    assert "请先接管" in refused.get_data(as_text=True)
    guan.post(f"/console/conversations/{number}/take")
    assert guo.post(f"/console/conversations/{number}/reply", {"text": "早", "key": key(2)}).status_code == 409
    assert guo.post(f"/console/conversations/{number}/back").status_code == 409


@on_sqlite
def test_a_draft_that_needs_care_is_sent_only_when_confirmed(office, clock) -> None:
    warned = replace(
        office,
        handling=Handling(store=office.store, forms=NoForms()),
        warnings=lambda text: ["不要保证赔付"] if "一定能赔" in text else [],
    )
    guan = visitors(app_of(warned))("guan")
    number = says(office.store, clock, "转人工", hand_over="handoff")
    guan.post(f"/console/conversations/{number}/take")
    form = {"text": "放心，一定能赔", "key": key()}
    answer = guan.post(f"/console/conversations/{number}/reply", form)
    assert answer.status_code == 422
    assert "不要保证赔付" in answer.get_data(as_text=True)
    assert "放心，一定能赔</textarea>" in answer.get_data(as_text=True)
    by_script = guan.post(f"/console/conversations/{number}/reply", form, headers={"X-Live": "1"})
    assert by_script.json == {"warnings": ["不要保证赔付"]}
    assert guan.post(f"/console/conversations/{number}/reply", {**form, "anyway": "yes"}).status_code == 303


@on_sqlite
def test_notes_are_for_staff_alone(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    guan = desk("guan")
    guan.post(f"/console/conversations/{number}/note", {"text": "家属很着急", "key": key()})
    assert "家属很着急" in text_of(desk("guo"), f"/console/conversations/{number}")
    assert delivered(office.store, clock) == 0


def test_a_long_conversation_is_read_page_by_page_without_gap_or_double(desk, office, clock) -> None:
    for at in range(70):
        number = says(
            office.store,
            clock,
            f"第{at}句。",
            answer=f"答{at}。" if at % 3 else "",
            late=f"补{at}。" if at % 7 == 0 else "",
        )
    said = [f"第{at}句。" for at in range(70)] + [f"补{at}。" for at in range(0, 70, 7) if at % 3 == 0]
    guan, seen, path = desk("guan"), [], f"/console/conversations/{number}"
    for _ in range(4):
        exchange = text_of(guan, path).split('id="exchange"')[1]
        seen += [words for words in said if f">{words}<" in exchange]
        older = re.search(r'href="(\?before=[^"]+)"', exchange)
        if older is None:
            break
        path = f"/console/conversations/{number}{older[1]}"
    assert sorted(seen) == sorted(said)
    assert len(seen) > PAGE


@on_sqlite
def test_notes_are_read_on_one_page_each_wherever_pages_end(desk, office, clock) -> None:
    guan = desk("guan")
    for at in range(80):
        number = says(office.store, clock, f"第{at}句。", answer="好。" if at % 3 else "")
        guan.post(f"/console/conversations/{number}/note", {"text": f"备注{at}。", "key": key(at)})
        clock.move(seconds=1)
    seen, path = [], f"/console/conversations/{number}"
    for _ in range(3):
        exchange = text_of(guan, path).split('id="exchange"')[1]
        seen += re.findall(r">(备注\d+。)<", exchange)
        older = re.search(r'href="(\?before=[^"]+)"', exchange)
        if older is None:
            break
        path = f"/console/conversations/{number}{older[1]}"
    assert older is None
    assert sorted(seen) == sorted(f"备注{at}。" for at in range(80))


@on_sqlite
@pytest.mark.parametrize(
    "before", ["x", "1.2", "1.2.", "1.2.3.4", "9" * 30, f"{'9' * 19}.1.1", f"1.2.{'9' * 18}", "１.２.３"]
)
def test_a_place_that_no_page_named_leads_to_the_newest_page(desk, office, clock, before) -> None:
    number = says(office.store, clock, "你好", answer="您好")
    assert "您好" in text_of(desk("guan"), f"/console/conversations/{number}?before={before}")


@on_sqlite
def test_what_people_write_is_shown_as_text(desk, office, clock) -> None:
    number = says(office.store, clock, XSS, answer=XSS, hand_over=XSS)
    guan = desk("guan")
    guan.post(f"/console/conversations/{number}/take")
    guan.post(f"/console/conversations/{number}/note", {"text": XSS, "key": key()})
    guan.post(f"/console/conversations/{number}/reply", {"text": XSS, "key": key(2)})
    pages = [text_of(guan, f"/console/conversations/{number}"), text_of(guan, "/console/?queue=mine")]
    pages += [
        text_of(guan, f"/console/rows?ids={number}&queue=mine"),
        text_of(guan, f"/console/conversations/{number}?draft={XSS}"),
    ]
    pages.append(guan.get(f"/console/conversations/{number}/piece").json["exchange"])
    pages.append(text_of(desk("zhu"), f"/console/audit?actor={XSS}"))
    for page in pages:
        assert "<img src=x" not in page
        assert "<script>" not in page
        assert "{{7919*7907}}" in page or "62615533" not in page


@on_sqlite
def test_every_reading_is_written_down(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    guan = desk("guan")
    text_of(guan, "/console/")
    text_of(guan, f"/console/conversations/{number}")
    assert read_by(office, "queue read") == ["queue:waiting"]
    assert read_by(office, "conversation read") == [f"conversation:{number}"]
    for _ in range(3):
        guan.get(f"/console/conversations/{number}/piece", headers={"X-Live": "1"})
    assert len(read_by(office, "conversation read")) == 1, "an open page that keeps itself up to date is one reading"
    desk("shen").get(f"/console/conversations/{number}/piece")
    assert len(read_by(office, "conversation read")) == 2


@on_sqlite
def test_an_auditor_reads_and_is_offered_no_act(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    page = text_of(desk("shen"), f"/console/conversations/{number}")
    assert "转人工" in page
    assert "接管</button>" not in page
    assert "<textarea" not in page


@on_sqlite
def test_what_is_not_there_is_not_found(desk) -> None:
    guan = desk("guan")
    for path in (
        "/console/conversations/99",
        "/console/conversations/99/piece",
        "/console/conversations/99/handbook?q=x",
    ):
        assert guan.get(path).status_code == 404
    assert guan.post("/console/conversations/99/take").status_code == 404
    assert guan.get("/console/conversations/1%20or%201").status_code == 404


@on_sqlite
def test_a_photo_is_offered_by_the_page_that_may_show_it(desk, office, clock) -> None:
    number = says(office.store, clock, "", kind=Kind.IMAGE, media_id="m-1")
    at = clock()
    clock.move(seconds=-1)

    def keep(connection) -> int:
        paper = media.want(connection, office.store.keys, contact_id=1, media_id="m-1", now=clock())
        media.keep(connection, paper, file="f" * 32, media_type="image/jpeg", size=10)
        return paper

    paper = office.store.write(keep)
    clock.move(seconds=1)
    assert at == clock()
    assert f"/console/people/1/papers/{paper}" in text_of(desk("guan"), f"/console/conversations/{number}")


@on_sqlite
def test_the_handbook_search_finds_cited_answers(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    guan = desk("guan")
    guan.post(f"/console/conversations/{number}/take")
    page = text_of(guan, f"/console/conversations/{number}/handbook?q=住院垫付 等待期")
    assert "依据：" in page
    assert "插入回复" in page
    assert "没有找到" in text_of(guan, f"/console/conversations/{number}/handbook?q=zzzzqqqq")


@on_sqlite
def test_set_replies_have_their_slots_filled_and_work_without_script(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    guan = desk("guan")
    guan.post(f"/console/conversations/{number}/take")
    page = text_of(guan, f"/console/conversations/{number}?canned=hello")
    assert "您好，我是健康管家guan" in page.split('<textarea id="text"')[1].split("</textarea>")[0]


@on_sqlite
def test_the_window_and_what_is_left_of_it_are_shown(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    guan = desk("guan")
    guan.post(f"/console/conversations/{number}/take")
    assert "还能发 5 条" in text_of(guan, f"/console/conversations/{number}")
    for at in range(5):
        guan.post(f"/console/conversations/{number}/reply", {"text": f"第{at}条", "key": key(at)})
    assert "5 条已用完" in text_of(guan, f"/console/conversations/{number}")
    clock.move(hours=49)
    guan.login("guan")
    assert "已过可回复时间" in text_of(guan, f"/console/conversations/{number}")


def _id(office, name: str) -> int:
    with office.store.reading() as connection:
        return staff.named(connection, name).id


@on_sqlite
def test_what_escalated_calls_supervisors_alone(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")

    def escalate(connection) -> None:
        begun = hand_overs.begin(connection, number, asked_at=clock(), reason="handoff", now=clock())
        hand_overs.escalate(connection, begun.id, "untaken", since=clock(), now=clock())

    office.store.write(escalate)
    zhu, guan = desk("zhu"), desk("guan")
    assert "没人接" in text_of(zhu, "/console/")
    assert "没人接" not in text_of(guan, "/console/")
    assert "没人接" in zhu.get("/console/rows?ids=").json["escalated"], "an open page is told, too"
    assert guan.get("/console/rows?ids=").json["escalated"] == ""


@on_sqlite
def test_who_escalated_has_the_name_they_have_in_the_list(desk, office, clock) -> None:
    silent = {"account": "demo", "blind_index": b"silent", "platform_id": b"", "created_at": clock()}
    office.store.write(lambda connection: connection.execute(insert(contacts).values(silent)))
    number = says(office.store, clock, "转人工", hand_over="handoff")

    def escalate(connection) -> None:
        begun = hand_overs.begin(connection, number, asked_at=clock(), reason="handoff", now=clock())
        hand_overs.escalate(connection, begun.id, "untaken", since=clock(), now=clock())

    office.store.write(escalate)
    page = text_of(desk("zhu"), "/console/")
    assert re.findall(r"客户 \d+", page) == [f"客户 {number + 1}"] * 2


@on_sqlite
def test_a_manager_of_other_products_sees_and_opens_nothing_of_an_account(office, clock, library) -> None:
    def of_one_product(connection) -> None:
        guan = staff.named(connection, "guan")
        staff.set_work(connection, guan.id, products=["junlong-zhenai-21"], capacity=5)

    office.store.write(of_one_product)
    accounts = {"demo": replace(office.accounts["demo"], products=("zhenai-wuxian-2023",))}
    limited = replace(office, accounts=accounts, handling=Handling(store=office.store, forms=NoForms()))
    guan = visitors(app_of(limited))("guan")
    number = says(office.store, clock, "转人工", hand_over="handoff")
    assert rows_of(text_of(guan, "/console/")) == []
    assert guan.get(f"/console/rows?ids={number}&queue=waiting").json["rows"] == {}
    for path in ("", "/piece", "/handbook?q=x"):
        assert guan.get(f"/console/conversations/{number}{path}").status_code == 403
    for act in ("take", "reply", "note", "hand", "back", "close", "fill", "typing"):
        form = {"key": key(), "text": "x"}
        assert guan.post(f"/console/conversations/{number}/{act}", form).status_code == 403


@on_sqlite
def test_a_conversation_is_handed_only_to_colleagues_who_may_open_it(office, clock) -> None:
    def of_one_product(connection) -> None:
        guo = staff.named(connection, "guo")
        staff.set_work(connection, guo.id, products=["junlong-zhenai-21"], capacity=5)

    office.store.write(of_one_product)
    accounts = {"demo": replace(office.accounts["demo"], products=("zhenai-wuxian-2023",))}
    handling = Handling(store=office.store, forms=NoForms(), serves=lambda id: accounts[id].products)
    guan = visitors(app_of(replace(office, accounts=accounts, handling=handling)))("guan")
    number = says(office.store, clock, "转人工", hand_over="handoff")
    guan.post(f"/console/conversations/{number}/take")
    page = text_of(guan, f"/console/conversations/{number}")
    assert f'<option value="{_id(office, "guo")}">' not in page
    assert f'<option value="{_id(office, "zhu")}">' in page
    refused = guan.post(f"/console/conversations/{number}/hand", {"to": _id(office, "guo")})
    assert refused.status_code == 409
    assert "打不开这个会话" in refused.get_data(as_text=True)
    assert rows_of(text_of(guan, "/console/?queue=mine")) == [number]


@on_sqlite
def test_a_queue_longer_than_a_page_is_read_page_by_page(desk, office, clock) -> None:
    numbers = [
        says(office.store, clock, "转人工", contact=f"o-{at}", hand_over="handoff") for at in range(QUEUE_PAGE + 3)
    ]
    guan = desk("guan")
    first = text_of(guan, "/console/")
    assert rows_of(first) == numbers[:QUEUE_PAGE]
    assert 'href="/console/?queue=waiting&amp;page=2">下一页' in first
    second = text_of(guan, "/console/?queue=waiting&page=2")
    assert rows_of(second) == numbers[QUEUE_PAGE:]
    assert 'page=3" hidden' in second
    live = guan.get(f"/console/rows?queue=waiting&page=2&ids={numbers[-1]}").json
    assert (live["order"], live["more"], live["counts"]["waiting"]) == (numbers[QUEUE_PAGE:], False, len(numbers))
    assert guan.get("/console/rows?queue=waiting&ids=").json["more"]
    assert rows_of(text_of(guan, "/console/?queue=waiting&page=9999")) == []
    assert rows_of(text_of(guan, f"/console/?find=客户 {numbers[-1]}")) == [numbers[-1]]


@on_sqlite
def test_a_list_is_searched_by_what_its_rows_show(desk, office, clock) -> None:
    deposit = says(office.store, clock, "住院押金能先垫付吗", contact="o-1", hand_over="handoff")
    vaccine = says(office.store, clock, "疫苗预约 转人工", contact="o-2", hand_over="handoff")
    says(office.store, clock, "住院押金多少", contact="o-3", answer="手册没有写")
    guan = desk("guan")
    assert rows_of(text_of(guan, "/console/?find=押金")) == [deposit]
    assert rows_of(text_of(guan, "/console/?find=要求人工 预约")) == [vaccine]
    assert rows_of(text_of(guan, f"/console/?find=客户 {vaccine}")) == [vaccine]
    nothing = text_of(guan, "/console/?find=<b>没人")
    assert "没有找到" in nothing
    assert "<b>" not in nothing
    searched = [one for one in entries_of(office) if one.action == "queue read" and one.detail["searched"]]
    assert len(searched) == 4
    assert "押金" not in str([one.detail for one in searched])


@on_sqlite
def test_one_change_is_shown_to_each_as_it_stands_in_their_queues(desk, office, clock) -> None:
    number = says(office.store, clock, "转人工", hand_over="handoff")
    guan, guo = desk("guan"), desk("guo")
    guan.post(f"/console/conversations/{number}/take")
    for visitor, queue, other in ((guan, "mine", "others"), (guo, "others", "mine"), (guan, "mine", "others")):
        told = visitor.get(f"/console/rows?queue={queue}&ids={number}").json
        assert rows_of(told["rows"][str(number)]) == [number]
        assert told["order"] == [number]
        assert (told["counts"][queue], told["counts"][other]) == (1, 0)
        assert visitor.get(f"/console/rows?queue={other}&ids={number}").json["rows"] == {str(number): ""}
