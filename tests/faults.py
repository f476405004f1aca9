"""An action that dies, or whose disk is full, at each call of the system in turn that changes something."""

import os
import subprocess
import sys
from pathlib import Path

# The child of a child: what it patches and how it dies stays there. It goes on when it is told to.
SWEEP = """
import errno, os, sys
fault, directory = sys.argv[1], sys.argv[2]
calls = at = 0
def faulty(name, real):
    def call(*arguments, **options):
        global calls
        if name == "open" and not arguments[1] & os.O_CREAT:
            return real(*arguments, **options)
        calls += 1
        if calls == at and fault == "KILL":
            os._exit(9)
        if calls == at and name != "unlink":
            code = getattr(errno, fault, errno.ENOSPC)
            raise OSError(code, os.strerror(code), arguments[0] if name != "write" else None)
        return real(*arguments, **options)
    return call
{action}
act.__globals__.update(prepared=prepare())
for name in ("open", "write", "fsync", "link", "replace", "rename", "symlink", "unlink", "rmdir", "mkdir", "utime"):
    setattr(os, name, faulty(name, getattr(os, name)))
for at in range(1, 1000):
    child = os.fork()
    if not child:
        calls = 0
        try:
            act(directory)
        except OSError:
            os._exit(1)
        os._exit(0 if calls < at else 2)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(status, flush=True)
    sys.stdin.readline()
    if status == 0:
        break
"""


def sweep(action, fault, directory):
    """
    Run *action*, a program that defines `prepare()` and `act(directory)`, once for each such call, with the *fault* at it:
    'KILL', or the name of an error.

    Yields the status after each: 9 of one that was killed, 1 of one that said what is wrong, 2 of one that went on and
    was content, 0 of the last, at which nothing went wrong.
    """
    command = [sys.executable, "-c", SWEEP.replace("{action}", action), fault, str(directory)]
    here = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=here) as process:
        for line in process.stdout:
            yield int(line)
            process.stdin.write("\n")
            process.stdin.flush()
    assert process.returncode == 0
