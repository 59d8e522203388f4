"""The platform's message bodies, XML and JSON, as flat text fields. Anything unsafe is refused. It does no I/O.

A nested value gets the path of its names (`ScanCodeInfo.ScanType`); the second of equal siblings gets `#2`
(`SubscribeMsgPopupEvent.List#2.TemplateId`), in both formats.
"""

import json
import re
from typing import Any, NoReturn
from xml.parsers import expat

from bot.errors import RefusedInput

MAX_BYTES = 64 * 1024
_MAX_DEPTH = 8
_MAX_FIELDS = 512
# Two of these would let two readers of one message disagree about who said what.
_SINGLE = frozenset(("ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Event", "EventKey", "Encrypt"))

# Control characters, halves of surrogate pairs and non-characters: XML 1.0 allows none of them.
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def make_safe(text: str) -> str:
    """Return the text without characters that an envelope cannot carry, with plain line ends, stripped."""
    if text.isprintable():  # the usual case, without a scan by expression
        return text.strip()
    return _UNSAFE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def read(body: bytes) -> tuple[dict[str, str], bool]:
    """Return the fields of one body, and whether it was JSON. Raises RefusedInput for everything else."""
    if len(body) > MAX_BYTES:
        raise RefusedInput("the body is too large")
    start = body.lstrip()[:1]
    if start == b"{":
        return _read_json(body), True
    if start != b"<":  # also keeps out byte order marks, by which expat would switch to UTF-16
        raise RefusedInput("the body is neither XML nor JSON")
    return _read_xml(body), False


def write_xml(**fields: str | int) -> bytes:
    """Return the fields as the platform's XML; texts become CDATA that no text can break out of."""
    parts = [f"<{name}>{value if isinstance(value, int) else _cdata(value)}</{name}>" for name, value in fields.items()]
    return f"<xml>{''.join(parts)}</xml>".encode()


def write_json(**fields: str | int) -> bytes:
    """Return the fields as the platform's JSON, in UTF-8."""
    return json.dumps(fields, ensure_ascii=False).encode()


def _cdata(text: str) -> str:
    # "]]>" would end the section; it is cut between two sections, which every XML reader joins again.
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


class _Fields(dict[str, str]):
    """Collects leaves under their numbered paths and holds the limits."""

    def add(self, path: str, value: str) -> None:
        if len(self) >= _MAX_FIELDS:
            raise RefusedInput("the body has too many fields")
        if path in _SINGLE and path in self:
            raise RefusedInput("a field of the envelope is doubled")
        self[path] = value


class _XmlReader:
    """Expat's callbacks. A level is [path, children so far by name]; a leaf is an element without children."""

    def __init__(self) -> None:
        self.fields = _Fields()
        self._levels: list[tuple[str, dict[str, int]]] = []
        self._text: list[str] = []

    def start(self, name: str, _attributes: object) -> None:
        depth = len(self._levels)
        if depth >= _MAX_DEPTH:
            raise RefusedInput("the body is nested too deep")
        if depth == 0:
            if name != "xml":
                raise RefusedInput("the body's root is not xml")
            path = ""
        else:
            parent, children = self._levels[-1]
            path = _numbered(name, children)
            if parent:
                path = f"{parent}.{path}"
        self._levels.append((path, {}))
        self._text = []

    def text(self, chunk: str) -> None:
        self._text.append(chunk)

    def end(self, _name: str) -> None:
        path, children = self._levels.pop()
        if path and not children:
            self.fields.add(path, "".join(self._text).strip())
        self._text = []


def _numbered(name: str, children: dict[str, int]) -> str:
    count = children.get(name, 0) + 1
    children[name] = count
    if count == 1:
        return name
    if name in _SINGLE:
        raise RefusedInput("a field of the envelope is doubled")
    return f"{name}#{count}"


def _read_xml(body: bytes) -> dict[str, str]:
    reader = _XmlReader()
    parser = expat.ParserCreate("utf-8")  # given here, a declaration inside the body cannot choose another
    parser.buffer_text = True
    parser.buffer_size = len(body) + 1  # so that each text comes in one piece
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError):  # UnicodeDecodeError is a ValueError
        raise RefusedInput("the body is not well-formed XML") from None
    return reader.fields


def _refuse_doctype(*_declaration: object) -> NoReturn:
    raise RefusedInput("the body declares a document type")


def _read_json(body: bytes) -> dict[str, str]:
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_members, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise RefusedInput("the body is not well-formed JSON") from None
    fields = _Fields()
    _flatten(value, "", 1, fields)
    return fields


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise RefusedInput("a field of the envelope is doubled")
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise RefusedInput("the body is not well-formed JSON")


def _flatten(members: dict[str, Any], parent: str, depth: int, fields: _Fields) -> None:
    if depth >= _MAX_DEPTH:
        raise RefusedInput("the body is nested too deep")
    for name, value in members.items():
        for number, item in enumerate(value if isinstance(value, list) else [value], start=1):
            path = (f"{parent}.{name}" if parent else name) + (f"#{number}" if number > 1 else "")
            if isinstance(item, dict):
                _flatten(item, path, depth + 1, fields)
            elif isinstance(item, list):
                raise RefusedInput("a list directly inside a list")
            else:
                fields.add(path, _plain(item))


def _plain(item: str | int | float | bool | None) -> str:
    if isinstance(item, str):
        # JSON can spell halves of surrogate pairs, which no UTF-8 store would take.
        return item.encode("utf-8", "replace").decode("utf-8").strip()
    if item is None:
        return ""
    return str(item).lower() if isinstance(item, bool) else str(item)
