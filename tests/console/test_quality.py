"""The quality loop on its pages: from what was missed to an addition that is tried, published and taken back."""

import io
import re
import zipfile
from dataclasses import replace

import pytest

from bot.messages import Outcome, Reply
from bot.store import inbox
from bot.store.turn_record import Ending, save
from care import audit, knowledge_items, knowledge_replays
from handlers import replaying
from handlers.knowing import Knowing
from handlers.respond import Assistant
from intents.match import Context
from tests.assistants import ACCOUNTS, WUXIAN
from tests.console import desk

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WORDS = "小绿本丢了咋整"
TARGET = "inpatient-advance/overview"


class Room:
    """The console with an assistant of its own, and people who ask."""

    def __init__(self, store, library, router, clock, folder) -> None:
        self.store, self.clock = store, clock
        router = router.with_overlay(router._known.overlay)  # what is published here is heard nowhere else
        assistant = Assistant(library, router, products={**ACCOUNTS, "demo": tuple(library.handbooks)})
        self.knowing = Knowing(store=store, library=library, router=router, assistant=assistant)
        desk.add_staff(store, clock)
        self.app = desk.app_of(
            replace(desk.office_of(store, library, clock, folder), knowing=self.knowing, assistant=assistant)
        )
        self.visit = desk.visitors(self.app)
        self._count = 0

    def asks(self, text: str, *, contact: str = "o-1", product: str | None = WUXIAN) -> Outcome:
        """Let somebody ask, and record the turn as the machine does."""
        self._count += 1
        message = desk.message(text, contact=contact, key=f"q-{self._count}", at=self.clock())
        self.knowing.look(at_once=True)
        products = tuple(self.knowing.library.handbooks)
        outcome = self.knowing.assistant.discuss(text, Context(products=products, product=product))

        def work(connection) -> None:
            found = inbox.loaded(connection, self.store.keys, message, locking=False, now=self.clock())
            ending = Ending(
                outcome=outcome, state=None, reply_state="passive", passive="x", leaving=(), now=self.clock()
            )
            save(connection, message, found, ending)

        self.store.write(work)
        self.clock.move(seconds=1)
        return outcome

    def tried(self, visitor, id: int) -> None:
        """Try an addition, waiting for the end."""
        with self.store.reading() as connection:
            item = knowledge_items.item_of(connection, id)
        replayer = replaying.Replayer(store=self.store, knowing=self.knowing, clock=self.clock)
        number = self.store.write(
            lambda connection: knowledge_replays.begin(connection, item, actor="user:yun", now=self.clock())
        )
        replayer.replay(number, item)

    def actions(self, name: str) -> list[str]:
        with self.store.reading() as connection:
            return [one.action for one in audit.entries(connection, self.store.keys, actor=f"user:{name}")]


@pytest.fixture
def room(store, library, router, clock, tmp_path, monkeypatch):
    monkeypatch.setattr(replaying, "_BREATH_SECONDS", 0)
    return Room(store, library, router, clock, tmp_path)


def phrasing(**more) -> dict[str, str]:
    return {"kind": "phrasing", "product": WUXIAN, "texts": WORDS, "topic": TARGET, "version": "1", **more}


def number(answer) -> int:
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return int(re.search(r"/items/(\d+)", answer.location)[1])


