"""Red flags: what must raise an alarm in any wording, what must not, and the figures on messages nobody tuned on."""

import csv
import json
import re
import shutil
import time
from itertools import chain
from pathlib import Path

import pytest
import yaml

from bot.errors import ConfigurationFault
from intents.danger import EMERGENCY, FOLDER, SELF_HARM, Danger
from intents.guards import guarded
from intents.phrases import Mender, ready
from tests.intents.as_served import danger

QUESTIONS = Path(__file__).parents[1] / "questions"
FROZEN = QUESTIONS / "safety_frozen.jsonl"
VOICES = QUESTIONS / "danger_voices_frozen.jsonl"


def yaml_tiers() -> list[dict[str, dict[str, list[str]]]]:
    files = [yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")) for name in ("signs.yaml", "self_harm.yaml")]
    return [file[tier] for file in files for tier in ("grave", "event", "disease", "part") if tier in file]


def frozen(*labels: str, path: Path = FROZEN) -> list[str]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [row["text"] for row in rows if row["label"] in labels]


# Each holds a word that stands in some `spared`: harmless in its own phrase, it must not take danger itself back.
BESIDE_HARMLESS_WORDS = [
    "我爸突然说不清话了该打哪个电话",
    "版本不重要 我爸嘴歪了说不清话",
    "良性肿瘤在脑里 今天突然说不清话一边没劲",
    "跟机器讲不清 我爸说不清话了嘴歪",
    "我被捅了一刀你们有急救服务吗",
    "我弟被车撞了你们服务能派人来吗",
    "被货车撞了怎么支付押金",
    "我爸快不行了医生让签字",
    "奶奶快不行了 盆都接不住吐的血",
    "我爸突然倒地不动了 家里的狗一直叫",
    "天没亮孩子就掉水里了捞上来没气",
    "孩子替我说吧 我爸讲不出话了",
    "腿抽筋沉下去了没上来",
    "绿通能不能快点 我爸主动脉夹层撕开了",
    "每个月来例假都没事 这次大出血晕过去了",
    "我在icu外 我爸刚刚心跳停了",
    "药拿回来一口气全吃了",
    "手术切的地方大出血",
    "老师说我儿子没呼吸了 人工呼吸怎么做",
    "证件都没带 我爸没脉搏了",
    "队友你们好 我不想活了 去死了",
    "医生开的安定我都吞了",
    "死活不肯去医院 已经昏迷了",
    "电影看完我要跳楼 遗书写好了",
    "砍人了 我哥背上好几刀",
    "跳完广场舞回来我爸倒地没呼吸了",
    "江边捡到钱包的人说 他儿子要跳下去",
    "名额没了 我不想活了 今晚就走",
    "这个药等不到了 我爸没呼吸了",
]


@pytest.mark.parametrize(
    "answer", ["打了，但是不记得是哪天", "打了，不记得是哪天", "打了，日期不记得了", "孩子打了，不记得几号"]
)
def test_who_forgot_the_day_of_a_vaccination_raises_no_alarm(answer: str) -> None:
    assert danger().judge(answer) is None
    assert danger().judge(answer.replace("打了", "打了乙肝")) is None


@pytest.mark.parametrize(
    "message",
    [
        "我写毕业论文,想查我国自杀率近十年的变化,哪里有统计年鉴",
        "这种自杀式的报价哪家药企还做啊",
        "药店搞跳楼价 保健品能刷医保卡吗",
        "昨天新闻那个跳江救人的小伙子后来怎么样了",
        "我弟等CAR-T救命的，申请递上去了多长时间有回音？",
    ],
)
def test_words_of_self_harm_that_mean_something_else_raise_no_alarm(message: str) -> None:
    assert danger().judge(message) is None


@pytest.mark.parametrize(
    "message",
    [
        "我已经计划好了，就在今晚",
        "透析我不去了,停了几天就走了吧,也省得儿子花钱",
        "我是邻居,楼上独居老太太把钥匙和猫都给我了,说以后不用来看她了",
        "我屋头没得我更好,我把刀刀拿到手头了,手杆上划了两道口口",
        "又划了手腕 这次有点深 不敢跟我妈讲",
        "单位断缴社保 房贷还不上 我就在公司天台上",
        "有没有不疼的走法",
    ],
)
def test_a_wish_to_die_that_is_hardly_said_is_heard(message: str) -> None:
    alarm = danger().judge(message)
    assert alarm is not None
    assert alarm.kind == SELF_HARM


@pytest.mark.parametrize("message", ["快快快娃儿卡到起了", "车祸现场先拍照报保险再送医院吧？人躺着没反应"])
def test_an_emergency_in_dialect_or_beside_an_insurance_question_is_heard(message: str) -> None:
    alarm = danger().judge(message)
    assert alarm is not None
    assert alarm.kind == EMERGENCY


@pytest.mark.parametrize(
    "message",
    [
        "让老公替我去药店领药，因为不是本人去，他还得带什么",
        "小孩让电动车撞了住院对方给了一点钱你们那个垫付还给垫吗",
    ],
)
def test_an_errand_and_an_accident_already_paid_for_raise_no_alarm(message: str) -> None:
    assert danger().judge(message) is None


@pytest.mark.parametrize("message", ["他打了我的头，我什么都不记得了", "打了一架，什么都不记得了", "打了，人昏过去了"])
def test_who_was_hit_and_forgot_what_happened_raises_the_alarm(message: str) -> None:
    assert danger().judge(message) is not None


@pytest.mark.parametrize("message", BESIDE_HARMLESS_WORDS)
def test_a_harmless_word_nearby_does_not_take_danger_back(message: str) -> None:
    alarm = danger().judge(message)
    assert alarm is not None
    assert not alarm.by_likeness


@pytest.mark.parametrize(
    "message",
    [
        "孩子突然抽搐，眼睛往上翻，怎么办",
        "娃吃花生卡住了，脸都憋紫了",
        "爸爸叫不醒了",
        "我妈嘴歪了，说话不清楚",
        "老公胸口疼，一身冷汗",
        "血止不住，毛巾都湿透了",
        "宝宝吞了纽扣电池",
        "孕36周突然大出血",
        "新生儿嘴唇青紫",
        "烧到四十一度，说胡话",
        "打完针浑身起疹子，喘不上气",
        "哮喘犯了，喷雾没用",
        "被毒蛇咬了",
        "煤气中毒了，人昏迷",
        "从三楼摔下来了",
        "救命！！",
    ],
)
def test_danger_to_life_raises_an_alarm(message: str) -> None:
    alarm = danger().judge(message)
    assert alarm
    assert alarm.kind == EMERGENCY


@pytest.mark.parametrize(
    "number",
    ["13999872360", "+86 139 7435 9200", "6228 4856 2289 0540 420", "20784206448800840X", "9640", "474080",
     "TEST-340950", "幺三九二四三四四七八幺", "１３９９９８７２３６０"],
)  # fmt: skip
def test_the_figures_of_a_number_are_no_sign_of_danger(number: str) -> None:
    assert danger().judge(number) is None


@pytest.mark.parametrize(
    "message",
    [
        "我不想活了",
        "我站在天台上了",
        "安眠药我攒够了",
        "我是家里的累赘，走了大家就解脱了",
        "闺女给我发了遗书",
        "我割腕了",
    ],
)
def test_a_wish_to_die_raises_an_alarm_of_its_own(message: str) -> None:
    alarm = danger().judge(message)
    assert alarm
    assert alarm.kind == SELF_HARM


@pytest.mark.parametrize(
    "message",
    [
        "我爸触店了，叫他没反映",
        "儿子吃果东卡住了胡吸不上来",
        "女儿突燃抽畜，口吐白沬",
        "秋命！我老婆不行了",
        "活不下去了想自沙",
        "我又割碗了",
    ],
)
def test_homophones_and_look_alike_characters_are_understood(message: str) -> None:
    assert danger().judge(message)


@pytest.mark.parametrize(
    "message",
    [
        "阿公吃麻糬噎到了，臉都發黑了",
        "我媽昏迷了，叫都叫不醒",
        "俺爹晕菜了，咋拍脸都不睁眼",
        "我屋头老汉倒了，喊不答应",
        "my son is choking",
    ],
)
def test_traditional_characters_dialects_and_english_are_understood(message: str) -> None:
    assert danger().judge(message)


@pytest.mark.parametrize(
    "message",
    [
        "臻爱无限能先垫钱吗，我爸心梗正在抢救室",
        "孩子吞了电池正在吐血，成长优享能报吗",
        "去年脑梗好了，今天突然又说话不清半边身子动不了",
    ],
)
def test_danger_mixed_with_a_question_or_with_history_raises_an_alarm(message: str) -> None:
    assert danger().judge(message)


@pytest.mark.parametrize(
    "message",
    [
        "猝死赔多少",
        "深度昏迷96小时是什么标准",
        "120的车费报不报",
        "我爸三年前脑梗，现在想做二诊",
        "孩子小时候高热抽搐过两次，现在五岁很好，问下疫苗",
        "如果孩子突然昏迷了，怎么申请垫付",
        "万一孩子噎住了，你们有没有急救课可以学",
        "累得要吐血，材料还没传完",
        "烦死了，验证码又过期",
        "我想结束这次服务",
        "我走了，回头再聊",
        "空腹抽血能不能喝水",
        "我想给我妈做个基因检测",
        "给我妈办",
        "病理报告拿到了",
        "有点头疼想问诊",
        "住院垫付怎么申请",
    ],
)
def test_history_mere_ifs_idioms_and_insurance_words_raise_none(message: str) -> None:
    assert danger().judge(message) is None


def test_every_recorded_alarm_is_raised() -> None:
    with (FOLDER / "examples.csv").open(encoding="utf-8", newline="") as stream:
        recorded = [row["text"] for row in csv.DictReader(stream) if row["label"] in (EMERGENCY, SELF_HARM)]
    assert len(recorded) > 1000
    assert not [text for text in recorded if danger().judge(text) is None]


@pytest.mark.parametrize(
    ("path", "label", "most_missed"),
    # The voices speak of taking their lives mostly without saying so.
    [(FROZEN, EMERGENCY, 0.01), (FROZEN, SELF_HARM, 0.03), (VOICES, EMERGENCY, 0.01), (VOICES, SELF_HARM, 0.1)],
)
def test_few_frozen_alarms_are_missed(path: Path, label: str, most_missed: float) -> None:
    messages = frozen(label, path=path)
    assert len(messages) > 40
    missed = [text for text in messages if danger().judge(text) is None]
    assert len(missed) <= most_missed * len(messages)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("快来人 我爸心口好疼", EMERGENCY),
        ("阿爷吃汤团噎牢了，气也透勿出", EMERGENCY),
        ("🆘🩸🩸止不住", EMERGENCY),
        ("外婆半边身体勿会动了，讲闲话讲勿清爽", EMERGENCY),
        ("老太婆走了半年，我也不想留了，今晚就去陪她", SELF_HARM),
        ("等他们睡着了我就自己走，别难过", SELF_HARM),
        ("想划深一点，手腕上没地方划了", SELF_HARM),
    ],
)
def test_dialect_emoji_and_what_is_hardly_said_raise_the_alarm(message: str, kind: str) -> None:
    alarm = danger().judge(message)
    assert alarm is not None
    assert alarm.kind == kind


