"""A process that has imported Bulksend and forks, because importing it takes one second of CPU per process.

It serves the one client at the other end of the socket whose descriptor is its argument, and ends with it. A message is
JSON with `program` (module:function), `arguments`, `environment` and `folder`, and carries four descriptors: standard
input, output and error, and one to which the process id and then the exit status are written, a line each.
"""

import gc
import json
import os
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

LONGEST_MESSAGE: Final = 1 << 17
PRELOADED: Final = (
    "bulksend.server.cli.main",
    "bulksend.server.cli.processes",
    "bulksend.schema.build",
    "delivery.worker_process",
)


def serve(control: socket.socket) -> None:
    """Fork a process for each request until the client closes the socket. Return in each forked process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for module in PRELOADED:
        import_module(module)
    gc.freeze()
    while True:
        message, descriptors, *_ = socket.recv_fds(control, LONGEST_MESSAGE, 4)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _keep(json.loads(message), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        _reap()


def _keep(asked: dict[str, Any], stdin: int, stdout: int, stderr: int, told: int) -> None:
    """Run the program in a child process, and report its process id and exit status."""
    pid = os.fork()
    if pid == 0:
        os.close(told)
        _become(asked, stdin, stdout, stderr)
    for descriptor in (stdin, stdout, stderr):
        os.close(descriptor)
    os.write(told, f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(asked: dict[str, Any], *descriptors: int) -> None:
    """Run the program as if this process had been started for it."""
    for standard, descriptor in enumerate(descriptors):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    module, _, function = asked["program"].partition(":")
    sys.argv = [function, *asked["arguments"]]
    getattr(sys.modules[module], function)()
    sys.exit()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    serve(socket.socket(fileno=int(sys.argv[1])))
