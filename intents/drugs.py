"""Recognises a question about a drug list: which drug, by any of its names, or which maker.

A drug's name is never corrected silently: a match by sound or with a wrong character is marked uncertain, and the
answer then asks "您是问…吗".
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from intents.lexicon import Found, Lexicon
from intents.match import DrugAsk
from intents.normal import compact
from intents.terrain import DrugNames

COMMON_DRUGS = Path(__file__).parent / "drug_names.txt"
_LONGEST_NAME = 24
_SHORT_MAKER = 3
_LIST = re.compile(
    r"清单|名单|目录|药单|列表|单子|list|几个.{0,2}([牌排]子|brand)|brand|有没有|有吗|有么|有不|里有|里面有|有.{0,8}(吗|么|嘛|不|没|啊|呀)[?？]?$|在不在|在.{0,8}(里|上|中)|能报|报不报|给报|报销|"
    r"牌子|厂家|那家|哪家|几家|谁家|[哪那](?:个|一?家|些)?药?厂|是.{1,6}的[吗嘛么吧不]?[?？]?$|生产|商品名|药名|通用名|学名|叫什么|叫啥|什么[药要]|啥药|哪几个|哪几种|有哪些|属于|包含|包括|含不含|含|特药|cover|能买|买得到|查到|查下|管不管|管吗|认不认"
)
_MEDICAL = re.compile(
    r"几片|几粒|几颗|几次一天|一天|剂量|毫克|mg|副作用|不良反应|耐药|怎么吃|咋吃|饭前|饭后|停药|停两天|有效|效果|治得好|能治|吃多久|打几针|禁忌|能一起|同服|换成|哪个好|疗效|起皮疹|腹泻|吃错|漏服|减量|加量"
)
_WHICH_DRUGS = re.compile(
    r"(哪些|哪几|哪种|有什么|有啥|几种|几个|都有).{0,6}药|药.{0,10}(哪些|哪几|有什么|有啥|有那些|几种|几个|都有)"
)
_WHICH = re.compile(r"有(些)?(哪|啥|什么|几)|(哪些|哪几|都有)")
_CLASS = re.compile(r"(替尼|单抗|帕利|西利|度胺|佐米|鲁胺)$")
# Maker or name of the drug spoken of: who asks for that alone means the last one.
_ABOUT_IT = re.compile(
    r"(哪|谁|什么|啥)(个|一|家|里|儿)?(的)?(厂|公司|药企|牌子|药厂|产的|生产)|厂家|药厂|(谁|哪)家|商品名|通用名|学名|(叫|是)(什么|啥)(名|牌|[?？]?$)"
)
_LONGEST_ABOUT_IT = 10  # characters
_FEW_ROWS = 4
_FOLLOW = re.compile(r"^(那|那么|还有|还有个|另外|再问下)?.{2,16}(呢|咧|有吗|有没有|也有吗|也在吗)?[?？]*$")
_DRUGLIKE = re.compile(
    # Of Latin words those that end as medicines do, or that stand where one would: most others are plain English.
    r"(?:[a-z]{2,}(?:nib|mab|parib|clib|lisib|platin|taxel|rubicin|statin|cillin|mycin|prazole|sartan|gliptin|flozin|tide))|"
    r"(?<=有)[a-z]{4,}|(?<=叫)[a-z]{4,}|[a-z]{4,}(?=在|有没|有吗|能报|能用|可以|这个|这药|的药|药)|[\u4e00-\u9fff]{1,6}(?:替尼|单抗|帕利|西利|环素|他滨|紫杉醇|铂|沙坦|洛尔|西汀|他汀|拉唑|沙星|霉素|优单抗|珠单抗|曲塞|莫司|米特|度胺|佐米|那非|维林|赫得|诺得|地平|双胍|列汀|普利|格列净|胶囊|注射液|口服液)"
)


class DrugIndex:
    """The drug list of one product."""

    def __init__(self, drugs: tuple[DrugNames, ...], *, not_drugs: frozenset[str] = frozenset()) -> None:
        """`not_drugs` are Latin words that people use in questions of all kinds."""
        self._not_drugs = not_drugs
        self._names = Lexicon(
            ((name, str(drug.no)) for drug in drugs for name in (drug.brand, drug.generic, *drug.nicknames)),
            shortest_misspelt=3,
        )
        self._drugs = {drug.no: drug for drug in drugs}
        makers: dict[str, set[int]] = defaultdict(set)
        for drug in drugs:
            makers[compact(drug.maker)].add(drug.no)
        self._makers = Lexicon((name, maker) for maker in makers for name in _maker_names(maker))
        self._by_maker = makers

    def ask(self, text: str, *, following: bool, of_list: bool = False, before: tuple[int, ...] = ()) -> DrugAsk | None:
        """Return the drug question in compact `text`, or None.

        `following`: the message before asked for a drug, and found the rows `before`; `of_list`: the talk is of the
        service that has the list.
        """
        found = [hit for hit in self._names.find(text) if _believable(hit, text) and not _is_of_another(hit, text)]
        others = _common_drugs().find(text)
        if all(hit.how != "exact" for hit in found) and others:
            found = []  # a medicine that is not on the list was named letter by letter
        found = [hit for hit in found if not any(_is_within(hit, other) for other in others)]
        about_list = bool(_LIST.search(text)) or (following and bool(_FOLLOW.match(text)))
        if _MEDICAL.search(text) and not re.search(r"清单|名单|目录|药单|特药", text):
            return None
        bare = bool(found) and len(text) <= found[0].length + 3
        if found and (about_list or bare):
            return self._by_name(found, text)
        if not found and 0 < len(before) <= _FEW_ROWS and len(text) <= _LONGEST_ABOUT_IT and _ABOUT_IT.search(text):
            meant = self._of_makers_named(before, text)
            if meant:
                return DrugAsk(rows=meant)
        if not found and (about_list or of_list or _WHICH_DRUGS.search(text)):
            return self._by_company(text, of_list=of_list) or (self._missing(text) if about_list else None)
        return None

    def mentions(self, text: str) -> bool:
        """Return whether a drug of the list is named exactly in compact `text`."""
        return any(hit.how == "exact" and hit.length > 2 for hit in self._names.find(text, fuzzy=False))

    def named(self, text: str) -> list[tuple[int, bool]]:
        """Return the rows whose names stand in an answer to "which drug?", each with whether it was typed exactly."""
        rows: dict[int, bool] = {}
        for hit in self._names.find(compact(text)):
            for drug in self._drugs.values():
                if int(hit.thing) == drug.no or hit.name == compact(drug.generic):
                    rows[drug.no] = rows.get(drug.no, False) or hit.how == "exact"
        return sorted(rows.items())

    def _by_name(self, found: list[Found], text: str) -> DrugAsk:
        rows = {int(hit.thing) for hit in found}
        generics = {hit.name for hit in found} & {compact(self._drugs[row].generic) for row in rows}
        if generics:
            rows |= self._alike(no for no in rows if compact(self._drugs[no].generic) in generics)
        first = found[0]
        return DrugAsk(
            rows=tuple(sorted(rows)),
            typed=text[first.start : first.end],
            certain=all(hit.how == "exact" for hit in found),
        )

    def _of_makers_named(self, before: tuple[int, ...], text: str) -> tuple[int, ...]:
        """Return the rows of the same medicines by the makers that a text names (石药家的叫啥); the rows `before` for a
        text that names none."""
        makers = {hit.thing for hit in self._makers.find(text) if _is_maker(hit)}
        if not makers:
            return before
        return tuple(sorted(no for no in self._alike(before) if compact(self._drugs[no].maker) in makers))

    def _alike(self, rows: Iterable[int]) -> set[int]:
        """Return all rows of the medicines that these rows list."""
        generics = {compact(self._drugs[no].generic) for no in rows}
        return {no for no, drug in self._drugs.items() if compact(drug.generic) in generics}

    def _by_company(self, text: str, *, of_list: bool) -> DrugAsk | None:
        asks_which = _WHICH_DRUGS.search(text) or (of_list and _WHICH.search(text))
        makers = [hit for hit in self._makers.find(text) if _is_maker(hit)] if asks_which else []
        if not makers:
            return None
        rows = sorted({no for hit in makers for no in self._by_maker[hit.thing]})
        return DrugAsk(rows=tuple(rows), typed=makers[0].name, by_maker=True)

    def _missing(self, text: str) -> DrugAsk | None:
        if not re.search(r"清单|名单|目录|药单|单子|特药|list|药", text):
            return None
        named = [name for name in _DRUGLIKE.findall(text) if name not in self._not_drugs]
        named = named or [hit.name for hit in _common_drugs().find(text)]
        return DrugAsk(typed=named[0][:_LONGEST_NAME]) if named else None


@cache
def _common_drugs() -> Lexicon:
    """Medicines of which it can be said that they are not on a list (drug_names.txt)."""
    lines = COMMON_DRUGS.read_text(encoding="utf-8").splitlines()
    names = [name for line in lines if not line.startswith("#") for name in line.split()]
    return Lexicon(((name, name) for name in names), fuzzy=False)


# What stands before a drug's name and begins none.
_NO_DRUGS_CHARACTER = frozenset("有没的了里是那个叫问要能在和跟及或款吗么吃打用查找说看开买药品")

_SHORT_MAKERS = re.compile(r"(生物|制药|医药|药业|公司|集团|先声麦得津)$")
_MAKERS_PLACE = re.compile(
    r"^(上海|北京|天津|重庆|江苏|浙江|广东|山东|四川|成都|深圳|苏州|杭州|南京|连云港|正大(?=天晴))"
)


def _maker_names(maker: str) -> set[str]:
    """A maker is also called by its name without its city in front and without 生物, 制药 … behind, where enough of it
    remains; 复宏汉霖 stands in the list with 上海 and without."""
    names = {maker, _MAKERS_PLACE.sub("", maker)}
    names |= {_SHORT_MAKERS.sub("", name) for name in names}
    return {name for name in names if len(name) >= 2}


def _is_within(hit: Found, other: Found) -> bool:
    """Whether a name is a piece of another one: 曲妥珠单抗 of 德曲妥珠单抗, which is another medicine."""
    return other.start <= hit.start and hit.end <= other.end and hit.length < other.length


def _is_maker(hit: Found) -> bool:
    """Makers are told apart by few characters: short ones only when typed exactly, long ones also by sound."""
    return hit.how == "exact" or (hit.how == "sound" and hit.length > _SHORT_MAKER)


def _is_of_another(hit: Found, text: str) -> bool:
    """Whether a name that was not typed exactly is a piece of a longer drug's name (维迪西妥单抗)."""
    if hit.how == "exact" or text[hit.start - 1 : hit.start] in _NO_DRUGS_CHARACTER:
        return False
    return any(match.start() < hit.start and hit.end <= match.end() for match in _DRUGLIKE.finditer(text))


def _believable(hit: Found, text: str) -> bool:
    """Two-character brand names are ordinary syllables: they count only when written exactly, beside drug words.

    Generic names differ in one character from drug to drug (奈拉替尼, 洛拉替尼), so a wrong one is another drug; unless
    it stands in the ending of its class (单杭), which tells drugs of a class from nothing.
    """
    if hit.how == "shape" and (kind := _CLASS.search(hit.name)):
        own = kind.start()
        if text[hit.start : hit.start + own] != hit.name[:own]:
            return False
    if hit.length > 2:
        return hit.how != "shape" or hit.length > 3 or bool(re.search(r"药|清单|特药|list", text))
    return hit.how == "exact" and (bool(re.search(r"药|清单|牌|特药|单子|厂", text)) or len(text) <= 6)
