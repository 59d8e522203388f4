"""What the rules of a service must tell so that care can apply them. The flows of `knowledge` have this shape.

Care imports no knowledge: whoever joins the two hands over objects that fit these protocols.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Answers = Mapping[str, Any]


class Cited(Protocol):
    """Rests on clauses of the handbook."""

    @property
    def clause(self) -> Sequence[str]: ...


class Waiting(Cited, Protocol):
    """`days` None: the handbook names a waiting period without its figure."""

    @property
    def days(self) -> int | None: ...
    @property
    def first_diagnosis(self) -> bool: ...


class CoolingOff(Cited, Protocol):
    @property
    def days(self) -> int | None: ...


class Uses(Cited, Protocol):
    """`per`: policy_year | contract. `when`: the answers under which this count is used up."""

    @property
    def count(self) -> int: ...
    @property
    def per(self) -> str: ...
    @property
    def when(self) -> Mapping[str, tuple[str, ...]]: ...


class Need(Cited, Protocol):
    @property
    def id(self) -> str: ...
    @property
    def say(self) -> str: ...
    @property
    def when(self) -> Mapping[str, tuple[str, ...]]: ...


class Hours(Cited, Protocol):
    """`days`: daily | weekdays | working_days; `opens`, `closes`: "HH:MM" in China; `holidays`: open on them."""

    @property
    def days(self) -> str: ...
    @property
    def opens(self) -> str: ...
    @property
    def closes(self) -> str: ...
    @property
    def holidays(self) -> bool: ...


class Eligibility(Cited, Protocol):
    """`persons`: holder, insured. `option`: the optional liability that must have been bought."""

    @property
    def persons(self) -> Sequence[str]: ...
    @property
    def waiting(self) -> Waiting | None: ...
    @property
    def cooling_off(self) -> CoolingOff | None: ...
    @property
    def uses(self) -> Sequence[Uses]: ...
    @property
    def option(self) -> str | None: ...
    @property
    def needs(self) -> Sequence[Need]: ...
    @property
    def hours(self) -> Hours | None: ...
    @property
    def lost_on_lapse(self) -> Cited | None: ...


class Within(Protocol):
    """`unit`: working_days | days | hours | minutes."""

    @property
    def unit(self) -> str: ...
    @property
    def most(self) -> int: ...


class Promise(Cited, Protocol):
    @property
    def id(self) -> str: ...
    @property
    def start(self) -> str: ...
    @property
    def end(self) -> str: ...
    @property
    def within(self) -> Within: ...
    @property
    def say(self) -> str: ...
    @property
    def when(self) -> Mapping[str, tuple[str, ...]]: ...


class CaseStep(Protocol):
    """`waits_for`: us | customer. `ends`: done | refused | None. `use`: spend | release | None."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def tell(self) -> str: ...
    @property
    def next(self) -> Sequence[str]: ...
    @property
    def waits_for(self) -> str: ...
    @property
    def ends(self) -> str | None: ...
    @property
    def use(self) -> str | None: ...
    @property
    def when(self) -> Mapping[str, tuple[str, ...]]: ...


class Cancelling(Cited, Protocol):
    """`use`: spent | released; with `since` it is spent only from that step on."""

    @property
    def use(self) -> str: ...
    @property
    def since(self) -> str | None: ...
    @property
    def say(self) -> str: ...


class Flow(Protocol):
    """Everything about running one service."""

    @property
    def service(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def eligibility(self) -> Eligibility: ...
    @property
    def steps(self) -> Sequence[CaseStep]: ...
    @property
    def promises(self) -> Sequence[Promise]: ...
    @property
    def cancelling(self) -> Cancelling: ...
