"""A customer service account against the platform's rules: fetched once, answered in order, silent when it must be."""

import json

import pytest
from sqlalchemy import text

from bot.errors import GiveUp, RetryLater
from bot.kf import cursors, sessions
from bot.kf.sessions import State
from bot.store import outbox as rows
from console.platform.twin import PlatformFault
from tests.bot.kf.place import CORP, CUSTOMER, OTHER_POINT, POINT, SECRET, SERVICER


def on_duty(place):
    place.twin.employ(POINT, SERVICER)


def test_a_customers_message_is_answered_by_the_api(place):
    place.says("你好")
    assert place.shown() == ["1 你好"]
    assert [row.reply_state for row in place.inbound_rows()] == ["outbox"]


def test_a_page_that_comes_again_changes_nothing(place):
    place.says("一")
    place.says("二")
    place.forget_cursor()
    place.work()
    assert place.shown() == ["1 一", "2 二"]
    assert len(place.turns_begun) == 2


def test_messages_of_one_customer_are_answered_in_their_order(place):
    for number in range(5):
        place.twin.say(POINT, CUSTOMER, f"第{number}句")
    place.work()
    assert place.shown() == [f"{number + 1} 第{number}句" for number in range(5)]


def test_many_pages_are_fetched_to_the_end(place, monkeypatch):
    monkeypatch.setattr("bot.kf.api._PAGE", 3)
    for number in range(10):
        place.twin.say(POINT, f"wm-{number}", "你好")
    assert place.fetch() == 10
    assert place.calls.calls.count("kf/sync_msg") == 4


def test_a_turn_left_by_a_dead_process_is_taken_by_the_next(place_of):
    dying, next_one = place_of(), place_of()
    dying.twin.say(POINT, CUSTOMER, "你好")
    with pytest.raises(ZeroDivisionError):
        dying.channel.pumps[POINT].fetch(lambda _message: 1 / 0)
    assert next_one.turns.resume(older_than_seconds=0) == 1
    next_one.turns.stop(within_seconds=5)
    next_one.outbox.deliver_due()
    assert next_one.shown() == ["1 你好"]


def test_two_processes_do_not_fetch_at_once(store, clock):
    def take(holder, **how):
        return store.write(lambda c: cursors.take(c, account="kf", open_kfid=POINT, holder=holder, now=clock(), **how))

    assert take("one") == ""
    assert take("other") is None
    assert take("one") == ""
    clock.move(seconds=21)
    assert take("other") == ""
    assert take("one") is None
    assert take("one", is_alone=True) == ""


def test_a_page_of_who_lost_the_right_is_not_stored(place_of, store, clock):
    place = place_of()
    place.twin.say(POINT, CUSTOMER, "你好")
    sync = place.calls.post

    def slow(interface, order):
        answer = sync(interface, order)
        if interface == "kf/sync_msg":
            of = {"account": "kf", "open_kfid": POINT, "holder": "other", "now": clock()}
            store.write(lambda connection: cursors.take(connection, **of, is_alone=True))
        return answer

    place.calls.post = slow
    with pytest.raises(RetryLater):
        place.fetch()
    assert place.inbound_rows() == []


def test_what_was_said_long_before_the_first_start_is_stored_and_not_answered(place, clock):
    place.twin.say(POINT, CUSTOMER, "昨天的话")
    clock.move(hours=20)
    place.says("今天的话")
    assert place.shown() == ["1 今天的话"]
    assert [row.reply_state for row in place.inbound_rows()] == ["none", "outbox"]


def test_what_came_while_the_service_was_down_is_answered(place, clock):
    place.says("一")
    place.twin.say(POINT, CUSTOMER, "二")
    clock.move(hours=2)
    place.work()
    assert place.shown() == ["1 一", "2 二"]


def test_every_kind_of_message_is_taken(place):
    kinds = {
        "image": {"media_id": "m"},
        "voice": {"media_id": "m"},
        "video": {"media_id": "m"},
        "file": {"media_id": "m"},
        "location": {"latitude": 23.1, "longitude": 113.3, "name": "医院", "address": "某路1号"},
        "link": {"title": "t", "url": "https://example.org"},
        "business_card": {"userid": "x"},
        "miniprogram": {"title": "t", "appid": "wx", "pagepath": "p"},
        "msgmenu": {"head_content": "h"},
        "merged_msg": {"title": "t", "item": [{"send_time": 1}]},
        "channels_shop_order": {"order_id": "1"},
        "a_kind_of_next_year": {"x": None},
    }
    for kind, part in kinds.items():
        place.twin.write(POINT, f"wm-{kind}", kind, part)
    place.work()
    assert {row.kind for row in place.inbound_rows()} >= {
        "image",
        "voice",
        "video",
        "file",
        "location",
        "link",
        "unknown",
    }
    assert len(place.turns_begun) == len(kinds)


