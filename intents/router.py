"""From a message and its context to a Match: first danger, then the open choice and commands, then the handbooks.

It rather asks than guesses: a direct answer needs product and topic to resolve with a margin. The module is long
because the order of these steps is best seen in one place; what each step knows is elsewhere.
"""

import copy
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from intents.comparison import Comparison
from intents.counterparts import Counterparts
from intents.courtesy import strip_courtesies
from intents.cues import Cues
from intents.danger import SELF_HARM, Alarm, Danger
from intents.details import Details
from intents.drugs import DrugIndex
from intents.elsewhere import Elsewhere, Question, Told
from intents.gate import Evidence, GateLimits, is_foreign, is_medical
from intents.match import Choice, Context, DrugAsk, Match
from intents.overlay import Known, Overlay
from intents.ranking import Judged, Ranking
from intents.reader import SERVICE_MARK, Reader, Reading
from intents.recall import recalled
from intents.resolution import Limits, resolve
from intents.talk import Talk, Talked
from intents.terrain import ServiceNames, Terrain, Topic

_NUMBER = re.compile(r"^(?:第|选|选择|回复|我选)?\s*([1-3１-３一二三①②③])\s*(?:个|项|款|条|号|吧|、|\.|。)*$")
_DIGITS = {digit: at for at, digits in enumerate(("1１一①", "2２二②", "3３三③")) for digit in digits}
_SENTENCE = re.compile(r"[?？!！。;；\n]+")
_SWITCH_CHARACTERS = 6  # what a message that only switches service or product says besides their names
_PLAIN_QUESTION = 0.75  # of 2,466 messages of danger only those that are so by themselves are above it with a name
_STRONG = 0.5  # likeness to alarms by which a plain question, too, gets the emergency number before its answer
_FAINT_ALARM = 0.3  # likeness below which half of what was written by people in no danger stands
_FAINT = 0.75  # likeness to requests for a person that is no more than chance after an answer
_FOR_OTHERS = -0.05  # the lead of foreign likeness below which all recorded requests for a person stand
_SECOND_PIECE = 16  # characters of a question's second message
_ALL = 1000  # topics; more than any service has
_ASKED_BESIDE = 0.3  # how much less likely something else may be than what the same message has asked already
_DETAILS = 2  # that are told of what a short message takes up
_FOLLOWING_QUESTION = 0.55  # the lead of in-scope likeness that makes a short message a question after an answer
_LONGEST_READ = 400  # characters; no question needs more, and no text may hold up the others
_DRUGS = "specialty-drug"
_DRUG_LIST = (_DRUGS, "list")


