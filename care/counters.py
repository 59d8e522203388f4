"""Names the counts of a service, so that a use that was stored finds its rule again."""

from hashlib import sha256

from care import rules

# The column's width (care.tables.uses).
LONGEST = 64


def counter_of(uses: rules.Uses) -> str:
    """Return the stable name of a count: its condition in words, "" for one without, a digest of one too long."""
    named = ";".join(f"{slot}={'|'.join(sorted(values))}" for slot, values in sorted(uses.when.items()))
    return named if len(named) <= LONGEST else sha256(named.encode()).hexdigest()