@pytest.mark.parametrize(
    "message",
    [
        "车子剐了，我走保险划算还是私了",
        "数学题：绳子对折两次长3米，原来多长",
        "怀孕六个月腿抽筋补什么钙片",
        "乳腺4a医生让穿刺",
    ],
)
def test_what_only_sounds_like_danger_raises_none(message: str) -> None:
    assert danger().judge(message) is None


def test_small_talk_raises_no_alarm_on_frozen_messages() -> None:
    messages = frozen(
        "greeting", "thanks", "bye", "bot", "capability", "ack", "praise", "sorry", "handoff", "not_handoff"
    )
    assert not [text for text in messages if danger().judge(text)]


def test_the_reasons_name_the_concept() -> None:
    alarm = danger().judge("我妈叫不醒了")
    assert alarm
    assert alarm.reasons == ("danger: not waking",)


def test_an_empty_message_and_bare_marks_raise_no_alarm() -> None:
    assert danger().judge("") is None
    assert danger().judge("？？……") is None


def test_no_row_of_words_costs_more_than_its_length() -> None:
    """One text of 2,048 bytes must not hold up everybody else's turn."""
    concepts = chain.from_iterable(tier.values() for tier in yaml_tiers())
    words = {word for concept in concepts for word in re.findall("[一-鿿]{1,4}", "|".join(concept["patterns"]))}
    danger().judge("一直" * 300)
    slow = []
    for word in sorted(words)[::29]:
        started = time.process_time()
        danger().judge((word * 680)[:680])
        if time.process_time() - started > 0.5:
            slow.append(word)
    assert not slow


