"""What counts as missed, and how misses are grouped, on each database."""

from datetime import timedelta
from itertools import count

from sqlalchemy import insert

from bot.messages import Inbound, Kind, Outcome, Understanding
from bot.store import inbox
from bot.store.people import forget
from bot.store.turn_record import Ending, save
from care.hand_over_tables import hand_overs
from handlers.misses import grouped, masked, misses
from tests.assistants import WUXIAN

_KEYS = count(1)


def asks(store, clock, text, decision, *, contact="o-1", account="demo", next_move=None, **what) -> tuple[int, int]:
    """Record a question; return the numbers of its conversation and its person. `next_move` is about the one before."""
    message = Inbound(
        account=account, contact=contact, key=f"k-{next(_KEYS)}", kind=Kind.TEXT, text=text, sent_at=clock()
    )
    understanding = Understanding(
        decision=decision,
        product=WUXIAN,
        service=what.get("service"),
        attribute=what.get("attribute"),
        facts=what.get("facts", ()),
        reasons=what.get("reasons", ()),
        next_move=next_move,
    )

    def work(connection) -> tuple[int, int]:
        found = inbox.loaded(connection, store.keys, message, locking=False, now=clock())
        outcome = Outcome(understanding=understanding)
        ending = Ending(outcome=outcome, state=None, reply_state="none", passive=None, leaving=(), now=clock())
        save(connection, message, found, ending)
        return found.conversation.id, found.contact_id

    numbers = store.write(work)
    clock.move(seconds=1)
    return numbers


def kinds(store, library, clock, **more) -> dict[str, str]:
    with store.reading() as connection:
        since = clock() - timedelta(days=7)
        found = misses(connection, store.keys, library, since=since, accounts=more.get("accounts"))
    return {miss.text: miss.kind for miss in found}


def test_what_was_not_answered_or_did_not_help_is_a_miss(store, clock, library) -> None:
    silent = next(one for one in library.handbooks[WUXIAN].entries if one.fact.status == "unsaid")
    place = {"service": silent.service.id, "attribute": silent.fact.key, "facts": (silent.id,)}
    asks(store, clock, "没有内容", "abstain", reasons=("nothing near enough",))
    asks(store, clock, "范围之外", "abstain", reasons=("no handbook question", "in scope 0.1"))
    asks(store, clock, "没选哪个", "clarify")
    asks(store, clock, "选好了的", "clarify")
    asks(store, clock, "2", "answer", next_move="chose")
    asks(store, clock, "手册没写", "answer", **place)
    asks(store, clock, "答得不对", "answer", facts=("x",))
    asks(store, clock, "还是答得不对", "answer", next_move="asked_again")
    asks(store, clock, "转人工", "handoff", next_move="to_person")
    asks(store, clock, "谢谢", "smalltalk", next_move="moved_on")
    assert kinds(store, library, clock) == {
        "没有内容": "no_content",
        "范围之外": "out_of_scope",
        "没选哪个": "ambiguous",
        "手册没写": "no_content",
        "答得不对": "wrong",
        "还是答得不对": "wrong",
    }


def test_an_answer_before_a_hand_over_with_few_stars_is_a_miss(store, clock, library) -> None:
    asks(store, clock, "早先问的", "answer")
    conversation, _ = asks(store, clock, "最后问的", "answer")
    row = {"conversation_id": conversation, "asked_at": clock(), "is_red": False, "rating": 2, "rated_at": clock()}
    store.write(lambda connection: connection.execute(insert(hand_overs).values(row)))
    assert kinds(store, library, clock) == {"最后问的": "wrong"}


def test_other_accounts_old_questions_and_deleted_people_are_not_shown(store, clock, library) -> None:
    asks(store, clock, "很久以前", "abstain")
    clock.move(days=8)
    asks(store, clock, "别的账号", "abstain", account="other")
    _, person = asks(store, clock, "已删除的人", "abstain", contact="o-2")
    asks(store, clock, "看得见", "abstain", contact="o-3")
    store.write(lambda connection: forget(connection, person))
    assert kinds(store, library, clock, accounts=("demo",)) == {"看得见": "no_content"}
    assert kinds(store, library, clock, accounts=()) == {}


def test_misses_that_sound_alike_are_one_group(store, clock, library) -> None:
    for text in ("垫付的钱要不要还利息", "请问垫付的钱要还利息吗", "垫付的钱要利息吗", "孩子的疫苗本丢了怎么补"):
        asks(store, clock, text, "abstain")
    with store.reading() as connection:
        found = misses(connection, store.keys, library, since=clock() - timedelta(days=1), accounts=None)
    assert [len(group.misses) for group in grouped(found)] == [3, 1]


def test_long_numbers_are_masked_and_short_ones_stay() -> None:
    assert (
        masked("保单 DEMO-0001，证件11010119900101123X，垫付30000元") == "保单 DEMO-0001，证件＊＊＊＊＊＊，垫付30000元"
    )
    assert masked("电话 138 0013 8000 打不通") == "电话 ＊＊＊＊＊＊ 打不通"
