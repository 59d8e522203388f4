"""Which bodies are read, and which are refused before anybody looks at them."""

import json

import pytest

from bot.channels.envelope import MAX_BYTES, make_safe, read, write_xml
from bot.errors import RefusedInput

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><xml><A>&b;</A></xml>"""
OUTSIDE = b"""<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><A>&a;</A></xml>"""

BAD = {
    "empty": b"",
    "white space": b" \n",
    "no root": b"text",
    "another root": b"<html><A>1</A></html>",
    "cut off": b"<xml><A>1</A>",
    "two roots": b"<xml></xml><xml></xml>",
    "a document type": b"<!DOCTYPE xml><xml><A>1</A></xml>",
    "expanding entities": LAUGHS,
    "an external entity": OUTSIDE,
    "an unknown entity": b"<xml><A>&nbsp;</A></xml>",
    "a control character": b"<xml><A>\x01</A></xml>",
    "a control character by number": b"<xml><A>&#1;</A></xml>",
    "half a surrogate pair by number": b"<xml><A>&#xD800;</A></xml>",
    "half a surrogate pair": b"<xml><A>\xed\xa0\x80</A></xml>",
    "bytes that are no UTF-8": b"<xml><A>\xff</A></xml>",
    "UTF-16": "<xml><A>1</A></xml>".encode("utf-16"),
    "nested too deep": b"<xml>" + b"<A>" * 5000 + b"</A>" * 5000 + b"</xml>",
    "too many fields": b"<xml>" + b"".join(b"<A%d/>" % number for number in range(2000)) + b"</xml>",
    "a doubled sender": b"<xml><FromUserName>a</FromUserName><FromUserName>b</FromUserName></xml>",
    "a doubled sender in JSON": b'{"FromUserName": "a", "FromUserName": "b"}',
    "a list of senders": b'{"FromUserName": ["a"], "FromUserName#2": "b", "A": [[1]]}',
    "a JSON list": b"[]",
    "JSON cut off": b'{"A": ',
    "JSON nested too deep": b'{"A":' * 5000 + b"1" + b"}" * 5000,
    "JSON lists nested too deep": b'{"A":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "not a number": b'{"A": NaN}',
    "a number of 5,000 digits": b'{"A": ' + b"9" * 5000 + b"}",
    "JSON that is no UTF-8": b'{"A": "\xff"}',
    "too many JSON fields": json.dumps({f"A{number}": 1 for number in range(2000)}).encode(),
    "too large": b"<xml><A>" + b"a" * MAX_BYTES + b"</A></xml>",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_body_is_refused(name):
    with pytest.raises(RefusedInput):
        read(BAD[name])


def test_the_declared_encoding_is_not_believed():
    fields, _ = read('<?xml version="1.0" encoding="gbk"?><xml><A>等待期</A></xml>'.encode())
    assert fields == {"A": "等待期"}


def test_text_and_cdata_sections_are_joined():
    assert read(b"<xml><A>a&amp;b<![CDATA[<c>]]]]><![CDATA[>]]></A></xml>") == ({"A": "a&b<c>]]>"}, False)


def test_json_values_become_the_texts_that_xml_would_hold():
    body = b'{"A": 12345678901234567890, "B": true, "C": null, "D": "\\ud800x", "E": {"F": [1, {"G": "h"}]}}'
    assert read(body) == (
        {"A": "12345678901234567890", "B": "true", "C": "", "D": "?x", "E.F": "1", "E.F#2.G": "h"},
        True,
    )


@pytest.mark.parametrize("text", ["]]>", "]]]]>>", "]]><MsgType>image</MsgType>", "<![CDATA[", "&lt;", "]]"])
def test_no_text_breaks_out_of_its_element(text):
    assert read(write_xml(A=text, B="b")) == ({"A": text, "B": "b"}, False)


def test_safe_text_keeps_lines_tabs_and_every_script():
    assert make_safe(" 一\t二\r\n三\r四 𠮷 😀 \x7f\x85") == "一\t二\n三\n四 𠮷 😀"
