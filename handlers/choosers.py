"""What the dialog engine asks us about the world: which drugs of a product's list an answer may mean."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.slots.reading import Chooser
from handlers.scene import Scene
from handlers.wording import say


def choosers_of(scene: Scene, product: str | None) -> Mapping[str, Chooser]:
    """Return the choosers for a dialog about a product; without a drug list drugs are noted as written."""
    if product is None or not scene.house.library.handbooks[product].drugs:
        return {}
    rows = {drug.no: drug for drug in scene.house.library.handbooks[product].drugs}

    def drug(text: str) -> Sequence[tuple[Any, str, bool]]:
        found = scene.house.router.drugs_in(text, product)
        certain = [(no, sure) for no, sure in found if sure] or found
        return [
            (
                rows[no].brand,
                say("drug_row", brand=rows[no].brand, generic=rows[no].generic, maker=rows[no].maker),
                sure and len(certain) == 1,
            )
            for no, sure in certain
        ]

    return {"drug": drug}
