"""Become a command that does not outlive the process that started it.

usage: child.py PARENT DEATH_SIGNAL UID GID COMMAND…   (UID and GID: -1 keeps them)

This runs between fork and exec instead of code in the forked copy of a threaded launcher, which would not be
safe. It uses the standard library only, for it starts before every child.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    parent, death_signal, uid, gid = map(int, arguments[:4])
    command = arguments[4:]
    linux = sys.platform == "linux"
    libc = ctypes.CDLL(None) if linux else None
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of user, for that forgets the death signal. It is sent when the *thread* that forked ends.
    if libc is not None:
        libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the launcher has ended")
    try:
        os.execv(command[0], command)
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
