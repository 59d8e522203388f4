"""What a conversation keeps between turns besides the handbook context: the tasks under way and what waits for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from intents.match import Context

MOST_TASKS = 2


@dataclass(frozen=True, kw_only=True)
class Task:
    """One guided dialog under way: its `kind` (a module of handlers/tasks), what it is about, where its form stands."""

    kind: str
    about: Mapping[str, Any] = field(default_factory=dict)
    dialog: Mapping[str, Any] = field(default_factory=dict)

    def to_state(self) -> dict[str, Any]:
        """Return the task as JSON values."""
        return {"kind": self.kind, "about": dict(self.about), "dialog": dict(self.dialog)}


@dataclass(frozen=True, kw_only=True)
class Session:
    """The handlers' whole state of one conversation.

    `tasks` are open dialogs, the one being talked about last. `wanted` is a request that waits until they are done
    (to apply, once the policy is verified). `policy` is the row number of the policy in use; `offered` the service
    (product/service) that the last answer offered to apply for.
    """

    context: Context
    tasks: tuple[Task, ...] = ()
    wanted: Mapping[str, Any] | None = None
    policy: int | None = None
    offered: str | None = None

    @property
    def task(self) -> Task | None:
        """The task being talked about."""
        return self.tasks[-1] if self.tasks else None

    def begin(self, task: Task) -> "Session":
        """Return the session with one more task; the oldest gives way when there would be too many."""
        return replace(self, tasks=(*self.tasks, task)[-MOST_TASKS:])

    def go_on(self, dialog: Mapping[str, Any]) -> "Session":
        """Return the session with the current task's dialog where it stands now."""
        return replace(self, tasks=(*self.tasks[:-1], replace(self.tasks[-1], dialog=dialog)))

    def end(self) -> "Session":
        """Return the session without the current task."""
        return replace(self, tasks=self.tasks[:-1])

    def to_state(self) -> dict[str, Any]:
        """Return the session as JSON values."""
        return {
            **self.context.to_state(),
            "tasks": [task.to_state() for task in self.tasks],
            "wanted": dict(self.wanted) if self.wanted else None,
            "policy": self.policy,
            "offered": self.offered,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], *, products: tuple[str, ...]) -> "Session":
        """Rebuild a session from `to_state`'s values; unknown or missing ones fall back to nothing."""
        return cls(
            context=Context.from_state(state, products=products),
            tasks=tuple(Task(**task) for task in state.get("tasks", ())),
            wanted=state.get("wanted"),
            policy=state.get("policy"),
            offered=state.get("offered"),
        )
