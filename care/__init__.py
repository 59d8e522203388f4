"""What we run for people: policies, eligibility, cases, vaccination. It must not know chat or HTTP."""
