"""How many connections a process of the gate serves at once: as many as it may have files for, beside its own.

A connection is a file. A process that has no file left opens no store and no repository either, so that whoever opens
connections could stop everybody: the process asks for as many files as it needs, and serves no more than it got.
"""

import logging
import resource

OWN = 512  # files of the gate itself: store, repository, pipes of git, what it sends
_TOLD = 128
_log = logging.getLogger("agentgov.gate")


def told_beside(served: int) -> int:
    """How many connections may be open beyond those that are served, to be told so; more are hung up on."""
    return min(_TOLD, served // 2)


def connections(files: int, wanted: int) -> int:
    """How many of the connections that are wanted a process may serve that may have so many files."""
    room = files - min(OWN, files // 2)
    return max(1, min(wanted, max(room - _TOLD, room * 2 // 3)))


def admitted(wanted: int) -> int:
    """Ask for as many files as so many connections take, and say how many may be served."""
    soft, hard = map(_number, resource.getrlimit(resource.RLIMIT_NOFILE))
    files = soft
    goal = min(wanted + told_beside(wanted) + OWN, hard)
    if soft < goal:
        files = goal if _raise(goal) else soft
    found = connections(files, wanted)
    if found < wanted:
        _log.warning("no more than %d connections at once: only %d files may be open (ulimit -n)", found, files)
    elif files > soft:
        _log.info("%d files may be open, and not %d only: for %d connections", files, soft, found)
    return found


def _raise(files: int) -> bool:
    """Whether the process may have so many files from now on."""
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    except (OSError, ValueError):  # some systems allow less than the hard limit says
        return False
    return True


def _number(limit: int) -> int:
    return 1 << 40 if limit == resource.RLIM_INFINITY else limit
