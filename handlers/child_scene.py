"""Which child a message is about, and what must come first: a policy, the guardian's consent, the child itself."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from bot.slots import dates
from bot.slots.dates import Bounds
from bot.slots.reading import Found
from bot.slots.said import Said as Words
from care.child import Child, Profile
from care.children import children_of_contact
from care.consents import ConsentKind
from care.vaccination.spans import Span
from handlers.child_facts import reminders_promised
from handlers.reminder_replies import last_reminder
from handlers.requests import bind
from handlers.scene import Said, Scene
from handlers.session import Task

_GROWN_UP = Span(months=18 * 12)
_ELDEST = re.compile(r"老大|大宝|大的那?个|姐姐|哥哥|大女儿|大儿子")
_YOUNGEST = re.compile(r"老二|二宝|小的那?个|妹妹|弟弟|小女儿|小儿子")
_SEXES = {"M": re.compile(r"儿子|男孩|男宝"), "F": re.compile(r"女儿|闺女|女孩|女宝")}
_VISIT_WITHIN_DAYS = 180
_ALL = re.compile(r"都|两个|俩|全部|所有")


def children_of(scene: Scene) -> tuple[Child, ...]:
    """Return the person's children: those with a profile, and those of their policies who will get one (`id` 0)."""
    stored: list[Child] = []
    if scene.turn.conversation.contact_id:
        with scene.house.customers.store.reading() as connection:
            stored = children_of_contact(connection, scene.house.keys, scene.turn.conversation.contact_id)
    known = {child.insured_id for child in stored}
    to_come = [
        Child(
            id=0,
            number="",
            policy_id=policy.id,
            insured_id=one.id,
            made_at=scene.now,
            profile=Profile(name=one.name, birth=one.birth, sex=one.sex, record_since=scene.today),
        )
        for policy in scene.customer.policies
        if reminders_promised(scene.house, policy)
        for one in policy.insured
        if one.id is not None and one.id not in known and one.relation in ("child", "other")
    ]
    return tuple(child for child in (*stored, *to_come) if _GROWN_UP.after(child.birth) > scene.today)


def promising(scene: Scene) -> str | None:
    """Return the first of the account's products that promises reminders of vaccinations, or None."""
    handbooks = scene.house.library.handbooks
    return next((one for one in scene.products if handbooks[one].product.child_reminders), None)


def key_of(child: Child) -> str:
    """Return what a child is called in a conversation's state; the same before and after its profile is made."""
    return f"i{child.insured_id}" if child.insured_id else f"c{child.id}"


def child_of(scene: Scene, key: str) -> Child | None:
    """Return one of the person's children by its key, or None where it is theirs no more."""
    return next((child for child in children_of(scene) if key_of(child) == key), None)


def child_to_be_vaccinated(scene: Scene) -> Child | None:
    """Return the child whose doses the person was reminded of last, or None."""
    last = last_reminder(scene)
    is_of_doses = last is not None and last.kind == "vaccination"
    return reminded_child(scene, children_of(scene)) if is_of_doses else None


def day_ahead(scene: Scene, *, after_days: int) -> date | None:
    """Return the day of a visit that the message tells, so many days from now or later; None where it tells none."""
    found = dates.read(Words.of(scene.text), Bounds.of(scene.today, earliest=after_days, latest=_VISIT_WITHIN_DAYS))
    return date.fromisoformat(found.value) if isinstance(found, Found) else None


def the_child(scene: Scene, wanted: Mapping[str, Any], request: str, *, text: str) -> Child | Said | None:
    """Return the child meant; or what comes first (`request` waits for it); or None where nobody is promised this."""
    ready = the_children(scene, wanted, request, text=text)
    if ready is None or isinstance(ready, Said):
        return ready
    found = meant(scene, ready, text)
    if len(found) == 1:
        return found[0]
    then = {**wanted, "request": request, "text": text}
    task = Task(kind="pick_child", about={"children": [key_of(child) for child in found], "then": then})
    return Said(text="", session=replace(scene.session, wanted=None).begin(task), reasons=("several children",))


def the_children(
    scene: Scene, wanted: Mapping[str, Any], request: str, *, text: str
) -> tuple[Child, ...] | Said | None:
    """Return the children of somebody who agreed that we record them; or what comes first; or None."""
    children, product = children_of(scene), promising(scene)
    then = {**wanted, "request": request, "text": text}
    if wanted.get("child"):
        children = tuple(child for child in children if key_of(child) == wanted["child"]) or children
    if not children and product is None:
        return None
    if not scene.customer.has_agreed(ConsentKind.PERSONAL):
        return bind.first(scene, why="", then=then, product=product)
    if not scene.customer.has_agreed(ConsentKind.GUARDIAN):
        session = replace(scene.session, wanted=then).begin(Task(kind="child_consent"))
        return Said(text="", session=session, reasons=("begins child_consent",))
    if not children:
        session = replace(scene.session, wanted=then).begin(Task(kind="child_profile"))
        return Said(text="", session=session, reasons=("begins child_profile",))
    return children


def meant(scene: Scene, children: Sequence[Child], text: str) -> tuple[Child, ...]:
    """Return the children that a text can mean: by name, by 老大 or 女儿, by the last reminder; else all."""
    if len(children) < 2:
        return tuple(children)
    named = [child for child in children if child.name in text or (len(child.name) > 2 and child.name[-2:] in text)]
    if named:
        return tuple(named)
    in_order = sorted(children, key=lambda child: child.birth)
    if _ELDEST.search(text):
        return (in_order[0],)
    if _YOUNGEST.search(text):
        return (in_order[-1],)
    for sex, words in _SEXES.items():
        same = [child for child in children if child.profile.sex == sex]
        if words.search(text) and same:
            return tuple(same)
    reminded = None if _ALL.search(text) else reminded_child(scene, children)
    return (reminded,) if reminded is not None else tuple(children)


def reminded_child(scene: Scene, children: Sequence[Child]) -> Child | None:
    """Return the child whom the last reminder was about, or None."""
    last = last_reminder(scene)
    if last is None:
        return None
    return next((child for child in children if child.id and last.subject == f"child:{child.id}"), None)