def test_lines_that_make_no_sense_hold_nothing_up(place):
    with place.twin.ledger.writing() as connection:
        for line in (b"null", b"[]", b"{}", b'{"msgid": 7, "msgtype": "text"}', b'{"msgtype": "event", "event": 1}'):
            place.twin.ledger.add_line(connection, POINT, line, place.twin.twin.now())
    place.says("你好")
    assert place.shown() == ["1 你好"]


def test_two_service_points_of_an_account_are_two_conversations(place_of):
    place = place_of(open_kfids=(POINT, OTHER_POINT))
    place.twin.say(POINT, CUSTOMER, "这边")
    place.twin.say(OTHER_POINT, CUSTOMER, "那边")
    place.fetch(POINT)
    place.fetch(OTHER_POINT)
    place.outbox.deliver_due()
    assert place.shown() == ["1 这边"]
    assert [one.text for one in place.twin.ledger.bubbles(OTHER_POINT, CUSTOMER)] == ["1 那边"]


# Welcome, menus, places.


def test_who_opens_the_chat_is_welcomed_by_the_code(place):
    place.twin.enter(POINT, CUSTOMER)
    place.work()
    assert place.shown() == ["欢迎：enter_session"]
    place.says("你好")
    assert place.twin.state_of(POINT, CUSTOMER)[2] == 4


def test_a_welcome_that_is_too_late_is_not_said(place, clock):
    place.twin.enter(POINT, CUSTOMER)
    clock.move(seconds=21)
    place.work()
    assert place.shown() == []
    assert place.outbox_rows() == []


def test_who_comes_back_long_after_a_servicer_ended_is_welcomed(place, clock):
    on_duty(place)
    place.says("人工")
    place.twin.end(POINT, CUSTOMER, SERVICER)
    place.work()
    clock.move(hours=60)
    place.twin.enter(POINT, CUSTOMER)
    place.work()
    assert place.shown()[-1] == "欢迎：enter_session"


def test_who_comes_back_long_after_an_end_that_was_not_heard_is_welcomed(place, clock):
    on_duty(place)
    place.says("人工")
    ended_unheard(place)
    clock.move(hours=60)
    place.twin.enter(POINT, CUSTOMER)
    place.work()
    assert (place.owner(), place.shown()[-1]) == ("bot", "欢迎：enter_session")


def test_the_code_of_an_end_is_not_for_an_answer_to_words_before_it(place):
    on_duty(place)
    place.says("人工")
    place.twin.say(POINT, CUSTOMER, "谢谢")
    place.twin.end(POINT, CUSTOMER, SERVICER)
    place.work()
    assert place.shown() == ["1 人工"]
    assert len(place.outbox_rows()) == 1


def test_choices_become_a_menu_and_a_tap_becomes_the_choice(place):
    place.says("菜单")
    menu = json.loads(place.shown()[-1])
    assert [line["click"]["content"] for line in menu["list"]] == ["等待期", "怎么申请"]
    click = menu["list"][1]["click"]
    place.says(click["content"], menu_id=click["id"])
    assert place.shown()[-1] == "1 2"


def test_a_tap_on_an_old_menu_says_the_words_on_the_button(place):
    place.says("菜单")
    click = json.loads(place.shown()[-1])["list"][0]["click"]
    place.says("别的事")
    place.says(click["content"], menu_id=click["id"])
    assert place.shown()[-1] == "2 等待期"


def test_five_messages_are_sent_and_the_sixth_waits_for_the_customer(place):
    place.says("多条")
    assert place.shown() == [f"第{number}条" for number in range(1, 6)]
    assert place.calls.calls.count("kf/send_msg") == 5
    place.says("继续")
    assert place.shown() == [*(f"第{number}条" for number in range(1, 7)), "1 继续"]


