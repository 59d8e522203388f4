"""What a turn changes of a child: records, corrections, the profile. Each plans the child's reminders anew with it."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from bot.errors import DecideAgain
from bot.messages import Committing, Effect
from care import call_tasks, child_records, children, consents, media, policies
from care.child import CheckUp, Child, Dose, Growth, Profile, RecordRefused
from care.consents import ConsentKind
from care.vaccination.rule_files import load
from handlers.child_facts import add_children_of
from handlers.replanning import replan_child
from handlers.scene import Scene

_ANSWER_WITHIN = timedelta(days=1)

_Change = Callable[[Connection, Child, str, Committing], None]


def changing(scene: Scene, child: Child, change: _Change) -> Effect:
    """Return the effect of a change: the child as it stands then, changed, its reminders planned anew."""
    house = scene.house

    def work(connection: Connection, turn: Committing) -> None:
        now = _stored(connection, scene, child, turn)
        try:
            change(connection, now, f"contact:{turn.contact_id}", turn)
        except RecordRefused as refusal:
            raise DecideAgain("what is recorded of the child changed meanwhile") from refusal
        after = children.child_with_id(connection, house.keys, now.id)
        if after is not None:
            replan_child(connection, house, after, now=turn.now)

    return work


def _stored(connection: Connection, scene: Scene, child: Child, turn: Committing) -> Child:
    """Return the child's row, made from the policy where it has none yet."""
    seen = children.children_of_contact(connection, scene.house.keys, turn.contact_id)
    found = next((one for one in seen if _is_same(one, child)), None)
    if found is None and child.policy_id is not None and not child.id:
        policy = policies.by_id(connection, scene.house.keys, child.policy_id)
        made = add_children_of(connection, scene.house, policy, now=turn.now) if policy else []
        found = next((one for one in made if _is_same(one, child)), None)
    if found is None:
        raise DecideAgain("the child is nobody's or somebody else's now")
    return found


def _is_same(one: Child, other: Child) -> bool:
    return one.id == other.id if other.id else one.insured_id == other.insured_id


def profiles_of_policies(scene: Scene, found: Sequence[Child]) -> tuple[Effect, ...]:
    """Make the profiles of insured children that have none."""
    return tuple(changing(scene, child, _nothing_more) for child in found if not child.id)


def _nothing_more(connection: Connection, child: Child, by: str, turn: Committing) -> None:
    """The profile was all there was to make."""


def new_child(scene: Scene, profile: Profile) -> Effect:
    """Make the profile of a child that no policy covers."""
    house = scene.house

    def make(connection: Connection, turn: Committing) -> None:
        made = children.add_child(connection, house.keys, profile, contact_id=turn.contact_id, now=turn.now)
        replan_child(connection, house, made, now=turn.now)

    return make


def guardian_consent(scene: Scene) -> Effect:
    """Note that a guardian agrees to our recording their children."""
    kind = ConsentKind.GUARDIAN
    version = scene.house.customers.versions[kind]

    def give(connection: Connection, turn: Committing) -> None:
        consents.give(connection, contact_id=turn.contact_id, kind=kind, version=version, now=turn.now)

    return give


def record_doses(scene: Scene, child: Child, doses: Sequence[Dose]) -> Effect:
    """Record doses; a self-paid vaccine once begun is followed from then on."""

    def record(connection: Connection, now: Child, by: str, turn: Committing) -> None:
        child_records.add_doses(connection, scene.house.keys, now, doses, by=by, now=turn.now)
        begun = _begun(now, doses)
        if begun != now.profile.selected:
            children.change_child(connection, scene.house.keys, now, by=by, now=turn.now, selected=begun)

    return changing(scene, child, record)


def _begun(child: Child, doses: Sequence[Dose]) -> tuple[str, ...]:
    self_paid, products = load().self_paid, load().products
    begun = [one.vaccine for one in doses if one.vaccine in self_paid and len(products[one.vaccine].counts) == 1]
    return tuple(dict.fromkeys((*child.profile.selected, *begun)))


def correct_dose(scene: Scene, child: Child, id: int, dose: Dose) -> Effect:
    """Put a dose right."""

    def correct(connection: Connection, now: Child, by: str, turn: Committing) -> None:
        try:
            child_records.correct_dose(connection, scene.house.keys, now, id, dose, by=by, now=turn.now)
        except KeyError as error:
            raise DecideAgain("the dose does not stand any more") from error

    return changing(scene, child, correct)


def drop_dose(scene: Scene, child: Child, id: int) -> Effect:
    """Take a dose back."""

    def drop(connection: Connection, now: Child, by: str, turn: Committing) -> None:
        child_records.drop_dose(connection, now, id, by=by, now=turn.now)

    return changing(scene, child, drop)


def record_growth(scene: Scene, child: Child, growth: Growth) -> Effect:
    """Record height and weight."""

    def record(connection: Connection, now: Child, by: str, turn: Committing) -> None:
        child_records.add_growth(connection, scene.house.keys, now, growth, by=by, now=turn.now)

    return changing(scene, child, record)


def record_check_up(scene: Scene, child: Child, check_up: CheckUp) -> Effect:
    """Record a check-up."""

    def record(connection: Connection, now: Child, by: str, turn: Committing) -> None:
        child_records.add_check_up(connection, scene.house.keys, now, check_up, by=by, now=turn.now)

    return changing(scene, child, record)


def change_profile(scene: Scene, child: Child, **changes: Any) -> Effect:
    """Change what is told of a child."""

    def change(connection: Connection, now: Child, by: str, turn: Committing) -> None:
        children.change_child(connection, scene.house.keys, now, by=by, now=turn.now, **changes)

    return changing(scene, child, change)


def keep_certificate(scene: Scene, children_seen: Sequence[Child]) -> Effect:
    """Keep the photo just sent as a certificate, and ask a health manager to read it and to confirm the doses on it."""
    keys, [first, *others] = scene.house.keys, children_seen

    def keep(connection: Connection, now: Child, by: str, turn: Committing) -> None:
        papers = media.unsorted(connection, turn.contact_id)[-1:]
        for paper in papers:
            media.assign(connection, paper.id, case_id=None, material=media.CERTIFICATE)
        detail = {"child": now.number, "papers": [paper.id for paper in papers], "children": 1 + len(others)}
        call_tasks.add(
            connection,
            keys,
            kind=media.CERTIFICATE,
            subject=f"child:{now.id}",
            contact_id=turn.contact_id,
            due_at=turn.now + _ANSWER_WITHIN,
            detail=detail,
            now=turn.now,
        )

    return changing(scene, first, keep)
