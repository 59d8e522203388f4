"""The guided dialogs of the desk, one module a kind, found by its file's name. A task decides; it never writes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.forms import Form
from bot.messages import Citation, Effect
from handlers.scene import Said, Scene
from handlers.session import Task

Answers = Mapping[str, Any]


def _nothing_to_object(scene: Scene, task: Task, answers: Answers) -> Said | None:
    return None


def _nothing_to_remark(scene: Scene, task: Task) -> Said | None:
    return None


def _nothing_to_know(scene: Scene, task: Task, answers: Answers) -> Sequence[str]:
    return ()


def _nothing_to_cite(scene: Scene, task: Task, answers: Answers) -> tuple[Citation, ...]:
    return ()


def _nothing_told(scene: Scene, task: Task) -> Mapping[str, Any]:
    return {}


def _nothing_implied(scene: Scene, task: Task, answers: Answers) -> Mapping[str, Any]:
    return {}


def _nothing_to_note(scene: Scene, task: Task, answers: Answers) -> tuple[Effect, ...]:
    return ()


@dataclass(frozen=True, kw_only=True)
class TaskKind:
    """How one kind of dialog goes.

    `form` may hang on the answers so far. `told` are answers (slot → value) that a message gives all at once, in an
    order of its own; empty: the message is read as the answer to the open question. `implied` are answers that follow
    from a message beside those taken from it. `done` ends the task with its answers (and the labels shown for them).
    `confirms`: whether a summary is confirmed first; `notices` must be known before. `cites` are the clauses behind
    what is told with the summary, or with the only question. `objection` may end the task after any answer (not
    eligible). `noted` are changes that an answer makes at once (what was agreed to). `remark` may answer a message that
    answers no question. `left` is said when the person cancels. `gives_way_to`: requests that are no answer, though
    any words could be one.
    """

    form: Callable[[Scene, Task, Answers], Form]
    done: Callable[[Scene, Task, Answers, Mapping[str, str]], Said]
    confirms: bool = False
    notices: Callable[[Scene, Task, Answers], Sequence[str]] = _nothing_to_know
    cites: Callable[[Scene, Task, Answers], tuple[Citation, ...]] = _nothing_to_cite
    objection: Callable[[Scene, Task, Answers], Said | None] = _nothing_to_object
    told: Callable[[Scene, Task], Mapping[str, Any]] = _nothing_told
    implied: Callable[[Scene, Task, Answers], Mapping[str, Any]] = _nothing_implied
    noted: Callable[[Scene, Task, Answers], tuple[Effect, ...]] = _nothing_to_note
    remark: Callable[[Scene, Task], Said | None] = _nothing_to_remark
    left: str = "kept"
    gives_way_to: frozenset[str] = frozenset()
