"""Each character's pinyin. pypinyin's dictionary of phrases is left out: it is 40,000 words that nobody here asks for,
and takes longer to load than everything else that a command needs."""

import os

os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")  # the package reads it while it is imported

from pypinyin.pinyin_dict import pinyin_dict

__all__ = ["pinyin_dict"]
