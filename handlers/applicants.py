"""The people of an application: for whom it is, who applies, and how both are named in chat."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from bot.forms import Choice, Question
from care.policy import Insured, Policy
from handlers import form_files
from handlers.customers import covered, is_minor
from handlers.scene import Scene
from handlers.tasks import Answers
from knowledge.flow import Flow

_HOLDER = "holder"
_MYSELF = re.compile(r"[给为帮]我?自己|我自己|我本人|自己(?:来|要|想)?[办用申]")
_KIN = re.compile(
    r"我是(?:他|她|孩子|宝宝|被保险人|病人|患者|投保人)的?(?P<kin>[\u4e00-\u9fff]{1,4}?)(?=$|[,，。、!！\s]|替|帮|来|想|要)"
)
_CHILDREN = (
    ("老大", "大宝", "大的", "大娃", "大孩子"),
    ("老二", "二宝", "二娃", "第二个孩子"),
    ("老三", "三宝", "三娃", "第三个孩子"),
    ("老四", "四宝", "四娃", "第四个孩子"),
)
_YOUNGEST = ("小的", "小宝", "最小的", "小娃", "老小")


def asked(scene: Scene, policy: Policy, flow: Flow) -> Iterator[Question]:
    """Yield the questions about the person whom the service is for and the one who applies for a child, an adult."""
    choices = [_choice_of(policy, person, scene.today) for person in covered(policy, flow)]
    if len(choices) > 1:
        yield form_files.question("application", "insured", choices=choices)
    minors = {str(person.id) for person in policy.insured if is_minor(person, scene.today)}
    for_child = tuple(choice.id for choice in choices if choice.id in minors)
    for_adult = tuple(choice.id for choice in choices if choice.id not in minors)
    if for_child:
        yield from _who_applies(choices, for_child, ("guardian", "other"), "kinship")
    if for_adult:
        yield from _who_applies(choices, for_adult, ("applicant", "family"), "relation")


def person_of(policy: Policy, flow: Flow, answers: Answers) -> Insured | None:
    """Return the insured person an application is for; None is the holder, or nobody chosen yet."""
    people = covered(policy, flow)
    if len(people) == 1:
        return people[0]
    chosen = answers.get("insured")
    return next((person for person in policy.insured if str(person.id) == str(chosen)), None)


def implied(policy: Policy, flow: Flow, answers: Answers, text: str) -> Mapping[str, str]:
    """Return what a message tells of the one who applies beside the answers taken from it: 给我自己办 is no proxy's
    word, 我是她女儿 tells the relation, too."""
    chosen = len(covered(policy, flow)) == 1 or "insured" in answers
    person = person_of(policy, flow, answers)
    is_own = chosen and (person is None or person.relation == "self")
    if is_own and "applicant" not in answers and _MYSELF.search(text):
        return {"applicant": "self"}
    kin = _KIN.search(text)
    for slot, another, relation in (("applicant", "family", "relation"), ("guardian", "other", "kinship")):
        if kin is not None and answers.get(slot) == another and relation not in answers:
            return {relation: kin["kin"]}
    return {}


def names_insured(policy: Policy, text: str) -> bool:
    """Whether a text names somebody insured by a policy: 给三宝约疫苗 tells which of a family's policies is meant."""
    return any(name in text for person in policy.insured for name in (person.name, *_given_names(person)))


def _who_applies(
    choices: Sequence[Choice], people: tuple[str, ...], other: tuple[str, str], relation: str
) -> Iterator[Question]:
    """Yield who applies for one of `people`, and how that person is related. `other`: slot and answer of another."""
    slot, another = other
    when = {"insured": people} if len(choices) > 1 else {}
    yield _only_when(form_files.question("application", slot), when)
    yield _only_when(form_files.question("application", relation), {**when, slot: (another,)})


def _choice_of(policy: Policy, person: Insured | None, today: date) -> Choice:
    if person is None:
        return Choice(
            id=_HOLDER,
            label=f"投保人{policy.holder_name}",
            called=("投保人", policy.holder_name, "我自己", "本人", "我"),
        )
    called = dict.fromkeys((*_given_names(person), *_called(person, today), *_by_age(policy, person)))
    # 小宝 is the youngest, unless another child has this name.
    others = {name for other in policy.insured if other != person for name in _given_names(other)}
    return Choice(id=str(person.id), label=person.name, called=tuple(name for name in called if name not in others))


def _given_names(person: Insured) -> list[str]:
    """Return a name without its surname of one or two characters: 大宝 of 陈大宝."""
    return [person.name[cut:] for cut in (1, 2) if len(person.name) - cut >= 2]


def _by_age(policy: Policy, person: Insured) -> tuple[str, ...]:
    """Return how several children are told apart: the first, the second …, the last."""
    children = sorted((one for one in policy.insured if one.relation == "child"), key=lambda one: one.birth)
    if person not in children or len(children) < 2:
        return ()
    place = children.index(person)
    return (*_CHILDREN[min(place, len(_CHILDREN) - 1)], *(_YOUNGEST if person is children[-1] else ()))


def _called(person: Insured, today: date) -> list[str]:
    """Return how a family speaks of an insured person."""
    male = person.sex == "M"
    if person.relation == "self":
        return ["我自己", "本人", "自己", "我"]
    if person.relation == "child":
        child = ["儿子", "男孩", "弟弟"] if male else ["女儿", "闺女", "女孩", "妹妹"]
        return [*child, *(["孩子", "宝宝", "娃", "小孩"] if is_minor(person, today) else ["孩子"])]
    if person.relation == "parent":
        return ["爸爸", "我爸", "父亲", "老爸"] if male else ["妈妈", "我妈", "母亲", "老妈"]
    if person.relation == "spouse":
        return ["老公", "丈夫", "先生", "爱人"] if male else ["老婆", "妻子", "太太", "爱人"]
    return []


def _only_when(question: Question, when: Mapping[str, tuple[str, ...]]) -> Question:
    return question.model_copy(update={"when": when})
