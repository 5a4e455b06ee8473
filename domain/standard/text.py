"""What a standard's texts and codes may be made of, so that a person sees everything that is in them."""

from __future__ import annotations

import unicodedata

TEXT_CHARS_MAX = 2_000
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def unseen(text: str) -> str | None:
    """The first character that shows nothing on a screen, as "U+200B"; None if there is none. A line break is seen."""
    for character in text:
        if character != "\n" and unicodedata.category(character) in _UNSEEN:
            return f"U+{ord(character):04X}"
    return None


def narrow(text: str) -> str:
    """A code or limit with full-width digits and letters made narrow (NFKC) and the blanks around it taken away."""
    return unicodedata.normalize("NFKC", text).strip()