def test_a_blank_between_words_reads_as_a_comma_and_inside_a_word_as_nothing() -> None:
    assert ready("三年前做过支架 今天胸口疼") == "三年前做过支架,今天胸口疼"
    assert ready("救 命") == "救命"


def test_a_word_is_mended_by_sound_unless_it_is_well_spelt() -> None:
    mender = Mender(heard=["抽搐"], mistaken={"割腕": ["割碗"]}, kept="抽出时间")
    assert mender.mend("他在抽畜,又割碗") == "他在抽搐,又割腕"
    assert mender.mend("抽出时间") == "抽出时间"


@pytest.mark.parametrize("pattern", ["(甲|乙)丙|丁?戊|[0-3]己", "甲~?|乙?", "^甲|(?<!乙)丙|.丁", r"甲\\|乙|[|)]丙"])
def test_a_guard_changes_no_meaning(pattern: str) -> None:
    texts = ["甲丙", "乙丙", "丁戊", "戊", "2己", "己", "乙丙甲", "丙丁", "", "甲|乙", "|丙"]
    found = {text: re.search(guarded(pattern), text) is not None for text in texts}
    assert found == {text: re.search(pattern, text) is not None for text in texts}


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("signs.yaml", "grave: {x: {patterns: ['(']}}\n", "x: no regular expression"),
        ("signs.yaml", "grave: {x: {pattern: [a]}}\n", "mend these entries"),
        ("signs.yaml", "together: [[nothing]]\n", "no such concept"),
        ("frames.yaml", "past: 去年\n", "one regular expression for each frame"),
        ("examples.csv", "label,text\nemergency,\n", "line 2"),
        ("mishearings.yaml", "- heard\n", "holds no mapping"),
    ],
)
def test_a_broken_file_is_told_with_its_name_and_the_remedy(tmp_path: Path, file: str, content: str, told: str) -> None:
    shutil.copytree(FOLDER, tmp_path / "danger")
    (tmp_path / "danger" / file).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationFault, match=told) as fault:
        Danger.load(folder=tmp_path / "danger")
    assert file in str(fault.value)
