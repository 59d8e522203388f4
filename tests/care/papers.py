"""Photos and PDFs as people send them, made for tests."""

import io
import zlib

import pillow_heif
from PIL import Image

SECRET = b"SecretCameraOwner"
_GPS, _ORIENTATION, _MAKER, _TAKEN_AT = 0x8825, 0x0112, 0x010F, 0x0132


def photo(kind: str = "JPEG", *, size: tuple[int, int] = (60, 40), mode: str = "RGB", orientation: int = 1) -> bytes:
    """A picture, dark at its left side, with a place, an owner and a time in its metadata."""
    image = Image.new(mode, size, "white")
    image.paste("black", (0, 0, size[0] // 4, size[1]))
    exif = Image.Exif()
    exif[_MAKER] = SECRET.decode()
    exif[_TAKEN_AT] = "2026:09:30 10:00:00"
    exif[_ORIENTATION] = orientation
    exif.get_ifd(_GPS).update({1: "N", 2: (39.0, 54.0, 20.0), 3: "E", 4: (116.0, 23.0, 29.0)})
    written = io.BytesIO()
    more = {"xmp": b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"} if kind in ("JPEG", "WEBP") else {}
    if kind == "JPEG":
        more["comment"] = SECRET
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(written, exif=exif.tobytes())
    else:
        image.save(written, kind, exif=exif, **more)
    return written.getvalue()


def pdf(body: bytes = b"", *, catalog: bytes = b"", trailer: bytes = b"") -> bytes:
    """A small PDF with `body` among its objects."""
    return (
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n" + body + b"\n"
        b"trailer\n<< /Root 1 0 R /Size 3 " + trailer + b" >>\nstartxref\n0\n%%EOF\n"
    )


def stream(content: bytes, dictionary: bytes = b"") -> bytes:
    """A compressed stream object."""
    packed = zlib.compress(content)
    head = b"5 0 obj\n<< /Filter /FlateDecode /Length " + str(len(packed)).encode() + b" " + dictionary
    return head + b" >>\nstream\n" + packed + b"\nendstream\nendobj\n"