def test_a_miss_becomes_a_published_answer_and_goes_back(room) -> None:
    assert room.asks(WORDS).understanding.decision == "abstain"
    room.asks(f"{WORDS}呀", contact="o-2")
    room.asks("转人工", contact="o-2")
    writer, other = room.visit("yun"), room.visit("zhu")
    page = writer.get("/console/quality").get_data(as_text=True)
    assert WORDS in page
    assert "2 次" in page
    question = re.search(r"question=(\d+)", page)[1]
    form = writer.get(f"/console/quality/write?question={question}&product={WUXIAN}&q=住院垫付是什么").get_data(
        as_text=True
    )
    assert f'value="{TARGET}"' in form
    id = number(writer.post("/console/quality/items", phrasing(question=question)))
    at = f"/console/quality/items/{id}"
    assert writer.post(f"{at}/approve", {"version": "1"}).status_code == 409  # four eyes
    assert other.post(f"{at}/publish", {"version": "1", "checked": "yes"}).status_code == 409
    assert other.post(f"{at}/approve", {"version": "1"}).status_code == 302
    refused = other.post(f"{at}/publish", {"version": "1", "checked": "yes"})
    assert "先试跑" in refused.get_data(as_text=True)
    room.tried(other, id)
    page = other.get(at).get_data(as_text=True)
    assert "2 个回答会变" in page
    assert f"{WORDS}呀" in page
    assert room.asks(WORDS).understanding.decision == "abstain"
    assert other.post(f"{at}/publish", {"version": "1"}).status_code == 409
    assert other.post(f"{at}/publish", {"version": "1", "checked": "yes"}).status_code == 302
    outcome = room.asks(f"请问{WORDS}？")
    assert outcome.understanding.facts == (f"{WUXIAN}/{TARGET}",)
    assert outcome.replies[0].citations
    tested = writer.post("/console/quality/test", {"words": WORDS, "product": WUXIAN}).get_data(as_text=True)
    assert f"和已发布的第 {id} 条说法一字不差" in tested
    assert other.post(f"{at}/withdraw", {"version": "1"}).status_code == 302
    assert room.asks(WORDS).understanding.decision == "abstain"
    assert {"knowledge written", "questions read"} <= set(room.actions("yun"))
    assert {"knowledge approved", "knowledge published", "knowledge withdrawn"} <= set(room.actions("zhu"))


def test_another_process_hears_what_was_published_within_its_next_look(room, library, router, store) -> None:
    other_router = router.with_overlay(router._known.overlay)
    elsewhere = Assistant(library, other_router, products=ACCOUNTS)
    now = [0.0]
    other = Knowing(store=store, library=library, router=other_router, assistant=elsewhere, ticks=lambda: now[0])
    other.look()
    publish(room, phrasing())
    context = Context(products=(WUXIAN,), product=WUXIAN)
    other.look()
    assert elsewhere.discuss(WORDS, context).understanding.decision == "abstain"
    now[0] += 1
    other.look()
    assert elsewhere.discuss(WORDS, context).understanding.decision == "answer"


def test_a_name_of_a_service_is_read_as_the_service(room) -> None:
    publish(room, {"kind": "service_name", "product": WUXIAN, "texts": "小绿本", "service": "inpatient-advance"})
    assert room.asks("小绿本怎么申请").understanding.facts[0] == f"{WUXIAN}/inpatient-advance/apply"
    assert room.asks("小绿本怎么申请", product="chengzhang-youxiang-2025").understanding.service != "inpatient-advance"


def test_a_name_of_a_drug_is_read_as_the_drug(room) -> None:
    publish(room, {"kind": "drug_name", "product": WUXIAN, "texts": "小蓝瓶", "drug_no": "1"})
    assert "可瑞达" in room.asks("小蓝瓶在清单里吗").replies[0].text


