"""Decides whether a message is a handbook question at all, a medical one, or something else.

The limits were set on recorded questions and foreign messages that the scorers had not seen (docs/understanding.md).
"""

from dataclasses import dataclass

from intents.ranking import Scope


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What speaks for a handbook question besides the learned scores."""

    product_named: bool
    product_settled: bool
    service_named: bool
    following: bool
    medical_words: bool = False


@dataclass(frozen=True, kw_only=True)
class GateLimits:
    """By how much the in-scope score must exceed the foreign one, less what the evidence is worth."""

    lead: float = 0.60
    product_named: float = 0.6
    product_settled: float = 0.2
    service_named: float = 0.15
    following: float = 0.3
    medical: float = 0.28
    medical_lead: float = 0.35
    medical_words: float = 0.1
    medical_words_lead: float = 0.95
    medical_share: float = 0.85  # of a foreign message's likeness, that makes it a medical one


def is_medical(scope: Scope, evidence: Evidence, limits: GateLimits) -> bool:
    """Return whether a doctor should be asked rather than a handbook."""
    if evidence.medical_words and scope.medical >= limits.medical_words:
        return scope.inside - scope.medical < limits.medical_words_lead
    if is_foreign(scope, evidence, limits) and scope.medical >= max(limits.medical_share * scope.foreign, 0.15):
        return True
    if scope.medical < limits.medical:
        return False
    lead = scope.inside - scope.medical
    return lead < limits.medical_lead - 0.2 * evidence.service_named - 0.1 * evidence.product_named


def is_foreign(scope: Scope, evidence: Evidence, limits: GateLimits) -> bool:
    """Return whether no handbook of ours is meant."""
    needed = limits.lead - (
        limits.product_named * evidence.product_named
        + limits.product_settled * evidence.product_settled
        + limits.service_named * evidence.service_named
        + limits.following * evidence.following
    )
    return scope.inside - scope.foreign < needed
