"""Bodies and queries that no platform would send, for hypothesis: noise, near misses, and well-signed nonsense."""

import json

from hypothesis import strategies as st

from bot.channels.crypto import sign
from bot.channels.envelope import write_xml

_NAMES = st.sampled_from(
    [
        *("ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Content", "Recognition", "MediaId"),
        *("Event", "EventKey", "Encrypt", "xml", "A"),
    ]
)
_VALUES = st.one_of(
    st.sampled_from(["text", "event", "voice", "1790758200", "oPerson", "CLICK", "", "-1", "٣", "]]>", "&#0;", "\0"]),
    st.text(max_size=20),
    st.integers().map(str),
)
_NOISE = st.one_of(st.binary(max_size=200), st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))


def _element(name: str, inner: str) -> str:
    return f"<{name}>{inner}</{name}>"


_TREES = st.recursive(
    st.builds(_element, _NAMES, _VALUES.map(lambda value: f"<![CDATA[{value}]]>") | _VALUES),
    lambda inner: st.builds(_element, _NAMES, st.lists(inner, max_size=4).map("".join)),
    max_leaves=12,
)
_XML = st.lists(_TREES, max_size=8).map(lambda trees: f"<xml>{''.join(trees)}</xml>".encode("utf-8", "replace"))
_ENVELOPES = st.dictionaries(_NAMES.filter(lambda name: name != "Encrypt"), _VALUES, max_size=9).map(
    lambda fields: write_xml(**fields)
)
_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | _VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=10,
)
_JSON = st.dictionaries(_NAMES, _JSON_VALUES, max_size=8).map(lambda value: json.dumps(value).encode())
MESSAGES = st.one_of(_NOISE, _XML, _ENVELOPES, _JSON)


@st.composite
def mutated(draw: st.DrawFn, body: bytes) -> bytes:
    """Draw the body with a piece lost, doubled, or replaced."""
    start = draw(st.integers(0, len(body)))
    end = draw(st.integers(start, min(len(body), start + 40)))
    middle = draw(st.one_of(st.just(b""), st.just(body[start:end] * 2), st.binary(min_size=1, max_size=8)))
    return body[:start] + middle + body[end:]


@st.composite
def queries(draw: st.DrawFn, good: dict[str, str]) -> dict[str, str]:
    """Draw a query in which at least one value is wrong, so that nothing may be taken."""
    name = draw(st.sampled_from(["msg_signature", "timestamp", "nonce"]))
    value = draw(st.one_of(st.text(max_size=50), st.sampled_from(["", "0", "-1", "1e9", "٣", "9" * 400, "\0"])))
    query = dict(good)
    if draw(st.booleans()):
        del query[name]
    elif value != good[name]:
        query[name] = value
    else:
        query["signature"] = "0" * 40
    return query


def encrypted(message: bytes, *, sealer, token: str, timestamp: str) -> tuple[dict[str, str], bytes]:
    """Return query and body of a well-signed, well-encrypted callback around any message."""
    sealed = sealer.seal(message)
    query = {
        "timestamp": timestamp,
        "nonce": "42",
        "signature": sign(token, timestamp, "42"),
        "msg_signature": sign(token, timestamp, "42", sealed),
    }
    return query, write_xml(Encrypt=sealed)
