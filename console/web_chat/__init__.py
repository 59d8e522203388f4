"""The web chat's page, for an insurer's own app or site, and what it fetches. It must not decide what is said."""