def test_the_sixth_waits_for_the_customer_as_long_as_the_platform_does(place, clock):
    place.says("多条")
    for _ in range(15):
        clock.move(hours=3)
        place.outbox.deliver_due()
    place.twin.twin.fail_next("ww0000000000000001/kf", -1, interface="kf/send_msg")
    place.says("继续")
    assert len(place.shown()) == 5
    clock.move(minutes=1)
    place.work()
    assert place.shown()[5:] == ["第6条", "1 继续"]


def test_the_sixth_is_a_dead_letter_once_two_days_are_over(place, clock):
    place.says("多条")
    clock.move(hours=47)
    place.outbox.deliver_due()
    assert place.outbox_rows()[-1].state == "pending"
    clock.move(hours=1)
    place.outbox.deliver_due()
    assert place.outbox_rows()[-1].state == "dead"


def test_after_two_days_nothing_is_sent(place, clock):
    place.says("你好")
    clock.move(hours=48)
    with pytest.raises(GiveUp):
        place.channel.send(CUSTOMER, "提醒", key="reminder-1-1")
    assert place.calls.calls.count("kf/send_msg") == 1


def test_a_repeat_after_a_lost_answer_is_shown_once(place):
    place.says("你好")
    place.twin.twin.fail_next("ww0000000000000001/kf", -1, interface="kf/send_msg")
    place.says("再见")
    place.clock.move(seconds=5)
    place.work()
    assert place.shown() == ["1 你好", "2 再见"]
    place.channel.send(CUSTOMER, "2 再见", key=place.outbox_rows()[-1].idempotency_key)
    assert place.shown() == ["1 你好", "2 再见"]


def test_a_message_that_fails_later_is_a_dead_letter(place):
    place.twin.fail_later(POINT, CUSTOMER)
    place.says("你好")
    [row] = place.outbox_rows()
    assert (row.state, row.error) == ("dead", "not delivered: fail_type 4 (user)")
    [report] = place.reports()
    assert (report.provider_id, report.reason) == (row.idempotency_key, row.error)
    assert place.shown() == []


@pytest.mark.parametrize("is_under_way", [False, True])
def test_a_failure_that_is_told_before_the_sending_is_known_is_a_dead_letter(place, is_under_way):
    place.twin.fail_later(POINT, CUSTOMER)
    send = place.channel.send

    def losing_the_answer(contact, words, *, key):
        send(contact, words, key=key)
        if is_under_way:
            place.fetch()
            return
        raise RetryLater("the answer was lost")

    place.channel.send = losing_the_answer
    place.twin.say(POINT, CUSTOMER, "你好")
    place.fetch()
    place.outbox.deliver_due()
    place.channel.send = send
    place.work()
    place.clock.move(minutes=1)
    place.work()
    [row] = place.outbox_rows()
    assert (row.state, row.error) == ("dead", "not delivered: fail_type 4 (user)")
    assert len(place.reports()) == 1


# Sessions: who may speak.


def test_waiting_people_go_to_a_servicer_on_duty(place):
    on_duty(place)
    place.says("人工")
    assert place.shown() == ["1 人工"]
    assert place.twin.state_of(POINT, CUSTOMER)[:2] == (State.SERVICER, SERVICER)
    assert place.owner() == "human"


def test_while_nobody_is_on_duty_the_bot_goes_on_answering(place, clock):
    place.says("人工")
    place.says("等待期多久")
    assert (place.owner(), place.shown()) == ("waiting", ["1 人工", "2 等待期多久"])
    on_duty(place)
    clock.move(seconds=31)
    place.work()
    assert place.owner() == "human"


def test_a_servicer_who_has_just_gone_off_duty_gets_nobody(place):
    on_duty(place)
    place.says("人工", customer="wm-first")
    place.twin.employ(POINT, SERVICER, on_duty=False)
    place.says("人工")
    place.says("再问")
    assert (place.twin.state_of(POINT, CUSTOMER)[0], place.shown()) == (State.NEW, ["1 人工", "2 再问"])


def test_where_no_servicer_can_take_them_people_wait_in_the_queue_in_silence(place, twin):
    on_duty(place)
    twin.twin.fail_next("ww0000000000000001/kf", 95014, interface="kf/service_state/trans")
    place.says("人工")
    assert place.twin.state_of(POINT, CUSTOMER)[0] is State.QUEUE
    place.says("有人吗")
    assert place.shown() == ["1 人工"]
    assert (place.owner(), len(place.inbound_rows())) == ("waiting", 2)


