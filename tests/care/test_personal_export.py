"""A person's own copy: everything that is stored about them, and nothing about others."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import update

from bot.keys import KeyRing, Unreadable
from bot.messages import Outcome, Reply, Understanding
from bot.sealed_files import SealedFiles
from bot.store import outbox
from bot.store import people as contacts
from bot.store.schema import conversations
from bot.store.store import Store
from care import attempts, audit, bindings, child_records, children, consents, media, personal_export, tables, timeline
from care.case_records import sealed_answers
from care.child import Dose, Profile
from care.clearing import delete_files
from care.consents import ConsentKind
from care.export_page import LABELS
from care.fetching import fetch_wanted
from care.forgetting import forget_person
from care.personal_export import Export, find, make_export, take, token_of
from care.policy import Insured, Policy
from care.policy_saving import save
from tests.bot.workplace import Workplace
from tests.care import papers, people
from tests.clocks import FixedClock

HOLDER_ID, PHONE = "990101199001011234", "13800001234"
POLICY = Policy(
    number="TEST-0001",
    product="zhenai-wuxian-2023",
    effective_on=date(2026, 1, 1),
    expires_on=date(2026, 12, 31),
    holder_name="甲测试",
    holder_id_number=HOLDER_ID,
    holder_phone=PHONE,
    insured=(
        Insured(name="测试宝宝", birth=date(2020, 1, 1), sex="F", relation="child", id_number="990101202001014321"),
    ),
)


class Life:
    """What one person leaves behind: messages, a policy, consents, a case with a paper, a loose paper."""

    def __init__(self, store: Store, clock: FixedClock, folder: Path) -> None:
        self.store, self.clock, self.keys = store, clock, store.keys
        self.papers, self.copies = (SealedFiles(folder / name, store.keys) for name in ("media", "exports"))
        workplace = Workplace(store, clock, lambda turn: _answer(turn.inbound.text))
        workplace.say("我想问<b>等待期</b>", contact="o-lin")
        workplace.say("别人的话", key="2", contact="o-wang")
        workplace.turns.stop(within_seconds=2)
        self.who, self.other = (
            store.write(lambda c, name=name: people.contact(c, self.keys, name, clock()))
            for name in ("o-lin", "o-wang")
        )
        store.write(self._fill)
        fetch_wanted(store, self.papers, lambda _account, _id: papers.photo(), now=clock())

    def _fill(self, connection) -> None:
        now, keys, who = self.clock(), self.keys, self.who
        policy = save(connection, keys, POLICY, now=now)
        ended = save(connection, keys, replace(POLICY, number="TEST-0002"), now=now)
        for one in (policy, ended):
            bindings.bind(connection, contact_id=who, policy_id=one.id, now=now)
        bindings.end(connection, contact_id=who, policy_id=ended.id, now=now)
        consents.give(connection, contact_id=who, kind=ConsentKind.PERSONAL, version=3, now=now)
        self.case_id = people.case(connection, who, policy.id, "20260930-AAAAAA", now)
        answers = sealed_answers(keys, self.case_id, {"phone": PHONE}, {"phone": PHONE})
        connection.execute(update(tables.cases).values(answers=answers))
        timeline.record(connection, keys, self.case_id, "moved", actor="command", now=now, step="x", tell="在核实了")
        self.of_case, self.loose = (
            media.want(connection, keys, contact_id=who, media_id=f"m{number}", now=now, case_id=case)
            for number, case in enumerate((self.case_id, None))
        )
        baby = Profile(name="测试小苗", birth=date(2026, 3, 1), conditions="对鸡蛋过敏")
        child = children.add_child(connection, keys, baby, contact_id=who, now=now)
        dose = Dose(on=date(2026, 3, 1), vaccine="BCG", product="卡介苗")
        child_records.add_doses(connection, keys, child, [dose], by=f"contact:{who}", now=now)
        attempts.record(connection, contact_id=who, policy_index=b"x", succeeded=True, now=now)
        outbox.add(connection, keys, conversation_id=self.conversation(connection), kind="reminder", text="记得复查",
                   key="r1", now=now)  # fmt: skip

    def conversation(self, connection) -> int:
        return connection.scalar(conversations.select().where(conversations.c.contact_id == self.who))

    def make(self) -> Export:
        return make_export(self.store, copies=self.copies, papers=self.papers, contact_id=self.who, now=self.clock())

    def opened(self, export: Export) -> zipfile.ZipFile:
        return zipfile.ZipFile(io.BytesIO(self.copies.read(export.file)))

    def find(self, token: str) -> Export | None:
        with self.store.reading() as connection:
            return find(connection, self.keys, token, now=self.clock())


def _answer(text: str) -> Outcome:
    return Outcome(
        replies=(Reply(text=f"答：{text}"),),
        state={"dialog": "开着的"},
        understanding=Understanding(decision="answer", reasons=("词语",)),
    )


@pytest.fixture
def life(store: Store, clock: FixedClock, tmp_path: Path) -> Life:
    return Life(store, clock, tmp_path)


def test_the_copy_holds_everything_the_person_left_behind(life: Life) -> None:
    copy = life.opened(life.make())
    record = json.loads(copy.read("我的信息.json"))
    assert record["contact"]["platform_id"] == "o-lin"
    assert record["contact"]["dialog"] == {"dialog": "开着的"}
    assert [one.get("number") for one in record["policies"]] == ["TEST-0001", None]
    assert record["policies"][0]["insured"][0]["name"] == "测试宝宝"
    [child] = record["children"]
    assert (child["name"], child["conditions"]) == ("测试小苗", "对鸡蛋过敏")
    assert child["doses"] == [{"on": "2026-03-01", "vaccine": "卡介苗", "said": "卡介苗", "source": "parent"}]
    assert record["consents"][0]["version"] == 3
    [case] = record["cases"]
    assert (case["number"], case["answers"]) == ("20260930-AAAAAA", {"phone": PHONE})
    assert case["timeline"][0]["told"] == "在核实了"
    assert [(one["text"], one["answers"]) for one in record["messages"]] == [
        ("我想问<b>等待期</b>", ["答：我想问<b>等待期</b>"])
    ]
    assert [one["text"] for one in record["deliveries"]] == ["记得复查"]
    assert record["understood"][0]["reasons"] == ["词语"]
    assert record["verifications"] == [{"at": "2026-09-30T10:00:00+08:00", "succeeded": True}]
    assert sorted(name for name in copy.namelist() if name.startswith("材料/")) == ["材料/1.jpg", "材料/2.jpg"]
    assert copy.read("材料/1.jpg")[:2] == b"\xff\xd8"


def test_nothing_of_others_is_in_it_and_a_policys_numbers_are_masked(life: Life) -> None:
    copy = life.opened(life.make())
    for name in ("我的信息.json", "我的信息.html"):
        text = copy.read(name).decode()
        assert "别人的话" not in text
        assert "o-wang" not in text
        assert HOLDER_ID not in text
        assert "TEST-0002" not in text
    assert json.loads(copy.read("我的信息.json"))["policies"][0]["holder_phone"] == "*******1234"


def test_the_page_is_readable_and_no_words_of_a_person_become_markup(life: Life) -> None:
    text = life.opened(life.make()).read("我的信息.html").decode()
    assert "您的申请" in text
    assert "2026-09-30 10:00" in text
    assert "&lt;b&gt;等待期" in text
    assert "<b>" not in text
    assert "<script" not in text


def test_every_name_in_the_copy_has_a_word_for_reading(life: Life) -> None:
    record = json.loads(life.opened(life.make()).read("我的信息.json"))
    labels = yaml.safe_load(LABELS.read_text(encoding="utf-8"))
    assert set(record) == set(labels["sections"])

    def names(value) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(names, value))
        if not isinstance(value, dict):
            return set()
        return set(value).union(*(names(inner) for name, inner in value.items() if name not in FREE))

    FREE = {"answers", "shown", "dialog", "detail"}
    assert set().union(*(names(value) for value in record.values())) <= set(labels["fields"])


def test_the_file_lies_sealed(life: Life, tmp_path: Path) -> None:
    export = life.make()
    content = (tmp_path / "exports" / export.file).read_bytes()
    assert b"PK\x03\x04" not in content
    assert "甲测试".encode() not in content


def test_a_link_is_valid_for_a_day(life: Life) -> None:
    token = token_of(life.keys, life.make())
    assert life.find(token).contact_id == life.who
    life.clock.move(hours=24, seconds=-1)
    assert life.find(token) is not None
    life.clock.move(seconds=1)
    assert life.find(token) is None
    [file] = life.store.write(lambda c: personal_export.expire(c, now=life.clock()))
    assert life.copies.delete(file)


def test_a_changed_link_opens_nothing(life: Life) -> None:
    export = life.make()
    token = token_of(life.keys, export)
    foreign = KeyRing(masters=[b"m" * 32], index_key=b"other index key 0123456789abcdef")
    for wrong in (token[:-1], "x" + token, export.file, "", token_of(foreign, export)):
        assert life.find(wrong) is None


def test_a_copy_is_fetched_three_times_and_each_time_is_recorded(life: Life) -> None:
    export = life.make()
    took = [life.store.write(lambda c: take(c, life.keys, export, now=life.clock())) for _ in range(4)]
    assert took == [True, True, True, False]
    with life.store.reading() as connection:
        actions = [one.action for one in audit.entries(connection, life.keys, subject=f"contact:{life.who}")]
    assert actions == ["export downloaded"] * 3 + ["export made"]
    assert life.find(token_of(life.keys, export)) is None


def test_a_new_copy_replaces_the_one_before(life: Life) -> None:
    first = life.make()
    second = life.make()
    assert life.find(token_of(life.keys, first)) is None
    assert delete_files(life.store, papers=life.papers, copies=life.copies, now=life.clock()) == 1
    assert list(life.copies.names()) == [second.file]


def test_a_deleted_person_leaves_what_the_law_keeps_and_nothing_readable_else(life: Life) -> None:
    export = life.make()
    forgotten = life.store.write(lambda c: forget_person(c, life.keys, life.who, now=life.clock()))
    assert (forgotten.bindings, forgotten.papers, forgotten.cases_kept) == (1, 1, 1)
    assert delete_files(life.store, papers=life.papers, copies=life.copies, now=life.clock()) == 2
    assert list(life.copies.names()) == []
    with life.store.reading() as connection:
        assert bindings.of_contact(connection, life.who) == []
        assert consents.current(connection, contact_id=life.who, kind=ConsentKind.PERSONAL) is None
        assert [one.state for one in media.of_contact(connection, life.who)] == ["kept", "deleted"]
        [kept] = media.of_case(connection, life.case_id)
        assert life.papers.read(kept.file)
        with pytest.raises(Unreadable):
            contacts.cipher_of(connection, life.keys, life.who)
        assert audit.verify(connection, life.keys) is None
    assert len(list(life.papers.names())) == 1
    assert life.find(token_of(life.keys, export)) is None
    with pytest.raises(Unreadable):
        life.make()


def test_deleting_oneself_ends_no_lock(life: Life) -> None:
    def work(connection):
        for _ in range(5):
            attempts.record(connection, contact_id=life.who, policy_index=b"y", succeeded=False, now=life.clock())
        forget_person(connection, life.keys, life.who, now=life.clock())
        assert people.contact(connection, life.keys, "o-lin", life.clock()) == life.who  # came back
        assert attempts.is_locked(connection, contact_id=life.who, policy_index=None, now=life.clock()) is not None

    life.store.write(work)


def test_who_came_back_gets_a_copy_of_what_is_theirs_now(life: Life) -> None:
    life.store.write(lambda c: forget_person(c, life.keys, life.who, now=life.clock()))
    life.store.write(lambda c: people.contact(c, life.keys, "o-lin", life.clock()))
    record = json.loads(life.opened(life.make()).read("我的信息.json"))
    assert (record["messages"], record["deliveries"], record["understood"]) == ([], [], [])
    assert len(record["cases"]) == 1


def test_copies_that_no_row_names_are_swept_up(life: Life, tmp_path: Path) -> None:
    export, stray = life.make(), life.copies.write(b"a crash came before the row")
    with life.store.reading() as connection:
        later = life.clock() + timedelta(days=3650)
        assert personal_export.sweep(connection, life.copies, now=later) == 1
    assert list(life.copies.names()) == [export.file]
    assert stray != export.file
