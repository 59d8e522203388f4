"""What a person may send as a paper: photos and PDFs, known by their content and never by their names.

Photos are written anew: that drops where and with what they were taken, and whatever else hides behind a picture.
"""

import io
from dataclasses import dataclass

import pillow_heif
import puremagic
from PIL import Image, ImageOps

from bot.errors import RefusedInput
from care import pdf_screen

LARGEST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 60_000_000  # the largest phone cameras take 50 megapixels; more is an attack on memory
_LONGEST_SIDE = 6000  # a page of small print stays readable
_LONGEST_SENT = 3000
_LONGEST_VOICE = 2 * 1024 * 1024  # the platforms' limit: a minute
VOICE = "audio/amr"
_JPEG_QUALITY = 90

_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/heif": "HEIF", "image/heic": "HEIF"}
_KEPT_AS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_MODES = {"JPEG": ("L", "RGB"), "PNG": ("L", "RGB", "RGBA"), "WEBP": ("RGB", "RGBA")}


class RefusedFile(RefusedInput):
    """Not kept; `reason` is empty | too_large | type | damaged | too_many_pixels | encrypted | active."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the file is refused: {reason}")
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class AcceptedFile:
    """A file as it may be kept: image/jpeg, image/png, image/webp, application/pdf, or a voice message as audio/amr."""

    content: bytes
    media_type: str


def accepted(content: bytes) -> AcceptedFile:
    """Check a file by its content and return it as it may be kept. Raises RefusedFile.

    JPEG, PNG, WEBP and HEIC up to 20 MB, written anew (HEIC as JPEG, which every browser shows); PDF as it is, unless
    it is encrypted, holds a script or launches something.
    """
    if not content:
        raise RefusedFile("empty")
    if len(content) > LARGEST_BYTES:
        raise RefusedFile("too_large")
    types = _types(content)
    if "application/pdf" in types:
        return _pdf(content)
    formats = [_FORMATS[one] for one in types if one in _FORMATS]
    if not formats:
        raise RefusedFile("type")
    return _photo(content, formats[0])


def accepted_voice(content: bytes) -> AcceptedFile:
    """Check what a person said to a health manager: AMR, up to 2 MB, kept as it is. Raises RefusedFile."""
    if not content.startswith(b"#!AMR"):
        raise RefusedFile("type" if content else "empty")
    if len(content) > _LONGEST_VOICE:
        raise RefusedFile("too_large")
    return AcceptedFile(content=content, media_type=VOICE)


def as_jpeg(file: AcceptedFile) -> AcceptedFile:
    """Return an accepted photo as a JPEG of a size that every messenger takes; what was transparent becomes white."""
    with Image.open(io.BytesIO(file.content)) as image:
        image.thumbnail((_LONGEST_SENT, _LONGEST_SENT))
        plain = Image.new("RGB", image.size, "white")
        plain.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    written = io.BytesIO()
    plain.save(written, "JPEG", quality=_JPEG_QUALITY)
    return AcceptedFile(content=written.getvalue(), media_type="image/jpeg")


def _types(content: bytes) -> list[str]:
    try:
        return [match.mime_type for match in puremagic.magic_string(content)]
    except puremagic.PureError:
        return []


def _pdf(content: bytes) -> AcceptedFile:
    if b"%%EOF" not in content[-2048:]:
        raise RefusedFile("damaged")
    if pdf_screen.is_encrypted(content):
        raise RefusedFile("encrypted")
    if pdf_screen.acts(content):
        raise RefusedFile("active")
    return AcceptedFile(content=content, media_type="application/pdf")


def _photo(content: bytes, source: str) -> AcceptedFile:
    try:
        with _opened(content, source) as image:
            if image.width * image.height > MOST_PIXELS:
                raise RefusedFile("too_many_pixels")
            return _written_anew(image, "JPEG" if source == "HEIF" else source)
    except RefusedFile:
        raise
    except Image.DecompressionBombError:
        raise RefusedFile("too_many_pixels") from None
    except Exception:
        # Decoders raise whatever comes to them on broken files, and their texts may quote the content.
        raise RefusedFile("damaged") from None


def _opened(content: bytes, source: str) -> Image.Image:
    if source == "HEIF":
        heif = pillow_heif.open_heif(io.BytesIO(content), convert_hdr_to_8bit=True)
        if heif.size[0] * heif.size[1] > MOST_PIXELS:
            raise RefusedFile("too_many_pixels")
        return heif.to_pillow()
    return Image.open(io.BytesIO(content), formats=[source])


def _written_anew(image: Image.Image, target: str) -> AcceptedFile:
    if target == "JPEG":
        image.draft(None, (_LONGEST_SIDE, _LONGEST_SIDE))  # a huge photo is not unpacked whole
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    modes = _MODES[target]
    has_transparency = upright.has_transparency_data and "RGBA" in modes
    plain = (
        upright
        if upright.mode in modes and not has_transparency
        else upright.convert(modes[-1] if has_transparency else "RGB")
    )
    plain.info = {}  # what is left of EXIF, XMP, comments and colour profiles
    written = io.BytesIO()
    plain.save(written, target, quality=_JPEG_QUALITY)
    return AcceptedFile(content=written.getvalue(), media_type=_KEPT_AS[target])
