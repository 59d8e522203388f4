"""Where a dialog stands: a frozen value that becomes JSON and comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self


class Phase(StrEnum):
    """What the last sentence asked for."""

    ASKING = "asking"  # the open question's answer
    CONFIRMING = "confirming"  # a yes to the summary
    LEAVING = "leaving"  # whether to cancel really
    RESTARTING = "restarting"  # whether to throw all answers away
    PICKING = "picking"  # which of the offered was meant


@dataclass(frozen=True, kw_only=True)
class Pick:
    """One numbered line offered in Phase.PICKING: a value for a key, or with None the wish to answer the key again."""

    key: str
    value: Any
    label: str


@dataclass(frozen=True, kw_only=True)
class Dialog:
    """One run of a form.

    Answers stand under keys: the slot itself, `slot#2` in the second row of a repeat group, `group+1` for whether
    another row follows the first. `asked` is the open key (None while the summary is open). `trail` lists the keys
    in the order answered. `labels` are shown for values that are codes. `former` keeps what a newer version of the
    form does not ask any more. `given` lists the slots that were known before the first question. `tries` counts
    misunderstandings of the open question in a row. `before` is the phase to return to from LEAVING, RESTARTING and
    PICKING.
    """

    form: str
    version: int
    began_at: datetime
    touched_at: datetime
    answers: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    asked: str | None = None
    phase: Phase = Phase.ASKING
    before: Phase = Phase.ASKING
    trail: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    picks: tuple[Pick, ...] = ()
    tries: int = 0
    is_paused: bool = False
    former: Mapping[str, Any] = field(default_factory=dict)
    given: tuple[str, ...] = ()

    def to_state(self) -> dict[str, Any]:
        """Return the dialog as JSON values."""
        return {
            "form": self.form,
            "version": self.version,
            "began_at": self.began_at.isoformat(),
            "touched_at": self.touched_at.isoformat(),
            "answers": dict(self.answers),
            "labels": dict(self.labels),
            "asked": self.asked,
            "phase": self.phase.value,
            "before": self.before.value,
            "trail": list(self.trail),
            "skipped": list(self.skipped),
            "picks": [[pick.key, pick.value, pick.label] for pick in self.picks],
            "tries": self.tries,
            "is_paused": self.is_paused,
            "former": dict(self.former),
            "given": list(self.given),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the dialog that `to_state` wrote. The engine carries it over to a newer form by itself."""
        return cls(
            form=state["form"],
            version=state["version"],
            began_at=datetime.fromisoformat(state["began_at"]),
            touched_at=datetime.fromisoformat(state["touched_at"]),
            answers=dict(state["answers"]),
            labels=dict(state.get("labels", {})),
            asked=state["asked"],
            phase=Phase(state["phase"]),
            before=Phase(state["before"]),
            trail=tuple(state["trail"]),
            skipped=tuple(state["skipped"]),
            picks=tuple(Pick(key=key, value=value, label=label) for key, value, label in state["picks"]),
            tries=state["tries"],
            is_paused=state["is_paused"],
            former=dict(state.get("former", {})),
            given=tuple(state.get("given", ())),
        )
