"""Launcher: becomes a server process, `python -I -S _launch.py PARENT_PID USER|- SIGNAL PROGRAM ARG…`.

Runs alone, before exec, so that the parent needs no preexec_fn (unsafe beside threads). It drops root where asked, asks
Linux for a signal when the parent dies, and then is the program.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522


def become(libc: ctypes.CDLL, user: str) -> None:
    """Drop from root to `user`, keeping only the right to walk through closed folders (a checkout under /root, say)."""
    entry = pwd.getpwnam(user)
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    # Or access(2), by which PostgreSQL's programs look for each other, would not count that right.
    libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    mask = 1 << CAP_DAC_READ_SEARCH
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    # Where a container forbids this the server still starts if its folders are open to others.
    if libc.capset(header, data) == 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0)


def main() -> None:
    """Take the parent's orders from argv and exec."""
    parent, user, signal = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if user != "-":
            become(libc, user)
        # After the change of user, which clears it; cleared neither by exec nor by threads of the parent that live on.
        libc.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(1)
    elif user != "-":
        entry = pwd.getpwnam(user)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    os.execv(sys.argv[4], sys.argv[4:])  # noqa: S606  # the point: no shell between us and the server


if __name__ == "__main__":
    main()
