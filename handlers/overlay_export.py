"""Published additions in the form of the data files, for taking them into the handbooks: docs/handbooks.md."""

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable

import yaml

from care.knowledge_items import Item
from knowledge.library import Library

_README = """\
What operators published, to be taken into knowledge/handbooks. Each file holds additions only:
<product>/phrasings.csv       rows to append to the product's phrasings.csv
<product>/services/<id>.yaml  `called`: names to add; `facts`: entries to add (choose keys of the handbook's own)
<product>/drugs.csv           no,nicknames: nicknames to add to that row
After the next deployment withdraw the items named in items.csv.
"""


def exported(library: Library, items: Iterable[Item]) -> bytes:
    """Return a zip of files that are added to the handbooks' own."""
    kept = [item for item in items if item.content.product in library.handbooks]
    files = {"README.txt": _README, "items.csv": _table(["id", "kind", "product"], _named(kept))}
    phrasings: dict[str, list[list[str]]] = defaultdict(list)
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    facts: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
    drugs: dict[str, list[list[str]]] = defaultdict(list)
    for item in kept:
        content = item.content
        place = (content.product, content.service or "")
        if content.kind == "phrasing":
            phrasings[content.product] += [[place[1], content.key or "", "console", text] for text in content.texts]
        elif content.kind == "service_name":
            names[place] += content.texts
        elif content.kind == "drug_name":
            drugs[content.product].append([str(content.drug_no), "|".join(content.texts)])
        else:
            key = f"added.{item.id}"
            fact: dict[str, object] = {
                "key": key,
                "ask": content.texts[0],
                "say": content.say,
                "clause": list(content.clauses),
            }
            facts[place].append(fact)
            phrasings[content.product] += [[place[1], key, "console", text] for text in content.texts[1:]]
    for product, rows in phrasings.items():
        files[f"{product}/phrasings.csv"] = _table(["service", "key", "voice", "text"], rows)
    for product, rows in drugs.items():
        files[f"{product}/drugs.csv"] = _table(["no", "nicknames"], rows)
    for product, service in {*names, *facts}:
        added = {"called": names[product, service], "facts": facts[product, service]}
        text = yaml.safe_dump({name: value for name, value in added.items() if value}, allow_unicode=True, width=120)
        files[f"{product}/{_folder(library, product, service)}/{service}.yaml"] = text
    return _zipped(files)


def _folder(library: Library, product: str, service: str) -> str:
    return "topics" if service in library.handbooks[product].topics else "services"


def _named(items: Iterable[Item]) -> list[list[str]]:
    return [[str(item.id), item.content.kind, item.content.product] for item in items]


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(head)
    table.writerows(rows)
    return written.getvalue()


def _zipped(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), files[name])
    return content.getvalue()
