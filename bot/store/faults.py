"""Foreign database errors, told apart by what the caller must do."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.errors import RetryLater

# deadlock, serialization failure, lock not available
_AGAIN_AT_ONCE = frozenset({"40P01", "40001", "55P03"})


def is_passing(error: BaseException) -> bool:
    """Whether the database is away, busy or full: the same work may succeed later."""
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )


def is_collision(error: BaseException) -> bool:
    """Whether the work collided with another transaction, or met a broken connection, and may be run again at once."""
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _AGAIN_AT_ONCE


def translated(error: BaseException) -> BaseException:
    """Return RetryLater for a passing database fault (its text names the class only), the error itself otherwise."""
    if isinstance(error, SQLAlchemyError) and is_passing(error):
        later = RetryLater(f"database: {type(error).__name__}")
        later.__cause__ = error
        return later
    return error
