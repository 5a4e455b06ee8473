"""How many sockets and files a process may have open: each screen on the wall is one."""

from __future__ import annotations

import resource

WANTED = 65_536


def allow_descriptors() -> int:
    """Raise this process's limit, 1,024 at first on many systems, as far as the machine allows and it may be of use;
    gives what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return soft
