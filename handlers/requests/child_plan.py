"""Tells what comes next: 宝宝还有哪些针没打, 下一针什么时候, 把疫苗计划发给我."""

import re
from collections.abc import Mapping
from typing import Any

from care.child import Child
from care.plan_links import plan_link
from handlers.child_effects import profiles_of_policies
from handlers.child_scene import children_of, meant, promising, the_children
from handlers.child_words import next_words, plan_words, record_words, tell
from handlers.clauses import cited, clause_lines
from handlers.scene import Said, Scene

_NEXT = re.compile(r"下一?(?:针|次|剂|回|个)|接下来|接着|下面")
_RECORD = re.compile(r"记录|打过(?:哪些|什么|几)|打了(?:哪些|什么|几)|情况|进度")
_SERVICE_ASKED = re.compile(r"服务|通知|提醒|福利|保险|责任|优享|预约|报销|理赔|费|钱|[来去]不及|白瞎")
_SERVICE, _FACT = "family-doctor", "content.reminder"


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Tell it from the child's own record; for who has no child here, what the service is and how to begin."""
    text = str(wanted.get("text", scene.text))
    if not wanted and not is_meant(text):
        return None
    if not wanted and not children_of(scene):
        return _offer(scene)
    ready = the_children(scene, wanted, "child_plan", text=text)
    if ready is None or isinstance(ready, Said):
        return ready
    found = meant(scene, ready, text)
    effects = profiles_of_policies(scene, found)
    if _RECORD.search(text) and any(child.doses for child in found):
        told = [record_words(child, scene.today) for child in found]
        return Said(text="\n\n".join(told), session=scene.session, effects=effects)
    if _NEXT.search(text):
        lines = [next_words(child, scene.today) for child in found]
        return Said(text="\n".join([*lines, tell("rule")]), session=scene.session, effects=effects)
    told = [f"{plan_words(child, scene.today)}{_link(scene, child)}" for child in found]
    return Said(text="\n\n".join(told), session=scene.session, effects=effects)


def is_meant(text: str) -> bool:
    """Whether the child's own plan is asked for, not what a service does."""
    return not _SERVICE_ASKED.search(text)


def _link(scene: Scene, child: Child) -> str:
    contact, house = scene.turn.conversation.contact_id, scene.house
    if not (contact and child.id and house.public_url):
        return ""
    link = plan_link(house.keys, house.public_url, child_id=child.id, contact_id=contact, now=scene.now)
    return f"\n{tell('plan_link', name=child.name, link=link)}"


def _offer(scene: Scene) -> Said | None:
    product = promising(scene)
    service = scene.house.library.handbooks[product].service(_SERVICE) if product else None
    fact = next((one for one in service.facts if one.key == _FACT), None) if service else None
    if product is None or fact is None:
        return None
    lines = [fact.say, tell("offer"), *clause_lines(scene, product, fact.clause)]
    return Said(text="\n".join(lines), session=scene.session, citations=cited(product, fact.clause))
