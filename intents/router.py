"""From a message and its context to a Match: first danger, then commands, then the open choice, then the handbooks.

It rather asks than guesses: a direct answer needs product and topic to resolve with a margin.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from intents.courtesy import strip_courtesies
from intents.cues import Cues
from intents.danger import Danger
from intents.drugs import DrugIndex
from intents.match import Choice, Context, DrugAsk, Match
from intents.ranking import Ranked, Ranking
from intents.reader import Reader, Reading
from intents.scorer import Floats as Scores
from intents.talk import Talk
from intents.terrain import Terrain, Topic


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where the router stops being sure. Scores are Ranking's; tuned on the training phrasings, never on the frozen."""

    answer: float = 0.42
    ask: float = 0.25
    margin: float = 0.06
    foreign: float = 0.12
    medical: float = 0.0


_NUMBER = re.compile(r"^(?:第|选|选择|回复)?\s*([1-3一二三①②③])\s*(?:个|项|款|条|号|吧|、|\.|。)*$")
_DIGITS = {"1": 0, "一": 0, "①": 0, "2": 1, "二": 1, "②": 1, "3": 2, "三": 2, "③": 2}
_SENTENCE = re.compile(r"[?？!！。;；\n]+")


class Router:
    """Understands messages about one terrain."""

    def __init__(
        self, terrain: Terrain, cues: Cues, danger: Danger, talk: Talk, *, limits: Limits | None = None
    ) -> None:
        self._terrain = terrain
        self._cues = cues
        self._danger = danger
        self._talk = talk
        self._limits = limits or Limits()
        self.reader = Reader(terrain, cues)
        self.ranking = Ranking(terrain, self.reader)
        self._drugs = {
            product.id: DrugIndex(tuple(drug for drug in terrain.drugs if drug.product == product.id))
            for product in terrain.products
            if any(drug.product == product.id for drug in terrain.drugs)
        }

    def route(self, message: str, context: Context) -> Match:
        """Return what `message` means in `context`, with the reasons."""
        return (
            self._red_flag(message)
            or self._picked(message, context)
            or self._talked(message)
            or self._asked(message, context)
        )

    # What is no handbook question.

    def _red_flag(self, message: str) -> Match | None:
        alarm = self._danger.judge(message)
        return alarm and Match(decision="emergency", intent=alarm.kind, reasons=tuple(alarm.reasons))

    def _picked(self, message: str, context: Context) -> Match | None:
        """A bare number, or the very words of a choice, picks it."""
        if not context.choices:
            return None
        bare = message.strip()
        number = _NUMBER.match(bare)
        at = _DIGITS[number[1]] if number else -1
        if not number:
            at = next((at for at, choice in enumerate(context.choices) if choice.label == bare), -1)
        if not 0 <= at < len(context.choices):
            return None
        choice = context.choices[at]
        if choice.topic:
            topic = self._terrain.topic[choice.topic]
            return Match(
                decision="answer", product=topic.product, topics=(topic.id,), reasons=(f"choice {at + 1} was picked",)
            )
        again = replace(context, product=choice.product, fixed=choice.product, choices=(), topic=None)
        match = self.route(context.question, again)
        return replace(match, reasons=(f"choice {at + 1} was picked: {choice.product}", *match.reasons))

    def _talked(self, message: str) -> Match | None:
        talked = self._talk.judge(message)
        if talked is None:
            return None
        intent, reasons = talked
        decision = {"handoff": "handoff", "capability": "menu", "menu": "menu"}.get(intent, "smalltalk")
        return Match(decision=decision, intent=intent, reasons=tuple(reasons))

    # Handbook questions.

    def _asked(self, message: str, context: Context) -> Match:
        text = strip_courtesies(message)
        corrected = self._cues.phrases["correction"].sub("", text) if text else text
        reading = self.reader.read(corrected or text)
        products, why = self._products(reading, context)
        if reading.products and self._cues.phrases["product_only"].match(reading.rest):
            carried = self._carried(reading, context, products)
            return carried or Match(decision="menu", product=reading.products[0], intent="product", reasons=why)
        match = (
            self._about_drug(reading, products, context)
            or self._compared(reading, products, context)
            or self._several(text, reading, products, context)
            or self._one(reading, products, context, corrected=corrected != text)
        )
        return replace(match, question=message, reasons=(*why, *match.reasons))

    def _products(self, reading: Reading, context: Context) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Product first: mentioned, else of the conversation, else the account's; never more than the account has."""
        known = context.products
        named = tuple(product for product in reading.products if product in known)
        if named:
            return named, (f"product named: {', '.join(named)}",)
        if reading.products:
            return known, ("a product was named that this account does not serve",)
        settled = context.fixed or context.product
        if reading.narrowed:
            left = tuple(product for product in known if product in reading.narrowed)
            if settled in left:
                return (settled,), (f"product from the conversation: {settled}",)
            return left or known, (f"a shared name leaves {len(left)} products",)
        if settled:
            return (settled,), (f"product from the conversation: {settled}",)
        if len(known) == 1:
            return known, (f"the account serves one product: {known[0]}",)
        return known, ("no product known",)

    def _carried(self, reading: Reading, context: Context, products: tuple[str, ...]) -> Match | None:
        """ "那臻爱21的呢": only the product changes, the question stays."""
        before = self._terrain.topic.get(context.topic or "")
        if before is None or len(products) != 1 or before.product == products[0]:
            return self._pending(context, products)
        there = self._same(before, products[0])
        if there is not None:
            return Match(
                decision="answer", product=there.product, topics=(there.id,), reasons=("same question, other product",)
            )
        return Match(
            decision="answer",
            product=products[0],
            lacking=products,
            family=before.family,
            reasons=("the product lacks it",),
        )

    def _pending(self, context: Context, products: tuple[str, ...]) -> Match | None:
        """The answer to "哪款产品？" may be the product's name: ask the pending question again with it."""
        if not context.choices or not context.question or not any(choice.product for choice in context.choices):
            return None
        again = replace(context, product=products[0], fixed=products[0], choices=(), topic=None)
        return self.route(context.question, again)

    def _same(self, topic: Topic, product: str) -> Topic | None:
        """Return another product's topic for the same question: same key, else same attribute, of the same family."""
        there = [other for other in self._terrain.topics if other.product == product and other.family == topic.family]
        return next((other for other in there if other.key == topic.key), None) or next(
            (other for other in there if other.attribute == topic.attribute), None
        )

    def _about_drug(self, reading: Reading, products: tuple[str, ...], context: Context) -> Match | None:
        listed = [product for product in products if product in self._drugs]
        if not listed:
            return None
        ask = self._drugs[listed[0]].ask(reading.rest, following=context.drug)
        if ask is None:
            return None
        if len(products) > 1:
            others = [product for product in products if "specialty-drug" in self._terrain.families[product]]
            if len(others) > 1:
                return self._which_product(others, "a drug, but no product")
        return Match(decision="answer", product=listed[0], drug=ask, reasons=(_drug_reason(ask),))

    def _compared(self, reading: Reading, products: tuple[str, ...], context: Context) -> Match | None:
        named = tuple(product for product in reading.products if product in context.products)
        asked = bool(self._cues.phrases["compare"].search(reading.rest))
        if len(named) < 2 and not (asked and not named and len(context.products) > 1 and "款" in reading.text):
            return None
        among = named if len(named) > 1 else context.products
        scores = self.ranking.scores(reading)
        if self._is_foreign(scores, reading):
            return None
        ranked = self.ranking.rank(reading, scores, products=among, most=1)
        if not ranked or ranked[0].score < self._limits.ask:
            return None
        lead = ranked[0].topic
        topics, lacking = [], []
        for product in among:
            topic = self._best_alike(reading, lead, product)
            if topic is None:
                lacking.append(product)
            else:
                topics.append(topic.id)
        return Match(
            decision="answer",
            compare=True,
            topics=tuple(topics),
            lacking=tuple(lacking),
            family=lead.family,
            reasons=(f"compares {len(among)} products", f"lead topic {lead.id}"),
        )

    def _best_alike(self, reading: Reading, lead: Topic, product: str) -> Topic | None:
        """Return the product's topic nearest to the lead's question, of the same family."""
        if lead.family not in self._terrain.families[product]:
            return None
        ranked = self.ranking.rank(
            reading, self.ranking.scores(reading), products=(product,), context=lead, carry=True, most=12
        )
        same = [item.topic for item in ranked if item.topic.family == lead.family]
        return next((topic for topic in same if topic.key == lead.key), same[0] if same else self._same(lead, product))

    def _several(self, text: str, whole: Reading, products: tuple[str, ...], context: Context) -> Match | None:
        """Two questions in one message are answered both, when each is clear by itself."""
        parts = [part for part in _SENTENCE.split(text) if len(part.strip()) >= 4]
        if len(products) != 1 or not 2 <= len(parts) <= 3:
            return None
        found: list[str] = []
        before = None
        for part in parts:
            reading = self.reader.read(part)
            if not reading.places and whole.places:
                reading = replace(reading, places=whole.places, families=whole.families)
            scores = self.ranking.scores(reading)
            ranked = self.ranking.rank(reading, scores, products=products, context=before)
            if not ranked or not self._is_clear(ranked) or self._is_foreign(scores, reading):
                continue
            before = ranked[0].topic
            if before.id not in found:
                found.append(before.id)
        if len(found) < 2:
            return None
        return Match(
            decision="answer", product=products[0], topics=tuple(found), reasons=("several questions in one message",)
        )

    def _one(self, reading: Reading, products: tuple[str, ...], context: Context, *, corrected: bool) -> Match:
        scores = self.ranking.scores(reading)
        before = self._terrain.topic.get(context.topic or "")
        carry = corrected or (bool(self._cues.phrases["switch"].match(reading.rest)) and len(reading.rest) <= 16)
        ranked = self.ranking.rank(reading, scores, products=products, context=before, carry=carry)
        candidates = tuple((item.topic.id, round(item.score, 3)) for item in ranked[:5])
        match = self._decide(reading, scores, ranked, products, carry=carry and before is not None)
        inside, foreign, medical = self.ranking.scope(scores)
        why = f"in scope {inside:.2f}, foreign {foreign:.2f}, medical {medical:.2f}"
        return replace(match, candidates=candidates, reasons=(*match.reasons, *_read_reasons(reading), why))

    def _decide(
        self, reading: Reading, scores: Scores, ranked: list[Ranked], products: tuple[str, ...], *, carry: bool
    ) -> Match:
        inside, foreign, medical = self.ranking.scope(scores)
        product = products[0] if len(products) == 1 else None
        if medical > max(inside + self._limits.medical, 0.3) and not (reading.places and inside > 0.5):
            return Match(decision="medical", product=product, reasons=("looks like a question for a doctor",))
        if not carry and self._is_foreign(scores, reading):
            return Match(decision="abstain", product=product, reasons=("no handbook question",))
        lacking = self._lacking(reading, products)
        if lacking:
            return lacking
        if not ranked or ranked[0].score < self._limits.ask:
            return Match(decision="abstain", product=product, reasons=("nothing near enough",))
        if product is None:
            return self._across(ranked, products)
        best = ranked[0]
        if best.score >= self._limits.answer and (
            self._is_clear(ranked) or ranked[1].topic.service == best.topic.service
        ):
            close = self._close_second(ranked)
            return Match(
                decision="answer",
                product=product,
                topics=(best.topic.id, *close),
                reasons=(f"best {best.topic.id} {best.score:.2f}",),
            )
        choices = tuple(Choice(label=self._label(item.topic), topic=item.topic.id) for item in ranked[:3])
        return Match(decision="clarify", product=product, choices=choices, reasons=("several topics are as likely",))

    def _across(self, ranked: list[Ranked], products: tuple[str, ...]) -> Match:
        """No product is known: answer only what a single product has, else ask which."""
        best = ranked[0]
        having = [product for product in products if best.topic.family in self._terrain.families[product]]
        if len(having) > 1:
            return self._which_product(having, "the question fits several products")
        if best.score < self._limits.answer:
            return self._which_product(list(products), "no product known")
        return Match(
            decision="answer",
            product=best.topic.product,
            topics=(best.topic.id,),
            reasons=(f"only {best.topic.product} has it", f"best {best.topic.id} {best.score:.2f}"),
        )

    def _which_product(self, products: Iterable[str], reason: str) -> Match:
        choices = tuple(Choice(label=self._terrain.short[product], product=product) for product in list(products)[:3])
        return Match(decision="clarify", intent="which_product", choices=choices, reasons=(reason,))

    def _lacking(self, reading: Reading, products: tuple[str, ...]) -> Match | None:
        """A service was named that the only product in question does not have."""
        if len(products) != 1 or not reading.families or reading.families & self._terrain.families[products[0]]:
            return None
        family = sorted(reading.families)[0]
        if not any(hit.how == "exact" and hit.length >= 2 for hit in reading.found):
            return None
        return Match(
            decision="answer",
            product=products[0],
            lacking=products,
            family=family,
            reasons=("the product lacks the service named",),
        )

    def _is_foreign(self, scores: Scores, reading: Reading) -> bool:
        inside, foreign, _ = self.ranking.scope(scores)
        shield = 0.15 * bool(reading.products) + 0.1 * bool(reading.places)
        return foreign > inside + self._limits.foreign + shield

    def _is_clear(self, ranked: list[Ranked]) -> bool:
        if ranked[0].score < self._limits.answer:
            return False
        return len(ranked) < 2 or ranked[0].score - ranked[1].score >= self._limits.margin

    def _close_second(self, ranked: list[Ranked]) -> tuple[str, ...]:
        """A second topic of the same service that is nearly as likely is told as well, where both are short."""
        if self._is_clear(ranked) or len(ranked) < 2:
            return ()
        first, second = ranked[0].topic, ranked[1].topic
        if second.service == first.service and first.length + second.length <= 210:
            return (second.id,)
        return ()

    def _label(self, topic: Topic) -> str:
        return topic.ask


def _drug_reason(ask: DrugAsk) -> str:
    if not ask.rows:
        return "a drug name that is not on the list"
    return f"drug rows {', '.join(map(str, ask.rows))}" + ("" if ask.certain else " (by sound or shape)")


def _read_reasons(reading: Reading) -> tuple[str, ...]:
    names = tuple(f"name {hit.name} → {hit.thing} ({hit.how})" for hit in reading.found)
    cues = (f"cues: {', '.join(sorted(reading.attributes))}",) if reading.attributes else ()
    return (*names, *cues)
