"""How the pages behind signed links are answered: kept by nobody, shown in no frame, found by no search."""

from flask import Response, make_response

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}


def private(body: str | bytes, *, status: int = 200) -> Response:
    """Return an answer that only who holds the link gets to see."""
    answer = make_response(body, status)
    answer.headers.update(_HEADERS)
    return answer
