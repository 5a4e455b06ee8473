"""The garbage collector kept away from what a process loads once: its modules, and what it holds by then.

A full collection looks at every tracked object, and a part's imports alone are a hundred thousand: 50 ms in which it
does nothing else, each time some have been added.
"""

from __future__ import annotations

import gc


def spare_what_is_loaded() -> None:
    """Collect once, and never look again at what is alive now; it is still freed when nobody refers to it any more."""
    gc.collect()
    gc.freeze()
