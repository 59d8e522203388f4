"""What an applicant knows: a made-up family with its policy, and the right answer to whatever a service may ask.

Everything is drawn from a seeded `Random`, so that a run can be repeated by its seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from bot.clock import in_china
from bot.forms import Choice, Question, holds
from care.eligibility import Verdict, judge
from care.policy import Insured, Policy
from handlers import form_files
from handlers.customers import covered, is_minor
from handlers.tasks.apply import needs_medical
from knowledge.flow import Flow
from knowledge.library import Library
from tests.care.policies_told import identity

OFTEN_ELIGIBLE = 0.8
# Days that can be told of: far enough from today that none passes by while somebody takes his time.
_EARLIEST, _SOONEST, _LATEST = -240, 6, 40
_SURNAMES = "赵钱孙李周吴郑王冯陈"
_GIVEN_NAMES = ["晨晨", "子墨", "一诺", "若溪", "知行", "安然", "乐怡", "明轩", "书瑶", "浩然", "思源", "佳宁"]
_PLACES = ("上海", "杭州", "厦门", "成都", "北京", "苏州")
_HOSPITALS = (
    "复旦大学附属儿科医院", "上海市第六人民医院", "浙江大学医学院附属第二医院", "四川大学华西医院", "厦门弘爱医院",
    "北京协和医院", "苏州市立医院", "上海交通大学医学院附属瑞金医院", "武汉市中心医院", "广东省妇幼保健院",
)  # fmt: skip
# Free words by slot. A slot that a handbook adds later gets the last entry.
_WORDS = {
    "diagnosis": ("肺炎", "乳腺癌", "急性心肌梗死", "摔伤骨折", "右肺腺癌", "非霍奇金淋巴瘤", "脑出血", "胃癌，中期"),
    "treatment": ("腺样体切除术", "头部核磁", "化疗第二个疗程", "买一台雾化器"),
    "department": ("小儿呼吸科", "肿瘤内科", "骨科", "心内科"),
    "city": _PLACES,
    "area": ("上海徐汇区", "杭州市西湖区", "成都高新区"),
    "address": ("上海市徐汇区枫林路180号2号楼301室", "厦门市湖里区仙岳路3777号"),
    "vaccine": ("流感疫苗", "五联第二针", "13价肺炎疫苗", "水痘疫苗第一针"),
    "bank": ("中国银行上海徐汇支行", "招商银行杭州分行", "工行厦门湖里支行"),
    "doctor": ("王主任", "李大夫", "张建国医生"),
    "condition": ("咳嗽三天，夜里重", "反复低烧", "肚子疼，不想吃饭"),
    "concern": ("咳嗽三天，夜里重", "总不长个子", "不爱吃饭，容易积食"),
    "complaint": ("嗓子疼两天了，有点低烧，想知道吃什么药", "皮肤起红疹，有点痒", "失眠半个月"),
    "details": ("吃靶向药以后手脚起皮，怎么护理", "现在用奥希替尼，想问问漏服一次怎么补"),
    "aim": ("要不要手术，有没有别的治疗方案", "想确认病理对不对"),
    "topic": ("皮肤总是痒", "体检报告看不懂"),
    "drug": ("泰瑞沙", "奥希替尼", "赫赛汀"),
    "shown": ("提示信息不匹配", "页面一直转圈"),
    "family_history": ("没有", "爸爸有哮喘", "外公高血压"),
    "habits": ("挑食、睡得晚", "爱喝饮料"),
    "last_vaccine": ("上个月打的流感疫苗", "水痘疫苗，九月打的"),
    "checkup_wish": ("想查一下甲状腺", "心脏彩超"),
    "claim_for": ("阑尾炎的住院费", "感冒看门诊的药费"),
    "arrives_at": ("上午9点", "下午两点左右"),
    "help_wanted": ("帮忙取号，带我们去诊室", "推个轮椅"),
    "since": ("前天晚上", "三天了"),
    "relation": ("女儿", "同事", "夫妻", "婆媳"),
    "kinship": ("外婆", "姑姑", "叔叔", "爷爷"),
    "": ("照医生说的办", "按单子上写的"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Truth:
    """One application as it should end. `answers`: slot → value, only of what is asked under them.

    `questions`: all that may be asked, as the applicant reads it; `verdict`: what the rules say of it on the day.
    """

    policy: Policy
    person: Insured | None
    flow: Flow
    answers: Mapping[str, Any]
    verdict: Verdict
    questions: Sequence[Question]

    @property
    def is_refused(self) -> bool:
        return self.verdict.decision == "not_eligible" or self.keeps_illness

    @property
    def keeps_illness(self) -> bool:
        """Whether the applicant does not agree to the use of medical data."""
        return self.answers.get("medical") == "no"

    def would_end(self, now: datetime, **wrong: Any) -> bool:
        """Whether the service would be refused at once if these wrong answers were given."""
        answers = {**self.answers, **wrong}
        return _verdict(self.flow, self.policy, self.person, answers, now).decision == "not_eligible"


class Oracle:
    """Draws families and truths."""

    def __init__(self, library: Library, rng: Random, now: datetime) -> None:
        self._library, self._rng, self._now = library, rng, now
        self._today = in_china(now).date()
        self._names = rng.sample([surname + given for surname in _SURNAMES for given in _GIVEN_NAMES], 24)

    def policy(self, product: str, *, number: str, is_sound: bool = True) -> Policy:
        """Return a policy of a product. One that is not sound began too late, has run out or was given up."""
        rng, birth = self._rng, date(1960 + self._rng.randrange(40), 1 + self._rng.randrange(12), 9)
        holder = Insured(name=self._name(), birth=birth, sex=rng.choice("MF"), relation="self")
        family = self._children(rng.randint(1, 3))
        if not product.startswith("chengzhang"):
            family = (holder, *self._grown_up(), *self._children(rng.randint(0, 1)))[: rng.randint(1, 4)]
        began = self._today - timedelta(days=rng.randint(420, 700))
        policy = Policy(
            number=number,
            product=product,
            plan="plus" if product.startswith("chengzhang") else "",
            effective_on=began,
            expires_on=began + timedelta(days=3000),
            options=frozenset({"vaccine"}),
            waiting_period_days=90,
            holder_name=holder.name,
            holder_id_number=identity(birth, serial=3, sex=holder.sex),
            holder_phone=f"154{rng.randrange(10**8):08d}",
            insured=tuple(
                replace(one, id_number=identity(one.birth, serial=serial, sex=one.sex))
                for serial, one in enumerate(family, 10)
            ),
        )
        return policy if is_sound else self._unsound(policy)

    def _unsound(self, policy: Policy) -> Policy:
        began = self._today - timedelta(days=self._rng.randint(1, 20))
        return self._rng.choice(
            (
                replace(policy, effective_on=began),
                replace(policy, expires_on=self._today - timedelta(days=3)),
                replace(policy, status="surrendered"),
                replace(policy, options=frozenset()),
            )
        )

    def _name(self) -> str:
        return self._names.pop()

    def _children(self, count: int) -> tuple[Insured, ...]:
        made = []
        for at in range(count):
            birth = self._today - timedelta(days=self._rng.randint(300, 2500) + 800 * at)
            made.append(Insured(name=f"{self._name()}", birth=birth, sex=self._rng.choice("MF"), relation="child"))
        return tuple(made)

    def _grown_up(self) -> tuple[Insured, ...]:
        rng = self._rng
        return tuple(
            Insured(name=self._name(), birth=date(year, 5, 1 + rng.randrange(28)), sex=rng.choice("MF"), relation=who)
            for who, year in rng.sample((("spouse", 1984), ("parent", 1957), ("child", 2001)), rng.randint(0, 2))
        )

    def truth(self, policy: Policy, service: str, *, first: str | None = None) -> Truth:
        """Return what is to be applied for: a service, with its first choice settled if `first` is given. Most are
        such as can be granted; what can never be granted stays so."""
        flow = self._library.handbooks[policy.product].flows[service]
        wanted = self._rng.random() < OFTEN_ELIGIBLE
        person = self._rng.choice(covered(policy, flow))
        truth = None
        for _ in range(40):
            answers = self._answers(flow, policy, person, first)
            truth = Truth(
                policy=policy,
                person=person,
                flow=flow,
                answers=answers,
                verdict=_verdict(flow, policy, person, answers, self._now),
                questions=self._questions(flow, policy, person),
            )
            if not (wanted and truth.is_refused):
                break
        assert truth is not None
        return truth

    def _questions(self, flow: Flow, policy: Policy, person: Insured | None) -> list[Question]:
        """Return what is asked: for whom and by whom, the service's own questions, how to reach them."""
        people = covered(policy, flow)
        choices = [
            Choice(id=_id(one), label=one.name if one else policy.holder_name, called=_called(one, people))
            for one in people
        ]
        around = {one.slot: one for one in form_files.form("application").questions}
        is_minor_ = person is not None and is_minor(person, self._today)
        who, other, relation = ("guardian", "other", "kinship") if is_minor_ else ("applicant", "family", "relation")
        return [
            form_files.question("application", "insured", choices=choices),
            _without_kinship(around[who]),
            around[relation].model_copy(update={"when": {who: (other,)}}),
            *flow.questions,
            around["medical"],
            around["phone"],
        ]

    def short(self, product: str) -> str:
        """Return how a product is called in a sentence."""
        return self._library.product(product).short

    def _answers(self, flow: Flow, policy: Policy, person: Insured | None, first: str | None) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        people = covered(policy, flow)
        if len(people) > 1:
            answers["insured"] = _id(person)
        if person is not None and is_minor(person, self._today):
            answers["guardian"] = self._rng.choice(("guardian", "guardian", "other"))
        else:
            answers["applicant"] = self._rng.choice(("self", "family"))
        if answers.get("guardian") == "other":
            answers["kinship"] = self._rng.choice(_WORDS["kinship"])
        if answers.get("applicant") == "family":
            answers["relation"] = self._rng.choice(_WORDS["relation"])
        for at, question in enumerate(flow.questions):
            if holds(question.when, answers) and not (question.optional and self._rng.random() < 0.4):
                answers[question.slot] = first if at == 0 and first else self.value(question, policy)
        answers = {slot: value for slot, value in answers.items() if value is not None}
        if needs_medical(flow):
            answers["medical"] = "no" if self._rng.random() < 0.04 else "yes"
        return {**answers, "phone": self._phone()}

    def value(self, question: Question, policy: Policy) -> Any:
        """Return an answer to a question, None for what can only be skipped in words."""
        rng = self._rng
        match question.kind:
            case "choice":
                return rng.choice(question.choices).id
            case "yes_no":
                return "yes" if question.slot == "medical" else rng.choice(("yes", "no"))
            case "date":
                return self._day(question).isoformat()
            case "number":
                return rng.choice((800, 3000, 12000, 35000, 58000))
            case "hospital":
                return rng.choice(_HOSPITALS)
            case "phone":
                return self._phone()
            case "card":
                return f"622848{rng.randrange(10**13):013d}"
            case "drug":
                return rng.choice(self._library.handbooks[policy.product].drugs).brand
            case "text":
                return rng.choice(_WORDS.get(question.slot, _WORDS[""]))[: question.longest]
            case _:
                return None

    def _phone(self) -> str:
        rng = self._rng
        return (
            f"021{rng.randint(3, 6)}{rng.randrange(10**7):07d}"
            if rng.random() < 0.1
            else f"139{rng.randrange(10**8):08d}"
        )

    def _day(self, question: Question) -> date:
        behind = question.latest is not None and question.latest <= 0
        ahead = question.earliest is not None and question.earliest >= 0
        earliest, latest = (_EARLIEST, 0) if behind else (_SOONEST, _LATEST) if ahead else (-12, 12)
        days = self._rng.randint(earliest, latest)
        return self._today + timedelta(days=days if ahead or behind or abs(days) > 4 else 0)


