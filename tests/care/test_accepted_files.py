"""What may be kept of what people send, and what is dropped from it."""

import contextlib
import io
import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from care.accepted_files import LARGEST_BYTES, RefusedFile, accepted
from tests.care.papers import SECRET, pdf, photo, stream

KEPT_AS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/jpeg"}


def refused(content: bytes) -> str:
    with pytest.raises(RefusedFile) as caught:
        accepted(content)
    return caught.value.reason


@pytest.mark.parametrize("kind", KEPT_AS)
def test_a_photo_is_kept_without_where_when_and_by_whom_it_was_taken(kind: str) -> None:
    sent = photo(kind)
    assert SECRET in sent
    kept = accepted(sent)
    assert kept.media_type == KEPT_AS[kind]
    assert SECRET not in kept.content
    for mark in (b"Exif", b"EXIF", b"GPS", b"xmpmeta", b"2026:09:30"):
        assert mark not in kept.content
    image = Image.open(io.BytesIO(kept.content))
    assert dict(image.getexif()) == {}
    assert image.size == (60, 40)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_a_photo_taken_sideways_stands_upright_afterwards(kind: str) -> None:
    image = Image.open(io.BytesIO(accepted(photo(kind, orientation=6)).content)).convert("L")
    assert image.size == (40, 60)
    assert image.getpixel((20, 4)) < 60  # the dark left side is the upper one now
    assert image.getpixel((20, 50)) > 200


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "1"), ("PNG", "P"), ("PNG", "I;16")]
)
def test_scans_in_other_colours_are_taken_too(kind: str, mode: str) -> None:
    written = io.BytesIO()
    Image.new("L", (30, 20), 255).convert(mode if mode != "I;16" else "I").convert(mode).save(written, kind)
    kept = Image.open(io.BytesIO(accepted(written.getvalue()).content))
    assert kept.size == (30, 20)


def test_what_is_transparent_stays_so() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (30, 20), (255, 0, 0, 0)).save(written, "PNG")
    assert Image.open(io.BytesIO(accepted(written.getvalue()).content)).getpixel((5, 5))[3] == 0


def test_what_hides_behind_a_picture_is_gone() -> None:
    assert b"<script>" not in accepted(photo() + b"<script>alert(1)</script>").content


def test_a_huge_photo_is_made_smaller_but_stays_readable() -> None:
    image = Image.open(io.BytesIO(accepted(photo(size=(7000, 2000))).content))
    assert max(image.size) <= 6000
    assert min(image.size) >= 1000


@pytest.mark.parametrize(
    "content", [b"MZ" + b"\0" * 200, b"<html><script>1</script></html>", b"GIF89a" + b"\0" * 50, b"text"]
)
def test_other_types_are_refused_whatever_they_are_called(content: bytes) -> None:
    assert refused(content) in ("type", "damaged")


def test_an_empty_or_too_large_file_is_refused() -> None:
    assert refused(b"") == "empty"
    assert refused(b"\xff\xd8\xff\xe0" + bytes(LARGEST_BYTES)) == "too_large"


@pytest.mark.parametrize("kind", KEPT_AS)
def test_a_broken_photo_is_refused(kind: str) -> None:
    assert refused(photo(kind, size=(400, 300))[:300]) in ("damaged", "type")


def test_a_picture_of_too_many_pixels_is_refused_without_unpacking_it() -> None:
    written = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(written, "PNG")
    assert len(written.getvalue()) < 1_000_000
    assert refused(written.getvalue()) == "too_many_pixels"


def test_a_paper_as_pdf_is_kept_as_it_is() -> None:
    paper = pdf(stream(b"BT (/JavaScript and /Launch are only words here) Tj ET") + stream(os.urandom(200_000)))
    kept = accepted(paper)
    assert (kept.media_type, kept.content) == ("application/pdf", paper)


@pytest.mark.parametrize(
    "paper",
    [
        pdf(catalog=b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"),
        pdf(catalog=b"/OpenAction << /S /J#61vaScript >>"),
        pdf(b"7 0 obj\n<< /S /Launch /F (cmd.exe) >>\nendobj"),
        pdf(b"7 0 obj\n<</S/Launch/F(x)>>\nendobj"),
        pdf(stream(b"1 0 << /S /JavaScript /JS (1) >>", b"/Type /ObjStm /N 1 /First 4")),
        pdf(stream(b"1 0 << /JS (1) >>", b"/Type /Obj#53tm /N 1 /First 4")),
    ],
)
def test_a_pdf_with_a_script_or_a_launch_is_refused(paper: bytes) -> None:
    assert refused(paper) == "active"


def test_an_encrypted_pdf_is_refused_for_its_own_reason() -> None:
    assert refused(pdf(trailer=b"/Encrypt 9 0 R")) == "encrypted"


def test_a_pdf_that_was_cut_off_is_refused() -> None:
    assert refused(pdf()[:60]) == "damaged"


@pytest.mark.parametrize(
    "body",
    [
        stream(bytes(200_000_000), b"/Type /ObjStm"),
        b"stream\n" * 500_000,
        b"1 0 obj stream\nendstream " * 100_000,
        b"/ObjStm stream\nendstream " * 100_000,
        b"/#4a" * 800_000,
    ],
    ids=["a bomb", "streams without end", "many streams", "many object streams", "many escapes"],
)
def test_a_pdf_made_to_cost_much_costs_a_moment(body: bytes) -> None:
    begun = time.process_time()
    with contextlib.suppress(RefusedFile):
        accepted(pdf(body))
    assert time.process_time() - begun < 8


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about damaged EXIF
@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(sorted(KEPT_AS)), start=st.integers(0, 700), noise=st.binary(min_size=1, max_size=60))
def test_any_damage_gives_a_picture_or_a_refusal(kind: str, start: int, noise: bytes) -> None:
    content = bytearray(photo(kind))
    start = min(start, len(content) - 1)
    content[start : start + len(noise)] = noise
    try:
        kept = accepted(bytes(content))
    except RefusedFile:
        return
    assert kept.media_type in (*KEPT_AS.values(), "application/pdf")
    assert SECRET not in kept.content


@given(noise=st.binary(max_size=400), head=st.sampled_from([b"", b"%PDF-1.4", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP"]))
def test_no_bytes_make_it_fail_otherwise(noise: bytes, head: bytes) -> None:
    try:
        accepted(head + noise)
    except RefusedFile as fault:
        assert fault.reason  # noqa: PT017 - either way is right, but a refusal has its reason