def test_what_waited_in_the_queue_does_not_hold_up_the_words_at_the_end(place):
    def ended(connection, id, _can_tell, now):
        rows.add(connection, place.store.keys, conversation_id=id, kind="survey", text="办好了吗", key="k", now=now)

    place.channel.listen(taken=lambda *_: None, ended=ended)
    on_duty(place)
    place.twin.say(POINT, CUSTOMER, "你好")
    place.fetch()
    queued, now = place.session(), place.clock()
    place.store.write(lambda connection: sessions.follow(connection, queued, State.QUEUE, now=now))
    place.outbox.deliver_due()
    assert [row.error for row in place.outbox_rows()] == ["RetryLater: the session waits for a servicer"]
    place.twin.pick_up(POINT, CUSTOMER, SERVICER)
    place.twin.end(POINT, CUSTOMER, SERVICER)
    place.work()
    assert (place.shown(), [row.state for row in place.outbox_rows()]) == (["办好了吗"], ["dropped", "sent"])


def test_from_the_bot_to_a_servicer_and_back(place):
    ended = []
    place.channel.listen(taken=lambda *_: None, ended=lambda _c, _id, can_tell, _now: ended.append(can_tell))
    on_duty(place)
    place.twin.twin.fail_next("ww0000000000000001/kf", 95014, interface="kf/service_state/trans")
    place.says("你好")
    place.says("人工")
    assert place.twin.state_of(POINT, CUSTOMER)[0] is State.QUEUE
    place.says("还在吗")
    place.twin.pick_up(POINT, CUSTOMER, SERVICER)
    place.work()
    assert place.owner() == "human"
    place.says("我要问住院")
    place.twin.answer(POINT, CUSTOMER, SERVICER, "您好，我是王管家")
    place.work()
    assert place.shown() == ["1 你好", "2 人工", "您好，我是王管家"]
    place.twin.end(POINT, CUSTOMER, SERVICER)
    place.work()
    assert (place.owner(), ended) == ("bot", [True])
    assert place.session().state is State.ENDED
    place.says("谢谢")
    assert place.shown()[-1] == "3 谢谢"
    assert place.twin.state_of(POINT, CUSTOMER)[0] is State.NEW


def test_the_platform_lets_nobody_but_a_servicers_session_be_ended(place):
    place.says("你好")
    token = place.twin.twin.token_of(CORP, SECRET)[0]
    order = {"open_kfid": POINT, "external_userid": CUSTOMER}
    for to in (State.ENDED, State.BOT):
        with pytest.raises(PlatformFault):
            place.twin.move(token, {**order, "service_state": int(to)})
    place.twin.move(token, {**order, "service_state": int(State.QUEUE)})
    with pytest.raises(PlatformFault):
        place.twin.move(token, {**order, "service_state": int(State.ENDED)})
    place.twin.pick_up(POINT, CUSTOMER, SERVICER)
    place.twin.move(token, {**order, "service_state": int(State.ENDED)})
    assert place.twin.state_of(POINT, CUSTOMER)[0] is State.ENDED


def test_who_asks_for_a_person_again_right_after_the_end_is_moved_at_once(place):
    on_duty(place)
    place.says("人工")
    place.twin.end(POINT, CUSTOMER, SERVICER)
    place.says("人工")
    assert place.twin.state_of(POINT, CUSTOMER)[:2] == (State.SERVICER, SERVICER)


def test_a_fault_in_what_others_note_of_a_session_holds_nothing_up(place):
    def broken(connection, *_):
        connection.execute(text("INSERT INTO conversations (id) VALUES (NULL)"))

    place.channel.listen(taken=broken, ended=broken)
    place.says("你好")
    place.twin.pick_up(POINT, CUSTOMER, SERVICER)
    place.work()
    assert place.owner() == "human"
    place.twin.end(POINT, CUSTOMER, SERVICER)
    place.says("谢谢")
    assert place.shown() == ["1 你好", "2 谢谢"]


def test_a_servicers_words_are_kept_as_a_persons(place):
    on_duty(place)
    place.says("人工")
    place.twin.answer(POINT, CUSTOMER, SERVICER, "您好")
    place.work()
    place.forget_cursor()
    place.work()
    kept = [row for row in place.outbox_rows() if row.kind == "human"]
    assert [(row.owner, row.state, row.attempts) for row in kept] == [("human", "sent", 0)]


