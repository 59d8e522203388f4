"""The web chat: the channel contract on its own mailbox, tokens that hold, letters that wait until they are read."""

import json
from datetime import timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.channels.web_chat import WebChatChannel
from bot.errors import ConfigurationFault, GiveUp, RefusedInput, RetryLater
from bot.messages import Kind
from bot.store.people import forget, introduce
from bot.store.schema import contacts
from bot.web_chat.mailbox import KEPT, Mailbox
from bot.web_chat.tables import web_chat_files, web_chat_letters
from tests.bot.channels.contract import ChannelContract, Post

SECRET, OLD_SECRET = "s" * 32, "o" * 32
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def signed(clock, contact="person-1", *, secret=SECRET, minutes=10, **claims) -> str:
    told = {"sub": contact, "aud": "chat", "exp": int((clock() + timedelta(minutes=minutes)).timestamp()), **claims}
    return jwt.encode({name: value for name, value in told.items() if value is not None}, secret, algorithm="HS256")


def make_channel(store, clock, *, mailbox=None) -> WebChatChannel:
    return WebChatChannel(
        account="chat",
        secrets=(SECRET, OLD_SECRET),
        mailbox=mailbox or (Mailbox(store, account="chat", clock=clock) if store else None),
        clock=clock,
    )


class Failing:
    """The mailbox, which fails when it is told to."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self.next: Exception | None = None

    def put(self, contact, text, *, key):
        self._fail()
        self._mailbox.put(contact, text, key=key)

    def file(self, name):
        self._fail()
        return self._mailbox.file(name)

    def __getattr__(self, name):
        return getattr(self._mailbox, name)

    def _fail(self):
        error, self.next = self.next, None
        if error is not None:
            raise error


class WebChatRig:
    def __init__(self, store, clock):
        self._store, self._clock = store, clock
        self.mailbox = Failing(Mailbox(store, account="chat", clock=clock))
        self.channel = make_channel(store, clock, mailbox=self.mailbox)

    def key_of(self, contact, key):
        return f"{contact}:{key}"

    def challenge(self, word):
        return {"token": signed(self._clock), "echostr": word}

    def text(self, contact, text, *, key):
        self._introduce(contact)
        return self._post(contact, key=key, text=text)

    def event(self, contact, event):
        return self._post(contact, key="e-1", event=event)

    def read(self, wrapped):
        messages = json.loads(wrapped.body)["messages"]
        return messages[0]["text"] if messages else None

    def sent(self):
        return [("person-1", letter.text) for letter in self.mailbox.unread("person-1")]

    def send_file(self, content):
        return self.mailbox.keep_file("person-1", content)

    def fail_next_fetch(self, how):
        self.fail_next_send(how)

    def fail_next_send(self, how):
        self.mailbox.next = {"busy": RetryLater(), "closed": GiveUp(), "permission": ConfigurationFault()}[how]

    def _introduce(self, contact):
        self._store.write(
            lambda connection: introduce(
                connection, self._store.keys, account="chat", platform_id=contact, now=self._clock()
            )
        )

    def _post(self, contact, **fields):
        return Post(query={"token": signed(self._clock, contact)}, body=json.dumps(fields).encode())


@on_sqlite
class TestWebChat(ChannelContract):
    @pytest.fixture
    def rig(self, store, clock):
        return WebChatRig(store, clock)


@on_sqlite
@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "x" * 32},
        {"minutes": -1},
        {"minutes": 25 * 60},
        {"aud": "another"},
        {"aud": None},
        {"exp": None},
        {"exp": True},
        {"exp": 10**400},
        {"exp": "2999"},
        {"contact": ""},
        {"contact": "a\nb"},
        {"contact": "x" * 65},
        {"contact": 7},
        {"contact": None},
    ],
)
def test_a_token_that_does_not_hold_opens_nothing(store, clock, wrong) -> None:
    channel = make_channel(store, clock)
    contact = wrong.pop("contact", "person-1") if "contact" in wrong else "person-1"
    if not isinstance(contact, str):
        header_and_rest = {"sub": contact, "aud": "chat", "exp": int(clock().timestamp()) + 600}
        token = jwt.api_jws.encode(json.dumps(header_and_rest).encode(), SECRET, algorithm="HS256")
    else:
        token = signed(clock, contact, **wrong)
    with pytest.raises(RefusedInput):
        channel.visitor({"token": token})


@on_sqlite
def test_a_token_without_a_signature_or_of_another_kind_is_refused(store, clock) -> None:
    channel = make_channel(store, clock)
    claims = {"sub": "person-1", "aud": "chat", "exp": int(clock().timestamp()) + 600}
    unsigned = jwt.encode(claims, "", algorithm="none")
    stronger = jwt.encode(claims, SECRET * 2, algorithm="HS512")
    for token in ("", ".", "..", "a.b.c", unsigned, stronger, "é", "x" * 5000, signed(clock)[:-2]):
        with pytest.raises(RefusedInput):
            channel.visitor({"token": token})


@on_sqlite
def test_the_old_secret_holds_while_it_is_changed(store, clock) -> None:
    visitor = make_channel(store, clock).visitor({"token": signed(clock, secret=OLD_SECRET)})
    assert visitor.contact == "person-1"
    assert visitor.until == (clock() + timedelta(minutes=10)).replace(microsecond=0)


@on_sqlite
def test_one_persons_key_is_never_anothers(store, clock) -> None:
    rig = WebChatRig(store, clock)
    keys = set()
    for contact, key in (("a", "b-c"), ("a:b", "c"), ("a:b-c", "d"), ("b", "b-c")):
        post = rig.text(contact, "你好", key=key)
        keys.add(rig.channel.parse(post.query, post.body).inbound.key)
    assert len(keys) == 4
    post = rig.text("a", "你好", key="b:c")
    with pytest.raises(RefusedInput):
        rig.channel.parse(post.query, post.body)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_MEMBERS = st.sampled_from(["key", "text", "event", "kind", "file", "sub"])


@given(st.dictionaries(_MEMBERS, _VALUES, max_size=5))
def test_no_body_is_more_than_refused(fields) -> None:
    from tests.clocks import FixedClock

    clock = FixedClock()
    channel = WebChatChannel(account="chat", secrets=(SECRET,), mailbox=None, clock=clock)
    try:
        inbound = channel.parse({"token": signed(clock)}, json.dumps(fields).encode()).inbound
    except RefusedInput:
        return
    assert inbound.contact == "person-1"
    assert (inbound.text != "") + (inbound.event != "") + (inbound.media_id != "") == 1


@on_sqlite
def test_a_file_is_named_by_its_message(store, clock) -> None:
    channel = make_channel(store, clock)
    body = json.dumps({"key": "1", "kind": "image", "file": "ab12"}).encode()
    inbound = channel.parse({"token": signed(clock)}, body).inbound
    assert (inbound.kind, inbound.media_id) == (Kind.IMAGE, "ab12")


@pytest.fixture
def met(store, clock):
    """A mailbox, and a person who has written."""
    store.write(
        lambda connection: introduce(connection, store.keys, account="chat", platform_id="person-1", now=clock())
    )
    return Mailbox(store, account="chat", clock=clock)


def test_letters_wait_in_order_until_they_are_read_and_each_key_is_one(store, clock, met) -> None:
    for number, key in enumerate(("k1", "k2", "k1", "k3")):
        met.put("person-1", f"第{number}句", key=key)
    first, second, third = met.unread("person-1")
    assert [letter.text for letter in (first, second, third)] == ["第0句", "第1句", "第3句"]
    assert met.unread("person-1", after=second.number) == [third]
    met.read("person-1", up_to=second.number)
    met.put("person-1", "第0句", key="k1")  # a sending whose end was lost, tried again after it was read
    assert met.unread("person-1") == [third]
    assert met.unread("person-2") == []
    met.read("person-2", up_to=10**9)
    assert met.unread("person-1") == [third]
    with store.reading() as connection:
        bodies = connection.scalars(select(web_chat_letters.c.body).order_by(web_chat_letters.c.id)).all()
    assert bodies[:2] == [None, None]
    assert "第3句".encode() not in bodies[2]


def test_nothing_is_kept_for_who_was_deleted(store, clock, met) -> None:
    met.put("person-1", "您好", key="k1")
    name = met.keep_file("person-1", b"\xff\xd8")

    def leave(connection) -> None:
        forget(connection, connection.scalar(select(contacts.c.id)))

    store.write(leave)
    assert met.unread("person-1") == []
    for attempt in (lambda: met.put("person-1", "您好", key="k2"), lambda: met.file(name)):
        with pytest.raises(GiveUp):
            attempt()
    with pytest.raises(GiveUp):
        met.put("never-wrote", "您好", key="k3")
    met.keep_file("person-1", b"again")  # back again: with a new key, and without the old letters
    met.put("person-1", "欢迎回来", key="k4")
    assert [letter.text for letter in met.unread("person-1")] == ["欢迎回来"]


@on_sqlite
def test_what_is_old_is_cleared_and_files_are_counted(store, clock, met) -> None:
    met.put("person-1", "您好", key="k1")
    for _ in range(40):
        met.keep_file("person-1", b"x")
    with pytest.raises(RefusedInput):
        met.keep_file("person-1", b"x")
    clock.move(seconds=(KEPT + timedelta(hours=1)).total_seconds())
    met.keep_file("person-1", b"x")
    met.put("person-1", "您好", key="k2")
    with store.reading() as connection:
        assert len(connection.execute(select(web_chat_letters.c.id)).all()) == 1
        assert len(connection.execute(select(web_chat_files.c.id)).all()) == 1


@on_sqlite
def test_anothers_account_opens_no_file(store, clock, met) -> None:
    name = met.keep_file("person-1", b"x")
    with pytest.raises(GiveUp):
        Mailbox(store, account="other", clock=clock).file(name)
