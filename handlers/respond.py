"""The assistant's answer to one turn: routes the message, composes the reply, keeps what the next turn needs."""

from collections.abc import Mapping
from dataclasses import replace

from bot.messages import Inbound, Kind, Outcome, Owner, Reply, Turn, Understanding
from handlers import answers
from handlers.wording import has, kind_name, say
from intents.match import Context, Match
from intents.router import Router
from knowledge.library import Library

_EXAMPLE_TOPICS = 2
_THANKS = frozenset({"thanks", "praise", "ack"})


class Assistant:
    """Answers turns from the handbooks. Holds nothing of a conversation: what a later turn needs is in the Outcome."""

    def __init__(self, library: Library, router: Router, *, products: Mapping[str, tuple[str, ...]]) -> None:
        """`products` gives each account's products, by account id."""
        self._library = library
        self._router = router
        self._products = products

    def tell_from(self, library: Library) -> None:
        """Answer from this library from the next message on: the same one, with entries added."""
        self._library = library

    def products_of(self, account: str) -> tuple[str, ...]:
        """Return the products of an account; none for an unknown one."""
        return self._products.get(account, ())

    def respond(self, turn: Turn) -> Outcome:
        """Return what to say to one message or event, with the state for the next turn."""
        inbound = turn.inbound
        products = self._products.get(inbound.account, tuple(self._library.handbooks))
        context = Context.from_state(turn.conversation.state, products=products)
        waiting = turn.conversation.owner is Owner.WAITING
        if inbound.kind is Kind.EVENT:
            return self._event(inbound, context, waiting=waiting)
        if inbound.kind not in (Kind.TEXT, Kind.VOICE) or not inbound.text.strip():
            return Outcome(replies=(Reply(text=_not_understood(inbound)),))
        return self.discuss(inbound.text, context, waiting=waiting)

    def discuss(self, message: str, context: Context, *, waiting: bool = False) -> Outcome:
        """Return the outcome of one text in a context; `waiting`: the conversation already waits for a person."""
        match = self._router.route(message, context)
        reply = self._reply(match, context, waiting=waiting)
        following = self._next_context(match.beside or match, context)
        return Outcome(
            replies=(reply,),
            state=following.to_state(),
            hand_over=_hand_over_reason(match),
            page=match.decision == "emergency",
            understanding=self._understanding(match, context, following),
        )

    def _reply(self, match: Match, context: Context, *, waiting: bool) -> Reply:
        if match.decision == "answer":
            return answers.answer(match, self._library)
        if match.decision == "clarify":
            return Reply(text=self._clarification(match, context))
        if match.decision == "emergency":
            return self._warning(match, context)
        if match.decision == "handoff":
            promise = self._handoff(match, context, waiting=waiting)
            if match.beside is None:
                return Reply(text=promise)
            told = self._reply(match.beside, context, waiting=waiting)
            return replace(told, text=f"{told.text}\n\n{promise}")
        text = {
            "abstain": self._abstention,
            "medical": self._medical,
            "menu": self._menu,
            "smalltalk": self._small_talk,
        }
        return Reply(text=text[match.decision](match, context))

    def _warning(self, match: Match, context: Context) -> Reply:
        """120 first; behind it what was asked beside, or that it may have been heard wrongly."""
        beside = match.beside
        if beside is None:
            return Reply(text=say(match.intent or "emergency"))
        if beside.decision not in ("answer", "clarify", "medical"):
            return Reply(text=f"{say('emergency')}\n\n{say('emergency_doubted')}")
        told = self._reply(beside, context, waiting=False)
        return replace(told, text=f"{say('emergency_first')}\n\n{told.text}")

    def _clarification(self, match: Match, context: Context) -> str:
        choices = "\n".join(f"{at}. {choice.label}" for at, choice in enumerate(match.choices, start=1))
        if match.intent == "which_product":
            return say("which_product", choices=choices)
        if match.product:
            return say("which_topic_product", choices=choices, product=self._library.product(match.product).short)
        return say("which_topic", choices=choices)

    def _abstention(self, match: Match, context: Context) -> str:
        if match.intent == "unserved" and match.product:
            short = self._library.product(match.product).short
            return say("unserved_product", product=short, products=self._names(context.products))
        if match.intent == "no_choice":
            return say("no_choice")
        if context.misses:
            return say("abstain_again")
        return say("abstain", products=self._names(context.products))

    def _medical(self, match: Match, context: Context) -> str:
        product = match.product or context.product
        if product in self._library.handbooks:
            return say("medical", doctor=self._library.product(product).doctor_say)
        services = [
            f"{handbook.product.short}的{service.short}"
            for handbook in (self._library.handbooks[id] for id in context.products)
            if (service := handbook.service(handbook.product.doctor_service)) is not None
        ]
        return say("medical", doctor=say("medical_any", doctors="、".join(services)))

    def _handoff(self, match: Match, context: Context, *, waiting: bool) -> str:
        product = match.product or context.product
        if product in self._library.handbooks:
            person = self._library.product(product).person.say
        else:
            persons = [self._library.product(id) for id in context.products]
            person = say("person_any", persons="".join(f"{it.short}：{it.person.say}" for it in persons))
        return say("handoff_again" if waiting else "handoff", person=person)

    def _menu(self, match: Match, context: Context) -> str:
        if match.intent == "product" and match.product:
            services = "、".join(self._services(match.product))
            short = self._library.product(match.product).short
            return say("product_noted", product=short, services=services, example=self._example(match.product))
        lines = [
            say("menu_line", product=self._library.product(id).short, services="、".join(self._services(id)))
            for id in context.products
        ]
        return say("menu", services="\n".join(lines), example=self._example(context.products[0]))

    def _small_talk(self, match: Match, context: Context) -> str:
        intent = match.intent or "greeting"
        if not has(intent):
            return say("nothing_open")
        return say(intent, products=self._names(context.products)) if intent == "greeting" else say(intent)

    def _event(self, inbound: Inbound, context: Context, *, waiting: bool) -> Outcome:
        """Greet a new follower; a menu click carries a question as its key; other events need no words."""
        if inbound.event == "subscribe":
            return Outcome(replies=(Reply(text=say("welcome", products=self._names(context.products))),))
        if inbound.event == "enter_session":  # only where the platform takes a welcome: nobody is greeted twice
            return Outcome(replies=(Reply(text=say("welcome_here", products=self._names(context.products))),))
        if inbound.event == "click" and inbound.event_key:
            return self.discuss(inbound.event_key, context, waiting=waiting)
        return Outcome()

    def _services(self, product: str) -> list[str]:
        handbook = self._library.handbooks[product]
        return [service.short for service in handbook.services if service.id not in handbook.topics]

    def _example(self, product: str) -> str:
        return f"{self._services(product)[0]}怎么申请"

    def _names(self, products: tuple[str, ...]) -> str:
        return "、".join(self._library.product(id).short for id in products)

    def _next_context(self, match: Match, context: Context) -> Context:
        """Remember product and topic over small talk; open choices last for one message."""
        product = match.product if match.product in context.products else context.product
        if match.compare:
            product = None  # of several products none is the one talked of: what follows asks which
        if match.decision == "answer":
            topic = match.topics[0] if match.topics else match.about or context.topic
            return replace(
                context,
                product=product,
                topic=topic,
                told=match.topics if topic else (),
                choices=(),
                question="",
                drug=match.drug is not None,
                drug_rows=match.drug.rows if match.drug else (),
                misses=0,
            )
        if match.decision == "clarify":
            return replace(
                context, product=product, choices=match.choices, question=match.question, misses=context.misses
            )
        if match.decision == "abstain":
            return replace(context, product=product, choices=(), question="", misses=context.misses + 1)
        return replace(context, product=product, choices=(), question="", misses=0)

    def _understanding(self, match: Match, context: Context, following: Context) -> Understanding:
        meant = match.beside or match
        entry = self._library.entries.get(meant.topics[0]) if meant.topics else None
        return Understanding(
            decision=match.decision,
            product=match.product,
            service=entry.service.id if entry else ("specialty-drug" if meant.drug else None),
            attribute=entry.fact.key if entry else ("list" if meant.drug else match.intent),
            facts=meant.topics,
            reasons=(*match.reasons, *(f"candidate {id} {score}" for id, score in meant.candidates)),
            next_move=_next_move(match, context),
        )


def _hand_over_reason(match: Match) -> str | None:
    if match.decision == "handoff":
        return match.intent or "handoff"
    return match.intent if match.decision == "emergency" else None


def _next_move(match: Match, context: Context) -> str:
    """Say how this message follows the answer before it: the raw material of the quality loop."""
    if match.decision == "handoff":
        return "to_person"
    if match.intent in _THANKS:
        return "thanked"
    if context.choices and any(reason.startswith("choice ") for reason in match.reasons):
        return "chose"
    repeated = context.topic is not None and context.topic in match.topics
    return "asked_again" if repeated or context.misses else "moved_on"


def _not_understood(inbound: Inbound) -> str:
    if inbound.kind is Kind.VOICE:
        return say("voice_unheard")
    kind = kind_name(inbound.kind)
    return say("not_text", kind=kind) if kind else say("unknown_kind")
