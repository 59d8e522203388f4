"""The shape of the handbook files, field by field. docs/handbooks.md explains it to the operator who writes them."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")]

_YES_OR_NO = re.compile("[不没无能要有会都可管是别][^，：。；、]{0,4}[，：]")

# Characters a fact may take on the phone: one sentence or two, a path to follow, a list.
LONGEST = {"fact": 200, "howto": 420, "list": 560}


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cited(Strict):
    """What rests on one clause or several."""

    clause: list[Text]

    @field_validator("clause", mode="before")
    @classmethod
    def _one_or_many(cls, clause: Any) -> Any:
        return [clause] if isinstance(clause, str) else clause


class Telephone(Cited):
    number: Text
    for_: Text = Field(alias="for")
    hours: Text | None = None


class Entrance(Cited):
    name: Text
    path: Text
    for_: Text = Field(alias="for")


class Person(Cited):
    """How a policyholder of this product reaches a human being."""

    say: Text


class ChildReminders(Cited):
    """The product promises to remind of vaccinations. `check_ups_option`: who bought it is reminded of check-ups."""

    check_ups_option: Slug | None = None


class Source(Strict):
    """The text edition that the clauses' line numbers refer to."""

    file: Text
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Product(Strict):
    id: Slug
    name: Text
    short: Text
    insurer: Text
    edition: Text | None = None
    handbook: Text
    called: list[Text]
    mistaken: list[Text] = []
    shared_names: list[Text] = []
    halves: list[Text] = []
    telephones: list[Telephone] = []
    entrances: list[Entrance] = []
    person: Person
    doctor_service: Slug
    doctor_say: Text
    drugs_clause: Text = "附件一"
    child_reminders: ChildReminders | None = None
    source: Source


class Clause(Strict):
    """One numbered item of the handbook. `fact_free`: headings, greetings, tables of contents."""

    id: Text
    title: Text
    lines: tuple[int, int]
    fact_free: bool = False


class Fact(Cited):
    """One atomic answer: what it is about (`key` = attribute[.condition]), our words, the clause.

    `status` unsaid: the handbook is silent; conflict: it says two things, `say` quotes both sides.
    `value` holds the typed figure where there is one. `when` is the situation the fact is for.
    """

    key: Key
    ask: Text
    say: Text
    value: Any = None
    when: Text | None = None
    shape: Literal["fact", "howto", "list"] = "fact"
    status: Literal["said", "unsaid", "conflict"] = "said"
    also: list[Key] = []

    @property
    def beside(self) -> str:
        """Our words as they are told beside others: a bare "能，…" would pass for the answer to another question."""
        return f"{self.ask}？{self.say}" if _YES_OR_NO.match(self.say) else self.say

    @property
    def attribute(self) -> str:
        return self.key.split(".")[0]

    @property
    def condition(self) -> str | None:
        return self.key.partition(".")[2] or None


class Service(Strict):
    """One service or topic of one product, with everything the handbook says about it."""

    id: Slug
    name: Text
    short: Text
    family: Slug
    called: list[Text] = []
    clause: Text | list[Text] | None = None
    facts: list[Fact]
    notes: Any = None


class Drug(Strict):
    """One row of a product's drug list, figures and names as printed."""

    no: int
    brand: Text
    generic: Text
    maker: Text
    nicknames: list[Text] = []


class Phrasing(Strict):
    """One way in which a person asked for a fact: training material for the router, in that person's own words."""

    service: Slug
    key: Key
    voice: Text
    text: Text
