"""Verifies that a person knows a policy, then binds it. Whatever does not agree, the words are the same."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from bot.errors import ConfigurationFault, RefusedInput, RetryLater
from bot.forms import Choice, Form
from bot.messages import Committing
from bot.slots.numerals import digits
from care import attempts, audit, bindings, join_offers
from care.insurer import Claim, Found, keep
from care.policies import identity_index, number_index
from handlers import form_files
from handlers.claims import facts_in
from handlers.policy_words import label_of
from handlers.replanning import replan_policy
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind
from handlers.wording import say

_SEPARATORS = re.compile(r"[\s\-‐-―_·.。,，、:：]+")
_LABEL = re.compile(r"^(我的|投保人的?|是)?(保单号码?|保险单号|保单|身份证号码?|身份证|证件号码?|号码)(是|为)?")
_IDENTITY = re.compile(r"^\d{17}[\dXx]$")
_NUMBERS = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_]{3,}[A-Za-z0-9]")
_FOUR = re.compile(r"\d{4}(?!\d)")


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    """Ask for the product only where the account serves several and none is meant yet."""
    form = form_files.form("verify")
    asked = tuple(question for question in form.questions if question.slot != "product")
    if task.about.get("product"):
        return form.model_copy(update={"questions": asked})
    product = form_files.question("verify", "product", choices=_products(scene))
    return form.model_copy(update={"questions": (product, *asked)})


def _told(scene: Scene, task: Task) -> Mapping[str, Any]:
    """Return what a message tells of the policy, where it tells several things at once."""
    asked = {question.slot for question in _form(scene, task, {}).questions}
    told = facts_in(scene.text, _products(scene))
    return {slot: value for slot, value in told.items() if slot in asked}


def _products(scene: Scene) -> list[Choice]:
    library = scene.house.library
    return [
        Choice(id=id, label=library.product(id).short, called=tuple(library.product(id).called))
        for id in scene.products
    ]


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    claim = _claim(task.about.get("product") or answers["product"], answers)
    index = _index(scene, claim)
    if scene.customer.lock(index, now=scene.now) is not None:
        return _locked(scene, index)
    try:
        found = scene.house.insurer.find(claim)
    except (RetryLater, RefusedInput, ConfigurationFault):
        session = replace(scene.session, wanted=None)
        return Said(text=say("verify_unavailable"), session=session, reasons=("the insurer did not answer",))
    if found is None:
        return _failed(scene, task, index, claim.product)
    return _bound(scene, found, index)


def _claim(product: str, answers: Answers) -> Claim:
    number = plain(str(answers["number"]))
    by: dict[str, Any] = {"holder_id_number": number} if _IDENTITY.match(number) else {"number": number}
    said = digits(unicodedata.normalize("NFKC", str(answers["phone_last4"])))
    four = _FOUR.findall(re.sub(r"[\s\-]", "", said))
    return Claim(product=product, insured_name=str(answers["insured_name"]), phone_last4=four[-1] if four else "", **by)


def plain(number: str) -> str:
    """Return a policy or identity number as typed, without spaces, separators and what stands around it."""
    typed = unicodedata.normalize("NFKC", number)
    text = _LABEL.sub("", _SEPARATORS.sub("", typed))
    if text.isascii():
        return text.upper()
    named = max(_NUMBERS.findall(typed), key=len, default="")  # 保单 DEMO-1，我叫演示甲: the number alone
    return _SEPARATORS.sub("", named).upper() or text.upper()


def _index(scene: Scene, claim: Claim) -> bytes:
    keys = scene.house.customers.store.keys
    if claim.number is not None:
        return number_index(keys, claim.number)
    return identity_index(keys, claim.holder_id_number or "")


def _locked(scene: Scene, index: bytes) -> Said:
    keys = scene.house.customers.store.keys

    def refuse(connection: Connection, turn: Committing) -> None:
        actor = f"contact:{turn.contact_id}"
        audit.append(connection, keys, actor=actor, action="verify_refused", subject=index.hex()[:16], now=turn.now)

    session = replace(scene.session, wanted=None)
    return Said(text=say("verify_locked"), session=session, effects=(refuse,), reasons=("verification is locked",))


def _failed(scene: Scene, task: Task, index: bytes, product: str) -> Said:
    """The same words for every mismatch; the last try tells of the lock. The product is not asked again, but may be
    corrected."""
    keys = scene.house.customers.store.keys

    def note(connection: Connection, turn: Committing) -> None:
        attempts.record(connection, contact_id=turn.contact_id, policy_index=index, succeeded=False, now=turn.now)
        actor = f"contact:{turn.contact_id}"
        audit.append(connection, keys, actor=actor, action="verify_failed", subject=index.hex()[:16], now=turn.now)

    is_last = bool(scene.customer.contact_id) and scene.customer.tries_left(now=scene.now) <= 1
    if is_last:
        session = replace(scene.session, wanted=None)
        return Said(text=say("verify_locked"), session=session, effects=(note,), reasons=("verification failed",))
    again = scene.session.begin(Task(kind="verify", about={**task.about, "known": {"product": product}}))
    return Said(text=say("verify_failed"), session=again, effects=(note,), reasons=("verification failed",))


def _bound(scene: Scene, found: Found, index: bytes) -> Said:
    keys = scene.house.customers.store.keys

    def bind(connection: Connection, turn: Committing) -> None:
        attempts.record(connection, contact_id=turn.contact_id, policy_index=index, succeeded=True, now=turn.now)
        actor = f"contact:{turn.contact_id}"
        for policy in keep(connection, keys, found, now=turn.now):
            bindings.bind(connection, contact_id=turn.contact_id, policy_id=policy.id or 0, now=turn.now)
            subject = f"policy:{policy.id}"
            audit.append(connection, keys, actor=actor, action="verify", subject=subject, now=turn.now)
            replan_policy(connection, scene.house, policy, now=turn.now)

    first = found.policies[0]
    context = replace(scene.session.context, product=first.product, choices=(), question="")
    session = replace(scene.session, context=context, policy=first.id)
    done = say("verify_done", policies="；".join(label_of(scene, policy) for policy in found.policies))
    done = "\n".join(filter(None, (done, _perhaps_the_same(scene, found))))
    return Said(
        text=done if session.wanted else f"{done}\n{say('verify_done_next')}",
        session=session,
        effects=(bind,),
        reasons=("verified",),
        customer=scene.customer.with_bound(found.policies),
    )


def _perhaps_the_same(scene: Scene, found: Found) -> str:
    """Offer to join, where the policy was verified in another channel: by the same person, or by one of the family."""
    known = [policy.id for policy in found.policies if policy.id is not None]
    contact_id, account = scene.turn.conversation.contact_id, scene.turn.inbound.account
    with scene.house.customers.store.reading() as connection:
        among = join_offers.candidates(connection, contact_id, account=account, policies=known)
    where = scene.house.channels.named(one.account for one in among)
    return say("join_offer", where=where) if among else ""


TASK = TaskKind(form=_form, done=_done, told=_told)
