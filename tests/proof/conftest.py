"""Fixtures of the proofs: a desk with its worker, as the handlers' tests have it."""

from tests.handlers.conftest import office

__all__ = ["office"]