class Router:
    """Understands messages about one terrain."""

    def __init__(
        self,
        terrain: Terrain,
        cues: Cues,
        danger: Danger,
        talk: Talk,
        *,
        memory: Path | None = None,
        limits: Limits | None = None,
        gate: GateLimits | None = None,
    ) -> None:
        """`memory` is a folder in which what was learned from the phrasings is kept for the next start."""
        self._terrain = terrain
        self._services = {service.place: service for service in terrain.services if not service.topic}
        self._phrases = cues.phrases
        self._judge_danger = recalled(danger.judge)
        self._judge_talk = recalled(talk.judge)
        self._elsewhere = Elsewhere()
        self._limits = limits or Limits()
        self._gate = gate or GateLimits()
        self.reader = Reader(terrain, cues)
        self.ranking = Ranking(terrain, self.reader, memory=memory)
        self._counterparts = Counterparts(terrain.services, terrain.topics)
        self._details = Details(terrain.topics)
        self._comparison = Comparison(terrain, self.reader, self.ranking)
        self._heard = recalled(lambda text: self.ranking.judge(self.reader.read(text)))
        self._known = Known(Overlay(), self.reader.read)
        self._drugs = {
            product.id: DrugIndex(drugs, not_drugs=_latin_words(terrain))
            for product in terrain.products
            if (drugs := tuple(drug for drug in terrain.drugs if drug.product == product.id))
        }

    def route(self, message: str, context: Context) -> Match:
        """Return what `message` means in `context`, with the reasons. Only the first 400 characters are read."""
        message = message[:_LONGEST_READ]
        told = self._elsewhere.told(message)
        if told is not None and told.context == context and not self._knows_better(message, context):
            return told.match
        return (
            self._warned(message, context)
            or self._picked(message, context)
            or self._published(message, context)
            or self._talked(message, context)
            or self._asked(message, context)
        )

    # Another process may work out what a message means, while this one does what is not to be shared.

    def tell(self, question: Question) -> Told:
        """Return what a message in its context means: the answer of such a process."""
        message, context = question
        alarm, talked = self._alarm(message), self._talked_as(message)
        return Told(message=message, context=context, alarm=alarm, talked=talked, match=self.route(message, context))

    def tell_by(self, ask: Callable[[Question], Told | None]) -> None:
        """Let `hear` ask there: processes that began with nothing published."""
        self._elsewhere = Elsewhere(ask)

    def hear(self, message: str, context: Context) -> None:
        """Have a message worked out elsewhere, if that can be done now: what is asked of it next in this thread, up to
        the next call, then costs nothing. Without it everything is the same, and takes its time."""
        self._elsewhere.hear(message[:_LONGEST_READ], context)

    def _alarm(self, message: str) -> Alarm | None:
        told = self._elsewhere.told(message)
        return self._judge_danger(message) if told is None else told.alarm

    def _talked_as(self, message: str) -> Talked | None:
        told = self._elsewhere.told(message)
        return self._judge_talk(message) if told is None else told.talked

    def _knows_better(self, message: str, context: Context) -> bool:
        """Whether anything published stands in a message or in what was said before it."""
        if not self._known.overlay:
            return False
        before = (context.topic, *(choice.topic for choice in context.choices))
        if any(topic is not None and topic not in self._terrain.topic for topic in before):
            return True
        return any(self.is_touched(text, context) for text in (message, context.question) if text)

    # What was published since the handbooks were learned.

    def publish(self, overlay: Overlay) -> None:
        """Let `overlay` be heard from the next message on, in place of the one before."""
        self._known = Known(overlay, self.reader.read)

    def with_overlay(self, overlay: Overlay) -> "Router":
        """Return a router with another overlay that shares everything else; this one stays as it is."""
        other = copy.copy(self)
        other.publish(overlay)
        return other

    def is_touched(self, message: str, context: Context) -> bool:
        """Whether something of the overlay stands in a message; if not, it is answered as without any."""
        text = strip_courtesies(message[:_LONGEST_READ])
        if self._known.renamed(text, context.products)[1]:
            return True
        return self._known.may_be_said(text) and bool(self._known.said(self.reader.read(text), context.products))

    # What others may ask of a message besides what it means.

    def alarm(self, message: str, context: Context) -> Match | None:
        """Return the warning that a message of danger gets, or None; not `is_sure` where it is only like alarms.

        What else the message means is not looked for.
        """
        return self._red_flag(message[:_LONGEST_READ], context)

    def wants_person(self, message: str) -> bool:
        """Whether a message plainly asks for a person or complains."""
        talked = self._talked_as(message[:_LONGEST_READ])
        return talked is not None and talked.intent == "handoff" and talked.is_certain

    def products_in(self, message: str) -> tuple[str, ...]:
        """Return the products that a message names, in order."""
        return self._heard(message[:_LONGEST_READ]).reading.products

    def services_in(self, message: str) -> tuple[ServiceNames, ...]:
        """Return the services whose names stand in a message, letter by letter where there is such a name."""
        products = [product.id for product in self._terrain.products]
        text, _ = self._known.renamed(message[:_LONGEST_READ], products)
        found = self._heard(text).reading.found
        surest = "exact" if any(hit.how == "exact" and hit.thing in self._services for hit in found) else None
        places = dict.fromkeys(hit.thing for hit in found if surest in (None, hit.how))
        return tuple(self._services[place] for place in places if place in self._services)

    def drugs_in(self, message: str, product: str) -> list[tuple[int, bool]]:
        """Return the rows of a product's drug list that a message names, each with whether it was typed exactly."""
        index = self._drugs.get(product)
        return index.named(self._known.renamed(message[:_LONGEST_READ], (product,))[0]) if index else []

    # What is no handbook question.

    def _red_flag(self, message: str, context: Context) -> Match | None:
        alarm = self._alarm(message)
        if alarm is None:
            return None
        heard = self._heard(message)
        if alarm.by_likeness and self._is_rather_harmless(alarm, heard, context):
            return None
        products = heard.reading.products
        return Match(
            decision="emergency",
            product=products[0] if len(products) == 1 else None,
            intent=alarm.kind,
            is_sure=not alarm.by_likeness,
            reasons=tuple(alarm.reasons),
        )

    def _is_rather_harmless(self, alarm: Alarm, heard: Judged, context: Context) -> bool:
        """Whether what is only like an alarm is a plain question, or one about how to take a medicine."""
        reading = heard.reading
        is_question = self._is_plain_question(heard) and bool(reading.products or reading.places)
        if alarm.kind == SELF_HARM:
            scope = self.ranking.scope(heard)
            is_weak = alarm.likeness < (_STRONG if reading.products and reading.places else _FAINT_ALARM)
            is_named = bool(reading.products or reading.places)
            return is_question or (is_named and is_weak and scope.inside - scope.foreign >= _FOLLOWING_QUESTION)
        is_dose = bool(self._phrases["dose"].search(reading.text))
        return is_dose or self._asks_for_drug(reading, context) or (is_question and alarm.likeness < _STRONG)

    def _asks_for_drug(self, reading: Reading, context: Context) -> bool:
        """Whether a message asks for a drug of a list by its name: 泊马度胺 厂家."""
        lists = (self._drugs[product] for product in context.products if product in self._drugs)
        asked = (drugs.ask(reading.rest, following=False) for drugs in lists)
        return any(ask is not None and ask.rows and ask.certain for ask in asked)

    def _warned(self, message: str, context: Context) -> Match | None:
        """Who asks about the bill from the sickbed is told to call for help first, and then what they asked; so is
        whoever said what is only faintly like danger, whatever it means apart from that."""
        warning, alarm = self._red_flag(message, context), self._alarm(message)
        if warning is None or alarm is None or alarm.kind == SELF_HARM:
            return warning
        heard = self._heard(message)
        if self._phrases["dose"].search(heard.reading.text):
            return replace(warning, beside=Match(decision="medical", product=warning.product))
        asked = self._asked(message, context)
        is_asked = asked.decision == "answer" and bool(asked.topics)
        is_clear = asked.is_sure or self._is_plain_question(heard)
        if alarm.likeness >= _FAINT_ALARM and not (is_asked and is_clear):
            return warning
        reasons = (*warning.reasons, f"apart from danger: {asked.decision}", *asked.reasons)
        return replace(warning, product=asked.product, beside=asked, reasons=reasons)

    def _is_plain_question(self, heard: Judged) -> bool:
        """Whether a message names a product, a service or a topic and is clearly a question about it."""
        scope = self.ranking.scope(heard)
        named = bool(heard.reading.products or heard.reading.families)
        return named and scope.inside - scope.foreign >= _PLAIN_QUESTION

    def _picked(self, message: str, context: Context) -> Match | None:
        """A bare number, or the very words of a choice, picks it."""
        number = _NUMBER.match(message.strip())
        at = _DIGITS[number[1]] if number else -1
        if not number:
            at = next((at for at, choice in enumerate(context.choices) if choice.label == message.strip()), -1)
        if not 0 <= at < len(context.choices):
            nothing = Match(decision="abstain", intent="no_choice", reasons=("a number, but no such choice is open",))
            return nothing if number else None
        choice = context.choices[at]
        picked = f"choice {at + 1} was picked"
        topic = self._topic(choice.topic)
        if topic is not None:
            return self._answer(topic, reason=picked)
        if choice.product not in context.products:
            return Match(decision="abstain", reasons=("the choice is no longer in the handbooks",))
        again = self._with_product(context, choice.product or "")
        return replace(again, reasons=(picked, *again.reasons))

    def _with_product(self, context: Context, product: str) -> Match:
        """Ask the pending question again, now that the product is known."""
        match = self.route(context.question, replace(context, product=product, fixed=product, choices=(), topic=None))
        return match if match.product else replace(match, product=product)

    def _topic(self, id: str | None) -> Topic | None:
        return self._terrain.topic.get(id or "") or self._known.overlay.topic.get(id or "")

    def _published(self, message: str, context: Context) -> Match | None:
        """What people are known to mean by these very words; nothing takes asking for a person away."""
        known, text = self._known, strip_courtesies(message)
        if not known.may_be_said(text):
            return None
        reading = self._heard(text).reading
        products, why = self._products(reading, context)
        hits = known.said(reading, products)
        topics = {hit.said.topic: topic for hit in hits if (topic := self._topic(hit.said.topic)) is not None}
        if not topics or self.wants_person(message):
            return None
        family = next(iter(topics.values())).family
        having = [product for product in products if family in self._terrain.families[product]]
        by_product = {topic.product: topic for topic in topics.values()}
        if len(by_product) > 1 or len(set(having) | set(by_product)) > 1:
            return replace(self._which_product(products, "published words, no product known"), question=message)
        topic, hit = next(iter(topics.values())), hits[0]
        reason = f"published {hit.said.item}: {hit.how} {hit.said.text}"
        match = self._answer(topic, reason=reason, is_sure=hit.how == "exact")
        return replace(match, question=message, reasons=(*match.reasons, why))

    def _talked(self, message: str, context: Context) -> Match | None:
        talked = self._talked_as(message)
        if talked is None:
            return None
        decision = {"handoff": "handoff", "capability": "menu", "menu": "menu"}.get(talked.intent, "smalltalk")
        if decision == "smalltalk" and self._goes_on(message, context):
            return None
        if decision == "handoff" and not talked.is_certain and self._is_rather_asked(message, talked, context):
            return None
        match = Match(decision=decision, intent=talked.intent, reasons=talked.reasons)
        return self._with_what_is_asked(match, message, context) if decision == "handoff" else match

    def _with_what_is_asked(self, wanting: Match, message: str, context: Context) -> Match:
        """Who wants a person and asks in the same breath gets both: 我要投诉！在卡里哪里提; 没人联系我，一般多久."""
        heard = self._heard(message)
        scope = self.ranking.scope(heard)
        is_placed = context.topic is not None or bool(heard.reading.products)
        is_clear = is_placed and scope.inside - scope.foreign >= _FOLLOWING_QUESTION
        if not (is_clear and self._phrases["asks_where"].search(message)):
            return wanting
        asked = self._asked(message, context)
        if asked.decision != "answer" or not asked.topics:
            return wanting
        reasons = (*wanting.reasons, "asks besides", *asked.reasons)
        return replace(wanting, product=asked.product, beside=asked, reasons=reasons)

    def _is_rather_asked(self, message: str, talked: Talked, context: Context) -> bool:
        """Whether what may ask for a person is rather a question: a plain one, one that follows an answer, or one for
        somebody else (银行打电话说我的卡冻结了)."""
        heard = self._heard(message)
        scope = self.ranking.scope(heard)
        if self._is_plain_question(heard) or scope.foreign - scope.inside > _FOR_OTHERS:
            return True
        is_faint = context.topic is not None and talked.likeness < _FAINT
        goes_on = bool(self._phrases["switch"].match(heard.reading.rest))
        return is_faint and (goes_on or scope.inside - scope.foreign >= _FOLLOWING_QUESTION)

    def _goes_on(self, message: str, context: Context) -> bool:
        """Whether what sounds like small talk names what the handbooks are about, or takes up the topic again."""
        reading = self._heard(self._known.renamed(message, context.products)[0]).reading
        switches = bool(context.topic) and bool(self._phrases["switch"].match(reading.rest))
        drug = any(
            self._drugs[product].mentions(reading.rest) for product in context.products if product in self._drugs
        )
        return bool(reading.products or reading.places) or switches or drug

    # Handbook questions.

    def _asked(self, message: str, context: Context) -> Match:
        text = strip_courtesies(message)
        if not any(character.isalnum() for character in text):
            return Match(decision="abstain", reasons=("there are no words in it",))
        completed = self._completed(text, context)
        if completed != text:
            message = text = completed
        # 不是臻爱无限 denies a product: it is no 不是 that mends what was understood before.
        denies = bool(self._heard(text).reading.denied)
        corrected = text if denies else self._phrases["correction"].sub("", text)
        is_corrected = denies or corrected != text
        before = self._topic(context.topic)
        if before is not None:
            spelt = self._counterparts.spelt_out(corrected, before)
            begun = self._of_begun(corrected, before) if spelt == corrected else None
            if begun is not None:
                return replace(begun, question=message)
            corrected = spelt
        heard = self._heard(corrected or text)
        products, why = self._products(heard.reading, context)
        named, renames = self._known.renamed(corrected or text, products)
        if renames:
            text, heard = self._known.renamed(text, products)[0], self._heard(named)
        reading = heard.reading
        if not products:
            return Match(decision="abstain", intent="unserved", product=reading.products[0], reasons=(why,))
        match = (
            self._only_product(reading, products, context)
            or self._about_drug(heard, products, context)
            or self._several(text, reading, products, context)
            or self._compared(heard, context)
            or self._one(heard, products, context, corrected=is_corrected)
        )
        reasons = (why, *renames, *match.reasons, *_read_reasons(reading))
        return replace(match, question=message, reasons=reasons)

    def _completed(self, text: str, context: Context) -> str:
        """Return with a message what was said before it, when that was a service alone and asked for its product: a
        question that comes in two pieces (特药那个 / 快递要钱吗)."""
        if len(text) > _SECOND_PIECE or not any(choice.product for choice in context.choices):
            return text
        heard, first = self._heard(text), self._heard(context.question).reading
        scope = self.ranking.scope(heard)
        is_whole = bool(heard.reading.products or heard.reading.families or first.attributes)
        is_other = scope.foreign > scope.inside or self._phrases["product_only"].match(heard.reading.rest)
        return text if is_whole or is_other or not first.places else f"{context.question},{text}"

    def _of_begun(self, text: str, before: Topic) -> Match | None:
        """What was asked `before`, for the service of which only the beginning was said: answered, or asked for which
        of several."""
        found = [
            (service, topic)
            for service in self._counterparts.begun(text, before)
            if (topic := _same(before, self._terrain.of_service(service.place))) is not None
        ]
        if len(found) == 1:
            return self._answer(found[0][1], reason="the same question for a service begun", is_sure=False)
        choices = tuple(Choice(label=f"{service.short}：{topic.ask}", topic=topic.id) for service, topic in found[:3])
        why = ("the same question, but several services begin so",)
        return Match(decision="clarify", product=before.product, choices=choices, reasons=why) if choices else None

    def _products(self, reading: Reading, context: Context) -> tuple[tuple[str, ...], str]:
        """Product first: mentioned, else of the conversation, else the account's; none when it serves another."""
        known = context.products
        named = tuple(product for product in reading.products if product in known)
        if reading.products:
            return named, f"product named: {', '.join(reading.products)}"
        settled = context.fixed or context.product
        left = tuple(product for product in known if product in reading.narrowed) or known
        if settled in left:
            return (settled,), f"product of the conversation: {settled}"
        if len(left) == 1:
            return left, f"only product possible: {left[0]}"
        return left, f"no product known, {len(left)} possible"

    def _only_product(self, reading: Reading, products: tuple[str, ...], context: Context) -> Match | None:
        """A message that only names a product: the answer to "哪款产品？", a switch, or the start of a talk."""
        if len(reading.products) != 1 or not self._phrases["product_only"].match(reading.rest):
            return None
        product = products[0]
        if context.question and any(choice.product for choice in context.choices):
            return self._with_product(context, product)
        before = self._topic(context.topic)
        if before is None:
            return Match(decision="menu", product=product, intent="product", reasons=("only a product was named",))
        there = self._terrain.of_family(product, before.family)
        first = _same(before, there)
        if first is None:
            return self._lacks(before.family, product)
        beside = {topic.kind for id in context.told if (topic := self._topic(id)) and topic.product == before.product}
        topics = tuple(dict.fromkeys((first.id, *(topic.id for topic in there if topic.kind in beside))))
        why = (
            "the same question again, with its product" if first == before else "the same question for another product"
        )
        return replace(self._answer(first, reason=why, is_sure=len(topics) == 1), topics=topics)

    def _about_drug(self, judged: Judged, products: tuple[str, ...], context: Context) -> Match | None:
        listed = [product for product in products if product in self._drugs]
        if not listed:
            return None
        before = self._topic(context.topic)
        following = context.drug or (before is not None and before.kind[0] == _DRUGS)
        rows = context.drug_rows if context.product == listed[0] else ()
        ask = self._drugs[listed[0]].ask(judged.reading.rest, following=context.drug, of_list=following, before=rows)
        if ask is None or (not ask.rows and len(products) > 1):
            return None
        if not ask.rows and not self._names_list(judged.reading) and self._is_foreign(judged, context):
            return None
        having = [product for product in products if _DRUGS in self._terrain.families[product]]
        if len(having) > 1:
            return self._which_product(having, "a drug, but no product")
        about = next(
            (topic.id for topic in self._terrain.topics if topic.product == listed[0] and topic.kind == _DRUG_LIST),
            None,
        )
        return Match(decision="answer", product=listed[0], drug=ask, about=about, reasons=(_drug_reason(ask),))

    def _names_list(self, reading: Reading) -> bool:
        """Whether the service that has a drug list is named letter by letter: then no drug of a question is foreign."""
        return reading.is_sure and any(self._terrain.family_of[place] == _DRUGS for place in reading.places)

    def _compared(self, judged: Judged, context: Context) -> Match | None:
        reading = judged.reading
        named = tuple(product for product in reading.products if product in context.products)
        over_all = not named and "款" in reading.text and bool(self._phrases["compare"].search(reading.rest))
        among = context.products if over_all else named
        if len(among) < 2:
            return None
        return None if self._is_foreign(judged, context) else self._comparison.of(judged, among, self._limits)

    def _several(self, text: str, whole: Reading, products: tuple[str, ...], context: Context) -> Match | None:
        """Two questions in one message are answered both, when each is clear by itself."""
        parts = [part for part in _SENTENCE.split(text) if len(part.strip()) >= 4]
        if not 2 <= len(parts) <= 3:
            return None
        asked = [products] * len(parts)
        if len(products) > 1:  # each part a whole question about a product of its own
            readings = [self._heard(part).reading for part in parts]
            asked = [one.products if one.places and one.attributes else () for one in readings]
        if any(len(one) != 1 for one in asked):
            return None
        found: dict[str, Topic] = {}
        is_sure = True
        before = self._topic(context.topic)
        for part, product in zip(parts, asked, strict=True):
            judged = self._heard(part)
            if not judged.reading.places and whole.places:
                read = judged.reading
                read = replace(read, places=whole.places, spots=whole.spots, families=whole.families)
                judged = replace(judged, reading=read)
            ranked = self.ranking.rank(judged, products=product, context=before)
            # Nobody asks the same twice in a message: what is nearly as likely is meant.
            others = [item for item in ranked if item.topic.id not in found]
            if others and ranked[0].score - others[0].score < _ASKED_BESIDE:
                ranked = others
            resolution = resolve(ranked, self._limits)
            if resolution.topics and not self._is_foreign(judged, context):
                before = resolution.topics[0]
                found[before.id] = before
                is_sure = is_sure and resolution.is_sure
        if len(found) < 2:
            return None
        return Match(
            decision="answer",
            product=products[0] if len(products) == 1 else None,
            topics=tuple(found),
            is_sure=is_sure,
            compare=len(products) > 1,
            reasons=("several questions in one message",),
        )

    def _before(self, reading: Reading, products: tuple[str, ...], context: Context) -> Topic | None:
        """Return what was talked about, unless a drug turns the talk to drugs: 可瑞达在清单里吗 after an advance."""
        before = self._topic(context.topic)
        turns = before is not None and before.family != _DRUGS and not reading.places
        has_drugs = any(_DRUGS in self._terrain.families[product] for product in products)
        if turns and has_drugs and any(index.mentions(reading.rest) for index in self._drugs.values()):
            return None
        return before

    def _one(self, judged: Judged, products: tuple[str, ...], context: Context, *, corrected: bool) -> Match:
        reading = judged.reading
        before = self._before(reading, products, context)
        switches = bool(reading.places or reading.products) and bool(self._phrases["switch"].match(reading.aspect))
        said = self._phrases["people"].sub("", reading.aspect)
        switches = switches and len(said) <= _SWITCH_CHARACTERS + said.count(SERVICE_MARK)
        also = bool(reading.places or reading.products) and bool(self._phrases["also"].search(reading.rest))
        carry = before is not None and (corrected or switches or also)
        ranked = self.ranking.rank(judged, products=products, context=before, carry=carry)
        scope = self.ranking.scope(judged)
        details = self._details.taken_up(reading.text, before) if before is not None else ()
        if before is not None and len(details) == 1 and details[0].attribute == before.attribute and not reading.found:
            return self._answer(details[0], reason="the same of a detail of what was talked of", is_sure=False)
        evidence = self._evidence(reading, context)
        why = f"in scope {scope.inside:.2f}, foreign {scope.foreign:.2f}, medical {scope.medical:.2f}"
        product = products[0] if len(products) == 1 else None
        if is_medical(scope, evidence, self._gate):
            return Match(decision="medical", product=product, reasons=("a question for a doctor", why))
        rival = not reading.products and bool(self._phrases["rivals"].search(reading.text))
        if rival or (is_foreign(scope, evidence, self._gate) and not carry):
            if details and not rival:
                return self._told_of(details, judged, before)
            return Match(decision="abstain", product=product, reasons=("no handbook question", why))
        lacked = self._lacked(judged, product)
        if lacked:
            return lacked
        resolution = resolve(ranked, self._limits)
        if product is None and ranked:
            return self._across(judged, ranked[0].topic.family, products, before)
        decision = "answer" if resolution.topics else "clarify" if resolution.choices else "abstain"
        return Match(
            decision=decision,
            product=product,
            topics=tuple(topic.id for topic in resolution.topics),
            choices=resolution.choices,
            is_sure=resolution.is_sure,
            candidates=tuple((item.topic.id, round(item.score, 3)) for item in ranked[:5]),
            reasons=(resolution.reason, why),
        )

    def _told_of(self, details: Sequence[Topic], judged: Judged, before: Topic | None) -> Match:
        """Answer with what the service talked of tells of the one thing that a short message names."""
        product, family = details[0].product, details[0].family
        ranked = self.ranking.rank(judged, products=(product,), context=before, family=family, most=_ALL)
        topics = [item.topic.id for item in ranked if item.topic in details][:_DETAILS]
        reasons = ("a detail of what was talked of",)
        return Match(decision="answer", product=product, topics=tuple(topics), is_sure=False, reasons=reasons)

    def _across(self, judged: Judged, family: str, products: tuple[str, ...], before: Topic | None) -> Match:
        """No product is known: answer only what is surely, or by name, about what a single product has; else ask."""
        having = [product for product in products if family in self._terrain.families[product]]
        if len(having) == 1:
            resolution = resolve(self.ranking.rank(judged, products=having, context=before), self._limits)
            scope = self.ranking.scope(judged)
            is_plain = bool(judged.reading.places) and scope.inside - scope.foreign >= _PLAIN_QUESTION
            if resolution.topics and (resolution.is_sure or is_plain):
                return Match(
                    decision="answer",
                    product=having[0],
                    topics=tuple(topic.id for topic in resolution.topics),
                    is_sure=resolution.is_sure,
                    reasons=(f"only {having[0]} has it; {resolution.reason}",),
                )
        return self._which_product(having if len(having) > 1 else products, "no product known")

    def _which_product(self, products: Iterable[str], reason: str) -> Match:
        choices = tuple(Choice(label=self._terrain.short[product], product=product) for product in list(products)[:3])
        return Match(decision="clarify", intent="which_product", choices=choices, reasons=(reason,))

    def _lacked(self, judged: Judged, product: str | None) -> Match | None:
        """A service was named that the product in question does not have, and none that it has is meant rather."""
        reading, family_of = judged.reading, self._terrain.family_of
        families = {family_of[place] for place in reading.places}
        if product is None or not families or families & self._terrain.families[product]:
            return None
        if self.ranking.nearest_family(judged, self._terrain.families[product] | families) not in families:
            return None
        exact = [hit for hit in reading.found if hit.how == "exact" and family_of.get(hit.thing) in families]
        return self._lacks(family_of[exact[0].thing], product) if exact else None

    def _lacks(self, family: str, product: str) -> Match:
        """Say that the handbook has no such service: by its own entry where there is one."""
        silent = [topic for topic in self._terrain.topics if topic.product == product and topic.family == family]
        if silent:
            return self._answer(silent[0], reason="the product does not have the service named")
        return Match(
            decision="answer",
            product=product,
            lacking=(product,),
            family=family,
            reasons=("the product does not have the service named",),
        )

    def _answer(self, topic: Topic, *, reason: str, is_sure: bool = True) -> Match:
        return Match(decision="answer", product=topic.product, topics=(topic.id,), is_sure=is_sure, reasons=(reason,))

    def _is_foreign(self, judged: Judged, context: Context) -> bool:
        return is_foreign(self.ranking.scope(judged), self._evidence(judged.reading, context), self._gate)

    def _evidence(self, reading: Reading, context: Context) -> Evidence:
        return Evidence(
            product_named=bool(reading.products),
            product_settled=bool(context.fixed or context.product),
            service_named=bool(reading.places),
            following=context.topic is not None,
            medical_words=any(self._phrases[name].search(reading.text) for name in ("medical", "dose"))
            and not self._phrases["may_ask"].search(reading.text),
        )


def _same(topic: Topic, there: Sequence[Topic]) -> Topic | None:
    """Return of the topics of another service the one for the same question: same key, else same attribute."""
    same_key = (other for other in there if other.key == topic.key)
    return next(same_key, None) or next((other for other in there if other.attribute == topic.attribute), None)


def _latin_words(terrain: Terrain) -> frozenset[str]:
    """The Latin words of recorded questions, which therefore name no unknown drug."""
    return frozenset(word for phrasing in terrain.phrasings for word in re.findall(r"[a-z]{3,}", phrasing.text.lower()))


def _drug_reason(ask: DrugAsk) -> str:
    if not ask.rows:
        return "a drug name that is not on the list"
    return f"drug rows {', '.join(map(str, ask.rows))}" + ("" if ask.certain else " (by sound or shape)")


def _read_reasons(reading: Reading) -> tuple[str, ...]:
    names = tuple(f"name {hit.name} → {hit.thing} ({hit.how})" for hit in reading.found)
    cues = (f"cues: {', '.join(sorted(reading.attributes))}",) if reading.attributes else ()
    return (*names, *cues)