def test_what_the_bot_wrote_before_a_servicer_took_over_is_not_sent(place):
    place.twin.say(POINT, CUSTOMER, "你好")
    place.fetch()
    place.twin.pick_up(POINT, CUSTOMER, SERVICER)
    place.work()
    assert place.shown() == []
    assert [row.state for row in place.outbox_rows()] == ["dropped"]


def test_a_refused_state_is_asked_for_and_followed(place):
    place.says("你好")
    place.twin.say(POINT, CUSTOMER, "再见")
    place.fetch()
    place.twin.pick_up(POINT, CUSTOMER, SERVICER)
    place.outbox.deliver_due()
    assert place.shown() == ["1 你好"]
    assert (place.owner(), place.session().state) == ("human", State.SERVICER)


def test_a_session_that_a_servicer_has_already_is_not_answered(place):
    place.twin.say(POINT, CUSTOMER, "你好")
    with place.twin.ledger.writing() as connection:
        connection.execute("UPDATE kf_sessions SET state = 3, servicer = ?", (SERVICER,))
    place.work()
    assert (place.owner(), place.shown()) == ("human", [])


def ended_unheard(place):
    """End the session as another application of the corporation does, who waits by way of a servicer: no event tells
    of it."""
    order = {"open_kfid": POINT, "external_userid": CUSTOMER, "servicer_userid": SERVICER}
    found = place.twin.state_of(POINT, CUSTOMER)
    through = (State.SERVICER, State.ENDED) if found and found[0] is State.QUEUE else (State.ENDED,)
    for state in through:
        place.twin.move(place.calls._token(), {**order, "service_state": state})


@pytest.mark.parametrize("hours", [1, 52])
def test_who_writes_after_an_end_that_was_not_heard_is_answered(place, clock, hours):
    on_duty(place)
    place.says("人工")
    ended_unheard(place)
    clock.move(hours=hours)
    place.says("在吗")
    assert place.shown()[-1] == "2 在吗"
    assert (place.owner(), place.session().state) == ("bot", State.NEW)


def test_a_queue_that_was_left_unheard_holds_nobody(place, clock):
    on_duty(place)
    place.twin.twin.fail_next("ww0000000000000001/kf", 95014, interface="kf/service_state/trans")
    place.says("人工")
    assert place.session().state is State.QUEUE
    ended_unheard(place)
    clock.move(hours=1)
    place.says("在吗")
    assert (place.owner(), place.shown()[-1]) == ("bot", "2 在吗")


def test_an_end_that_was_not_heard_frees_who_says_nothing_too(place, clock):
    on_duty(place)
    place.says("人工")
    place.says("人工", customer="wm-other")
    ended_unheard(place)
    assert place.channel.watch.once() == 0
    clock.move(hours=1)
    assert place.channel.watch.once() == 2
    assert place.channel.watch.once() == 0
    assert (place.session().state, place.session("wm-other").state) == (State.ENDED, State.SERVICER)


def test_while_a_servicer_has_the_session_it_is_seldom_asked_for(place, clock):
    on_duty(place)
    place.says("人工")
    before = place.calls.calls.count("kf/service_state/get")
    for _ in range(6):
        place.says("还有")
        clock.move(seconds=10)
    assert place.calls.calls.count("kf/service_state/get") == before + 1
    assert place.owner() == "human"


def test_an_end_that_is_told_behind_the_last_words_keeps_its_code(place, clock):
    ended = []
    place.channel.listen(taken=lambda *_: None, ended=lambda _c, _id, can_tell, _now: ended.append(can_tell))
    on_duty(place)
    place.says("人工")
    clock.move(minutes=5)
    place.twin.say(POINT, CUSTOMER, "好的")
    place.twin.end(POINT, CUSTOMER, SERVICER)
    place.says("还有一个问题")
    assert ended == [True]
    assert place.shown()[-1].endswith("还有一个问题")


def test_with_hand_over_in_the_console_nothing_is_moved(place_of):
    place = place_of(hand_over="console")
    on_duty(place)
    place.says("人工")
    assert place.twin.state_of(POINT, CUSTOMER)[0] is State.NEW
    assert place.owner() == "waiting"
    place.says("再问一句")
    assert place.shown()[-1] == "2 再问一句"