def test_a_new_entry_is_answered_with_its_clause_and_offered_for_export(room, library) -> None:
    clause = next(one.id for one in library.handbooks[WUXIAN].clauses if not one.fact_free)
    form = {
        "kind": "entry",
        "product": WUXIAN,
        "texts": "垫付收不收利息\n垫的钱要利息吗",
        "service": "inpatient-advance",
    }
    form |= {"say": "手册没有写要收利息。", "clause": clause}
    id = publish(room, form)
    reply: Reply = room.asks("垫的钱要利息吗？").replies[0]
    assert reply.text.startswith("手册没有写要收利息。")
    assert [one.clause for one in reply.citations] == [clause]
    content = room.visit("shen").get("/console/quality/export").get_data()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        written = archive.read(f"{WUXIAN}/services/inpatient-advance.yaml").decode()
        assert f"added.{id}" in written
        assert "垫的钱要利息吗" in archive.read(f"{WUXIAN}/phrasings.csv").decode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"clause": ""}, "没有条款"),
        ({"clause": "没有这一条"}, "没有条款"),
        ({"texts": ""}, "请写 1 到"),
        ({"texts": "我的保单号是 123456789"}, "去掉个人信息"),
        ({"product": "none"}, "请选择产品"),
        ({"texts": "转人工"}, "不能改成别的回答"),
        ({"texts": "我爸突然昏迷不醒了"}, "不能改成别的回答"),
        ({"service": "none"}, "请选择手册里的服务"),
        ({"say": "长" * 201}, "最多 200 个字"),
    ],
)
def test_what_may_not_be_published_is_not_even_kept(room, library, change, says) -> None:
    clause = next(one.id for one in library.handbooks[WUXIAN].clauses if not one.fact_free)
    form = {"kind": "entry", "product": WUXIAN, "texts": "垫付收不收利息", "service": "inpatient-advance"}
    form |= {"say": "不收。", "clause": clause}
    answer = room.visit("yun").post("/console/quality/items", form | change)
    assert answer.status_code == 400
    assert says in answer.get_data(as_text=True)


def test_the_same_words_are_kept_once(room) -> None:
    writer = room.visit("yun")
    number(writer.post("/console/quality/items", phrasing()))
    again = writer.post("/console/quality/items", phrasing())
    assert again.status_code == 409
    assert "已在第" in again.get_data(as_text=True)


def test_what_was_changed_must_be_approved_and_tried_again(room) -> None:
    writer, other = room.visit("yun"), room.visit("zhu")
    at = f"/console/quality/items/{number(writer.post('/console/quality/items', phrasing()))}"
    assert other.post(f"{at}/approve", {"version": "1"}).status_code == 302
    assert writer.post(f"{at}/change", phrasing(texts="小绿本找不着了")).status_code == 302
    assert other.post(f"{at}/approve", {"version": "1"}).status_code == 409  # not what they saw
    assert other.post(f"{at}/publish", {"version": "2", "checked": "yes"}).status_code == 409
    assert other.post(f"{at}/approve", {"version": "2"}).status_code == 302


def test_a_manager_suggests_and_an_auditor_reads(room) -> None:
    manager = room.visit("guan")
    at = f"/console/quality/items/{number(manager.post('/console/quality/items', phrasing()))}"
    for act in ("approve", "replay", "publish", "withdraw", "change"):
        assert manager.post(f"{at}/{act}", {"version": "1"}).status_code == 403
    auditor = room.visit("shen")
    assert auditor.get(at).status_code == 200
    assert auditor.post("/console/quality/items", phrasing()).status_code == 403
    assert room.visit("yun").post(f"{at}/approve", {"version": "1"}).status_code == 302


def test_who_is_deleted_and_long_numbers_are_not_shown(room) -> None:
    room.asks("小绿本 110101199001011234 丢了咋整")
    page = room.visit("yun").get("/console/quality?days=1").get_data(as_text=True)
    assert "110101199001011234" not in page
    assert "小绿本" in page


def publish(room, form: dict[str, str]) -> int:
    """Write, approve and publish an addition without trying it on everything."""
    writer, other = room.visit("yun"), room.visit("zhu")
    id = number(writer.post("/console/quality/items", form))
    at = f"/console/quality/items/{id}"
    assert other.post(f"{at}/approve", {"version": "1", "checked": "yes"}).status_code == 302

    def tried(connection) -> None:
        item = knowledge_items.item_of(connection, id)
        replay = knowledge_replays.begin(connection, item, actor="user:zhu", now=room.clock())
        knowledge_replays.tell(
            connection, replay, state="done", total=0, done=0, touched=0, changes=[], now=room.clock()
        )

    room.store.write(tried)
    assert other.post(f"{at}/publish", {"version": "1", "checked": "yes"}).status_code == 302
    return id
