"""Run a command under the restrictions of feedwitness.service that a process can lay upon itself, systemd not needed.

    python sandbox.py '{"calls": […], "families": […], "uid": 65534}' COMMAND …

System calls that are not listed, and memory that is writable and executable, are refused (EPERM); so are sockets of
other families (EAFNOSUPPORT), as systemd's own filters do it. It stands alone: the Python that runs it may be any.
"""

import ctypes
import errno
import json
import os
import resource
import socket
import sys

ALLOW = 0x7FFF0000
NE, EQ, GT, MASKED_EQ = 1, 4, 6, 7
PROT_WRITE, PROT_EXEC = 2, 4
FAMILIES = 64
SYMBOL = "libseccomp.so.2"


class Comparison(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


class Filter:
    """One filter of the kernel: what no rule names gets `otherwise`."""

    def __init__(self, library: ctypes.CDLL, otherwise: int) -> None:
        self._library = library
        self._context = library.seccomp_init(ctypes.c_uint32(otherwise))

    def rule(self, action: int, call: str, *comparisons: Comparison) -> None:
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:  # another architecture's
            return
        array = (Comparison * len(comparisons))(*comparisons)
        failed = self._library.seccomp_rule_add_array(self._context, action, number, len(comparisons), array)
        if failed:
            raise OSError(-failed, f"no rule for {call}")

    def load(self) -> None:
        if failed := self._library.seccomp_load(self._context):
            raise OSError(-failed, "the filter is not taken")


def refuse(number: int) -> int:
    return 0x00050000 | number


def restrict(calls: list[str], families: list[str]) -> None:
    library = ctypes.CDLL(SYMBOL)
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_rule_add_array.argtypes = (
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(Comparison))  # fmt: skip
    library.seccomp_load.argtypes = (ctypes.c_void_p,)

    sockets = Filter(library, ALLOW)
    ours = {int(getattr(socket, family)) for family in families}
    for family in set(range(FAMILIES)) - ours:
        sockets.rule(refuse(errno.EAFNOSUPPORT), "socket", Comparison(0, EQ, family))
    sockets.rule(refuse(errno.EAFNOSUPPORT), "socket", Comparison(0, GT, FAMILIES - 1))

    memory = Filter(library, ALLOW)
    both = PROT_WRITE | PROT_EXEC
    memory.rule(refuse(errno.EPERM), "mmap", Comparison(2, MASKED_EQ, both, both))
    for call in ("mprotect", "pkey_mprotect"):
        memory.rule(refuse(errno.EPERM), call, Comparison(2, MASKED_EQ, PROT_EXEC, PROT_EXEC))

    listed = Filter(library, refuse(errno.EPERM))
    for call in calls:
        listed.rule(ALLOW, call)
    for each in (sockets, memory, listed):
        each.load()


def main() -> None:
    wanted = json.loads(sys.argv[1])
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(wanted["uid"], wanted["uid"], wanted["uid"])
        os.setresuid(wanted["uid"], wanted["uid"], wanted["uid"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    restrict(wanted["calls"], wanted["families"])
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
