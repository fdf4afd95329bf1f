"""A process under what a systemd unit forbids, without a systemd that runs: its system calls, its rule about
writable code and its address families by libseccomp, its user by setuid. Not here: name spaces and mounts."""
import errno
import mmap
import os
import re
import subprocess

import seccomp  # Debian's python3-seccomp


def values_of(unit, key):
    return [value for value in re.findall(r"(?m)^%s=(.*)$" % key, unit)]


def calls_in(name, seen):
    """The system calls of a set, and of the sets in it."""
    if not name.startswith("@"):
        return {name}
    if name not in seen:
        shown = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True)
        lines = [line.strip() for line in shown.stdout.splitlines()[1:]]
        seen[name] = set().union(*(calls_in(line, seen) for line in lines if line and not line.startswith("#")))
    return seen[name]


def allowed_calls(unit):
    """As systemd.exec(5) reads SystemCallFilter: first a list of what may be, then ~ what may not."""
    seen, allowed = {}, calls_in("@default", {}) | {"execve"}
    for line in values_of(unit, "SystemCallFilter"):
        names = set().union(*(calls_in(name, seen) for name in line.lstrip("~").split()))
        allowed = allowed - names if line.startswith("~") else allowed | names
    return allowed


def filter_of(unit):
    assert values_of(unit, "SystemCallErrorNumber") == ["EPERM"] and values_of(unit, "MemoryDenyWriteExecute") == ["yes"]
    made = seccomp.SyscallFilter(defaction=seccomp.ERRNO(errno.EPERM))
    code, writable_code = mmap.PROT_EXEC, mmap.PROT_EXEC | mmap.PROT_WRITE
    families = {getattr(__import__("socket"), name) for name in values_of(unit, "RestrictAddressFamilies")[0].split()}
    for name in sorted(allowed_calls(unit)):
        try:
            if name == "mmap":  # not both at once
                for bits in (0, mmap.PROT_WRITE, code):
                    made.add_rule(seccomp.ALLOW, name, seccomp.Arg(2, seccomp.MASKED_EQ, writable_code, bits))
            elif name in ("mprotect", "pkey_mprotect"):  # nor one after the other
                made.add_rule(seccomp.ALLOW, name, seccomp.Arg(2, seccomp.MASKED_EQ, code, 0))
            elif name == "socket":
                for family in families:
                    made.add_rule(seccomp.ALLOW, name, seccomp.Arg(0, seccomp.EQ, int(family)))
            else:
                made.add_rule(seccomp.ALLOW, name)
        except (RuntimeError, OSError, ValueError):
            pass  # a call of another kind of machine
    return made


def confine(unit, user):
    """A preexec_fn: from here on the process is `user`, if it may choose, and under the unit's rules."""
    rules = filter_of(unit)

    def enter():
        os.umask(int(values_of(unit, "UMask")[0], 8))
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        rules.load()

    return enter
