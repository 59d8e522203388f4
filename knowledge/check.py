"""Finds faults in the handbook data that a schema cannot see. Every fault names file, entry and remedy."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from knowledge.flow_check import OPTIONS, flow_faults
from knowledge.library import Handbook, Library
from knowledge.schema import LONGEST
from knowledge.vocabulary import attribute_names, family_names


def coverage(handbook: Handbook) -> dict[str, list[str]]:
    """Return for each clause, in the handbook's order, the ids of the entries that rest on it."""
    table: dict[str, list[str]] = {clause.id: [] for clause in handbook.clauses}
    for entry in handbook.entries:
        for clause in entry.fact.clause:
            table.setdefault(clause, []).append(entry.id)
    return table


def find_faults(library: Library, *, texts: Path | None = None) -> list[str]:
    """Return every fault in the handbooks, one sentence each; an empty list when there is none.

    With `texts`, a folder of the handbooks' text editions, the clauses must also cover each printed line.
    """
    faults = list(_product_names(library))
    for handbook in library:
        faults += _clauses(handbook)
        faults += _product_clauses(handbook)
        faults += _facts(handbook)
        faults += _aliases(handbook)
        faults += _drugs(handbook)
        faults += _phrasings(handbook)
        faults += flow_faults(handbook)
        if texts is not None:
            faults += _lines(handbook, texts)
    return faults


def _product_names(library: Library) -> Iterator[str]:
    owners: dict[str, set[str]] = defaultdict(set)
    for handbook in library:
        for name in [*handbook.product.called, *handbook.product.mistaken, *handbook.product.halves]:
            owners[name.lower()].add(handbook.product.id)
    for name, products in sorted(owners.items()):
        if len(products) > 1:
            yield (
                f"product.yaml of {', '.join(sorted(products))}: name {name!r} is claimed by each; "
                "move it to shared_names, so that it never decides alone"
            )


def _clauses(handbook: Handbook) -> Iterator[str]:
    path = handbook.home / "clauses.yaml"
    for clause, times in Counter(clause.id for clause in handbook.clauses).items():
        if times > 1:
            yield f"{path}: clause {clause!r} stands {times} times; give each its own id"
    free = {clause.id for clause in handbook.clauses if clause.fact_free}
    for clause, entries in coverage(handbook).items():
        if not entries and clause not in free:
            yield f"{path}: clause {clause!r} is covered by no entry; write a fact for it, or mark it fact_free"


def _product_clauses(handbook: Handbook) -> Iterator[str]:
    """What product.yaml says rests on clauses too, and so does every answer about the drug list."""
    path, product = handbook.home / "product.yaml", handbook.product
    clauses = {clause.id for clause in handbook.clauses}
    cited = [
        ("person", product.person.clause),
        *((f"telephone {item.number}", item.clause) for item in product.telephones),
        *((f"entrance {item.name}", item.clause) for item in product.entrances),
    ]
    if handbook.drugs:
        cited.append(("drugs_clause", [product.drugs_clause]))
    reminders = product.child_reminders
    if reminders is not None:
        cited.append(("child_reminders", reminders.clause))
        if reminders.check_ups_option not in (None, *OPTIONS):
            yield f"{path}: child_reminders: check_ups_option is unknown; use one of {', '.join(OPTIONS)}"
    for entry, named in cited:
        for clause in named:
            if clause not in clauses:
                yield f"{path}: {entry}: clause {clause!r} is not in clauses.yaml; correct it or add the clause"


def _facts(handbook: Handbook) -> Iterator[str]:
    clauses = {clause.id for clause in handbook.clauses}
    if handbook.service(handbook.product.doctor_service) is None:
        named = handbook.product.doctor_service
        yield f"{handbook.home / 'product.yaml'}: doctor_service {named!r} has no file; name one that has"
    for service in handbook.services:
        path = handbook.files[service.id]
        if service.family not in family_names():
            yield f"{path}: family {service.family!r} is unknown; use one of knowledge/families.yaml or add it there"
        keys = Counter(fact.key for fact in service.facts)
        for key, times in keys.items():
            if times > 1:
                yield f"{path}: fact {key!r} stands {times} times; add a condition to tell them apart (key.condition)"
        for fact in service.facts:
            place = f"{path}: fact {fact.key!r}"
            if fact.attribute not in attribute_names():
                yield f"{place}: attribute {fact.attribute!r} is unknown; use or extend knowledge/attributes.yaml"
            if fact.attribute == "timing" and fact.condition is None:
                yield f"{place}: timing needs a condition that says which step (timing.review)"
            for clause in fact.clause:
                if clause not in clauses:
                    yield f"{place}: clause {clause!r} is not in clauses.yaml; correct it or add the clause"
            if len(fact.say) > LONGEST[fact.shape]:
                allowed = LONGEST[fact.shape]
                yield f"{place}: say has {len(fact.say)} characters, a {fact.shape} may have {allowed}; shorten it"
            if fact.status == "conflict" and len(fact.clause) < 2:
                yield f"{place}: a conflict names both clauses; add the other one"
            for other in fact.also:
                if other not in keys:
                    yield f"{place}: also names {other!r}, which this file has not; correct the key"


def _aliases(handbook: Handbook) -> Iterator[str]:
    owners: dict[str, set[str]] = defaultdict(set)
    for service in handbook.services:
        for name in {service.name, service.short, *service.called}:
            owners[name.lower()].add(service.id)
    for name, services in sorted(owners.items()):
        if len(services) > 1:
            yield (
                f"{handbook.home}: name {name!r} is claimed by {', '.join(sorted(services))}; "
                "leave it to one, or make it more precise"
            )


def _drugs(handbook: Handbook) -> Iterator[str]:
    path = handbook.home / "drugs.csv"
    for no, times in Counter(drug.no for drug in handbook.drugs).items():
        if times > 1:
            yield f"{path}: row {no} stands {times} times; every row has its own number"
    owners: dict[str, set[str]] = defaultdict(set)
    for drug in handbook.drugs:
        for name in drug.nicknames:
            owners[name.lower()].add(drug.generic)
    for name, generics in sorted(owners.items()):
        if len(generics) > 1:
            yield f"{path}: nickname {name!r} is given to {', '.join(sorted(generics))}; it may mean one drug only"


def _phrasings(handbook: Handbook) -> Iterator[str]:
    for phrasing in handbook.phrasings:
        if handbook.find(phrasing.service, phrasing.key) is None:
            yield (
                f"{handbook.home / 'phrasings.csv'}: {phrasing.text!r} asks for {phrasing.service}/{phrasing.key}, "
                "which does not exist; correct service and key"
            )


def _lines(handbook: Handbook, texts: Path) -> Iterator[str]:
    source = handbook.product.source
    path = texts / source.file
    if not path.exists():
        yield f"{handbook.home / 'product.yaml'}: source file {source.file!r} is not in {texts}; correct the name"
        return
    content = path.read_bytes()
    if sha256(content).hexdigest() != source.sha256:
        place = handbook.home / "product.yaml"
        yield f"{place}: {source.file} has changed since it was entered; compare, then update sha256"
    covered = {number for clause in handbook.clauses for number in range(clause.lines[0], clause.lines[1] + 1)}
    for number, line in enumerate(content.decode("utf-8").splitlines(), start=1):
        if line.strip() and number not in covered:
            place = handbook.home / "clauses.yaml"
            yield f"{place}: line {number} of {source.file} belongs to no clause; add or widen one"
