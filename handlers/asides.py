"""What somebody wants done in the middle of a dialog: beside it, or first, while the dialog waits beneath."""

from enum import StrEnum

from handlers.scene import Scene
from handlers.session import MOST_TASKS, Session, Task
from handlers.wishes import wished

_ONCE = frozenset(
    {"consent", "verify", "child_consent", "child_profile"}
)  # dialogs that lead to others; nobody goes through two at a time
_CHOOSING = frozenset({"pick_policy", "pick_case", "pick_child"})


class Aside(StrEnum):
    """How a request stands to the dialogs under way."""

    BESIDE = "beside"  # it is answered, and the open question repeated
    FIRST = "first"  # it has a dialog of its own, or ends those under way
    TOO_MANY = "too_many"  # it would be the third dialog
    NONE = "none"  # it is what is under way already


def aside_of(before: Session, after: Session) -> Aside:
    """Return how a request stands to the dialogs of `before`, by the session that it would lead to."""
    if after.tasks == before.tasks:
        return Aside.BESIDE
    if len(after.tasks) < len(before.tasks):
        return Aside.FIRST
    if any(_is_same(after.tasks[-1], task) for task in before.tasks):
        return Aside.NONE
    return Aside.FIRST if len(before.tasks) < MOST_TASKS else Aside.TOO_MANY


def names_service(scene: Scene) -> bool:
    """Whether a message names or wishes for a service: only then it may begin an application in another's middle."""
    return wished(scene) is not None or bool(scene.house.router.services_in(scene.text))


def may_begin(session: Session) -> bool:
    """Whether what was wanted may begin now: no dialog that it waits for is open."""
    is_ready = session.wanted is not None and not session.wanted.get("next")
    return is_ready and not any(task.kind in _ONCE | _CHOOSING for task in session.tasks)


def _is_same(one: Task, other: Task) -> bool:
    if one.kind in _ONCE:
        return other.kind in _ONCE
    return one.kind == other.kind and all(
        one.about.get(name) == other.about.get(name) for name in ("product", "service", "policy", "case")
    )
