"""The rules of all services as care sees them, read from the handbooks by hand: small fakes of the flows."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Cited:
    clause: tuple[str, ...] = ("条",)


@dataclass(frozen=True, kw_only=True)
class Waiting(Cited):
    days: int | None = None
    first_diagnosis: bool | str = False
    clause: tuple[str, ...] = ("等待期",)


@dataclass(frozen=True, kw_only=True)
class CoolingOff(Cited):
    days: int | None = None
    clause: tuple[str, ...] = ("犹豫期",)


@dataclass(frozen=True, kw_only=True)
class Uses(Cited):
    count: int = 1
    per: str = "policy_year"
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    clause: tuple[str, ...] = ("次数",)


@dataclass(frozen=True, kw_only=True)
class Told(Cited):
    """A need or a refusal."""

    id: str
    say: str
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Hours(Cited):
    days: str
    opens: str
    closes: str
    holidays: bool = True


@dataclass(frozen=True, kw_only=True)
class Rules(Cited):
    persons: tuple[str, ...] = ("insured",)
    judged_on: str | None = None
    waiting: Waiting | None = None
    cooling_off: CoolingOff | None = None
    uses: tuple[Uses, ...] = ()
    option: str | None = None
    needs: tuple[Told, ...] = ()
    refusals: tuple[Told, ...] = ()
    hours: Hours | None = None
    lost_on_lapse: Cited | None = None
    clause: tuple[str, ...] = ("使用人",)


DAY = Hours(days="daily", opens="09:00", closes="18:00")
EITHER = ("holder", "insured")
LOST = Cited(clause=("服务注意事项7",))
OWN_WAITING = Waiting(first_diagnosis=True)
SERIOUS = Rules(waiting=Waiting(days=30, first_diagnosis="unclear"), uses=(Uses(),))
ONCE = Rules(waiting=OWN_WAITING, uses=(Uses(per="contract"),), lost_on_lapse=LOST)
CHILD = Rules()

RULES = {
    "zhenai-wuxian-2023/specialty-drug": Rules(waiting=Waiting(days=30), uses=(Uses(when={"item": ("purchase",)}),)),
    "zhenai-wuxian-2023/inpatient-advance": SERIOUS,
    "zhenai-wuxian-2023/inpatient-fast-track": SERIOUS,
    "zhenai-wuxian-2023/international-second-opinion": SERIOUS,
    "zhenai-wuxian-2023/text-consultation": Rules(waiting=Waiting(days=0), hours=DAY),
    "junlong-zhenai-21/video-consultation": Rules(persons=EITHER, cooling_off=CoolingOff(), lost_on_lapse=LOST),
    "junlong-zhenai-21/outpatient-fast-track": ONCE,
    "junlong-zhenai-21/inpatient-fast-track": ONCE,
    "junlong-zhenai-21/gene-test": ONCE,
    "junlong-zhenai-21/second-opinion": ONCE,
    "junlong-zhenai-21/specialty-drug": Rules(waiting=OWN_WAITING, lost_on_lapse=LOST),
    "junlong-zhenai-21/car-t": ONCE,
    "junlong-zhenai-21/hongai-hospital": Rules(persons=EITHER, lost_on_lapse=LOST),
    "chengzhang-youxiang-2025/vaccine-appointment": CHILD,
    "chengzhang-youxiang-2025/special-needs-desk": CHILD,
    "chengzhang-youxiang-2025/inpatient-advance": CHILD,
    "chengzhang-youxiang-2025/family-doctor": Rules(persons=EITHER),
    "chengzhang-youxiang-2025/e-card": Rules(persons=EITHER),
    "chengzhang-youxiang-2025/online-payment": CHILD,
    "chengzhang-youxiang-2025/pre-authorisation": CHILD,
    "chengzhang-youxiang-2025/public-hospital-appointment": CHILD,
    "chengzhang-youxiang-2025/reimbursement-claim": Rules(judged_on="visited_on"),
    "chengzhang-youxiang-2025/vaccine-claim": Rules(
        judged_on="visited_on",
        option="vaccine",
        uses=(Uses(count=8, per="contract", when={"item": ("checkup",)}),),
    ),
}
