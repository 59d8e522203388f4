"""What is an ordinary Chinese word: a stretch that is one is no misspelling of something else."""

import logging
from functools import lru_cache

import jieba

_COMMON = 30  # occurrences in jieba's corpus; below, dictionaries hold names and oddities that are typos here

jieba.setLogLevel(logging.WARNING)


@lru_cache(maxsize=8192)
def is_ordinary(word: str) -> bool:
    """Return whether `word` is a common word of the dictionary (电子, 真爱), so that it may be meant as it stands."""
    jieba.initialize()
    frequency = jieba.dt.FREQ.get(word, 0)
    return bool(frequency >= _COMMON)


def word_bounds(text: str) -> frozenset[int]:
    """Return the positions in `text` where a word begins or ends (建议书 has none before 书)."""
    return frozenset((0, *(end for _, _, end in jieba.tokenize(text, HMM=False))))