def _without_kinship(question: Question) -> Question:
    """Return who applies without names that tell the relation, too (我是她女儿): the truth draws that on its own."""
    choices = tuple(
        one.model_copy(update={"called": tuple(name for name in one.called if not name.startswith("我是"))})
        for one in question.choices
    )
    return question.model_copy(update={"choices": choices})


def _id(person: Insured | None) -> str:
    return "holder" if person is None else str(person.id)


def _called(person: Insured | None, people: Sequence[Insured | None]) -> tuple[str, ...]:
    """Return what only this one of the family is called."""
    if person is None or len([one for one in people if one and one.relation == person.relation]) > 1:
        return ()
    male = person.sex == "M"
    return {
        "self": ("本人",),  # 我自己 would say that no family member applies
        "child": ("儿子" if male else "女儿", "我儿子" if male else "我女儿"),
        "spouse": ("老公" if male else "老婆",),
        "parent": ("我爸" if male else "我妈",),
    }.get(person.relation, ())


def _verdict(flow: Flow, policy: Policy, person: Insured | None, answers: Mapping[str, Any], now: datetime) -> Verdict:
    diagnosed = answers.get("diagnosed_on")
    return judge(
        flow.eligibility,
        policy,
        on=in_china(now).date(),
        insured=person,
        answers=answers,
        diagnosed_on=date.fromisoformat(diagnosed) if diagnosed else None,
    )
