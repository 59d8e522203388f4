"""Loads the handbook folders into one immutable library and finds products, services, facts and drugs in it."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bot.errors import ConfigurationFault
from knowledge import strict_yaml
from knowledge.flow import Flow
from knowledge.schema import Clause, Drug, Fact, Phrasing, Product, Service

Model = TypeVar("Model", bound=BaseModel)

HANDBOOKS = Path(__file__).parent / "handbooks"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One fact in its place. `id` is product/service/key, unique over all handbooks."""

    product: Product
    service: Service
    fact: Fact

    @property
    def id(self) -> str:
        return f"{self.product.id}/{self.service.id}/{self.fact.key}"


@dataclass(frozen=True, kw_only=True)
class Handbook:
    """One product's handbook: its services and topics, clauses and, where it prints one, its drug list.

    `flows` holds by the service's id how each service is run; topics have none.
    """

    home: Path
    product: Product
    clauses: tuple[Clause, ...]
    services: tuple[Service, ...]
    topics: frozenset[str] = frozenset()
    drugs: tuple[Drug, ...] = ()
    phrasings: tuple[Phrasing, ...] = ()
    files: dict[str, Path] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(
            Entry(product=self.product, service=service, fact=fact)
            for service in self.services
            for fact in service.facts
        )

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], Entry]:
        return {(entry.service.id, entry.fact.key): entry for entry in self.entries}

    def find(self, service: str, key: str) -> Entry | None:
        """Return the entry of a service under exactly this key, or None."""
        return self._by_place.get((service, key))

    def service(self, id: str) -> Service | None:
        """Return a service or topic by its id, or None."""
        return next((service for service in self.services if service.id == id), None)


@dataclass(frozen=True, kw_only=True)
class Library:
    """All handbooks that this deployment knows."""

    handbooks: dict[str, Handbook]

    def __iter__(self) -> Iterator[Handbook]:
        return iter(self.handbooks.values())

    @cached_property
    def entries(self) -> dict[str, Entry]:
        return {entry.id: entry for handbook in self for entry in handbook.entries}

    def product(self, id: str) -> Product:
        """Return a product by id. Raises KeyError for an unknown one."""
        return self.handbooks[id].product


def load(folder: Path = HANDBOOKS) -> Library:
    """Read every handbook folder. Raises ConfigurationFault naming file, entry and remedy for the first fault."""
    homes = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not homes:
        raise ConfigurationFault(f"{folder}: no handbook folder found; add one folder a product (docs/handbooks.md)")
    return Library(handbooks={home.name: load_handbook(home) for home in homes})


@lru_cache(maxsize=1)
def loaded() -> Library:
    """Return the handbooks that are shipped, read once a process. Raises ConfigurationFault."""
    return load()


def load_handbook(home: Path) -> Handbook:
    """Read one product's folder. Raises ConfigurationFault."""
    product = _parse(home / "product.yaml", Product)
    if product.id != home.name:
        raise ConfigurationFault(
            f"{home / 'product.yaml'}: id {product.id!r} must equal its folder's name {home.name!r}"
        )
    services = {folder: _services(home / folder) for folder in ("services", "topics")}
    twice = services["services"].keys() & services["topics"].keys()
    if twice:
        raise ConfigurationFault(f"{home}: {min(twice)!r} stands in services and in topics; give one another id")
    both = {**services["services"], **services["topics"]}
    return Handbook(
        home=home,
        product=product,
        clauses=_clauses(home / "clauses.yaml"),
        services=tuple(service for _, service in both.values()),
        topics=frozenset(services["topics"]),
        drugs=_read_drugs(home / "drugs.csv"),
        phrasings=read_phrasings(home / "phrasings.csv"),
        files={id: path for id, (path, _) in both.items()},
        flows=_flows(home / "flows"),
    )


def _services(folder: Path) -> dict[str, tuple[Path, Service]]:
    """Read each service or topic of a folder, by id."""
    found = {}
    for path in _yaml_files(folder):
        service = _parse(path, Service)
        if service.id != path.stem:
            raise ConfigurationFault(f"{path}: id {service.id!r} must equal the file's name {path.stem!r}")
        found[service.id] = path, service
    return found


def _flows(folder: Path) -> dict[str, Flow]:
    """Read how each service is run, by the service's id."""
    found = {}
    for path in _yaml_files(folder):
        flow = _parse(path, Flow)
        if flow.service != path.stem:
            raise ConfigurationFault(f"{path}: service {flow.service!r} must equal the file's name {path.stem!r}")
        found[flow.service] = flow
    return found


def _yaml_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix != ".yaml":
            raise ConfigurationFault(f"{path}: only .yaml files belong here; rename or remove it")
        yield path


def _clauses(path: Path) -> tuple[Clause, ...]:
    rows = strict_yaml.read(path)
    if not isinstance(rows, list) or not rows:
        raise ConfigurationFault(f"{path}: holds no list of clauses; write one entry for each clause of the handbook")
    return tuple(_parse_item(path, Clause, row, called=_name_of(row)) for row in rows)


def _name_of(row: Any) -> str:
    return f"{row['id']}: " if isinstance(row, dict) and "id" in row else ""


def _parse(path: Path, model: type[Model]) -> Model:
    return _parse_item(path, model, strict_yaml.read(path))


def _parse_item(path: Path, model: type[Model], content: Any, *, called: str = "") -> Model:
    """`called` is what its author calls a row, for the message of a fault in it."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigurationFault(_explain(path, content, error, called)) from error


def _explain(path: Path, content: Any, error: ValidationError, called: str) -> str:
    """Name the entry by what its author calls it (a fact's key, a clause's id), not by a position only."""
    first = error.errors()[0]
    place: Any = content
    names: list[str] = []
    for step in first["loc"]:
        names.append(str(step))
        place = _inside(place, step)
        if isinstance(place, dict) and isinstance(step, int):
            names[-1] = (
                f"{step} ({place.get('key') or place.get('id') or place.get('slot') or place.get('number') or '?'})"
            )
    return f"{path}: entry {called}{'.'.join(names) or '(top)'}: {first['msg']}; the schema is in docs/handbooks.md"


def _inside(place: Any, step: Any) -> Any:
    """Return what stands at `step` of a mapping or a list, or None."""
    try:
        return place[step]
    except (KeyError, IndexError, TypeError):
        return None


def read_phrasings(path: Path) -> tuple[Phrasing, ...]:
    """Read a file of phrasings (service,key,voice,text); a missing file holds none. Raises ConfigurationFault."""
    return tuple(
        _parse_item(path, Phrasing, row, called=f"line {line}: ") for line, row in enumerate(_read_table(path), start=2)
    )


def _read_drugs(path: Path) -> tuple[Drug, ...]:
    rows = [
        {**row, "nicknames": [name for name in (row.get("nicknames") or "").split("|") if name]}
        for row in _read_table(path)
    ]
    return tuple(_parse_item(path, Drug, row, called=f"line {line}: ") for line, row in enumerate(rows, start=2))


def _read_table(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
    except UnicodeDecodeError as error:
        raise ConfigurationFault(f"{path}: not UTF-8; save the file in UTF-8") from error
