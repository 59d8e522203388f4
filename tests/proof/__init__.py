"""Long proofs (`make proof`), and a seed of three of each for every run of the suite."""
