"""Runs tests in a fork: slow imports are done only once, so a mutant costs little.

    python tests/mutation/server.py          listens, at the root of a copy of the repository
    python tests/mutation/server.py STAGES   asks it to run the tests; its exit code is theirs

Cosmic Ray changes the files on disk. The server has imported none of them, so each child reads
them as they are now. A stage is a file of tests, or a file with a `-k` after a colon.
"""

import os
import signal
import socket
import sys

ADDRESS = "mutation.socket"
PATIENCE = 120  # seconds, many times what the tests take, because a mutant may loop forever


def listen() -> None:
    import hypothesis.strategies
    import mpmath
    import numpy
    import pytest
    import torch.optim.lr_scheduler

    _ = hypothesis, mpmath, numpy, torch
    torch.set_num_threads(1)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path[:0] = ["src", "."]
    generate = [hypothesis.Phase.explicit, hypothesis.Phase.generate]  # a mutant needs no shrinking
    profile = dict(derandomize=True, database=None, phases=generate, deadline=None)
    hypothesis.settings.register_profile("mutation", **profile)
    hypothesis.settings.load_profile("mutation")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(ADDRESS)
        server.listen()
        while True:
            client, _ = server.accept()
            stages = client.makefile().readline().rstrip("\n").split("|")
            child = os.fork()
            if child == 0:
                server.close()
                signal.alarm(PATIENCE)  # ends the child without an answer, which counts as killed
                sys.dont_write_bytecode = True
                quiet = os.open(os.devnull, os.O_WRONLY)
                os.dup2(quiet, 1)
                os.dup2(quiet, 2)
                code = 0
                for stage in stages:
                    path, _, chosen = stage.partition(":")
                    options = ["-xqp", "no:cacheprovider", "--assert=plain", "-pnbval.plugin"]
                    options += ["-k", chosen] if chosen else []
                    code = int(pytest.main([*options, path]))
                    if code:
                        break
                    for name in [n for n in sys.modules if n.partition(".")[0] == "tests"]:
                        del sys.modules[name]
                client.sendall(bytes([code]))
                os._exit(0)
            client.close()
            os.waitpid(child, 0)


def ask(stages: list[str]) -> int:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(ADDRESS)
        client.sendall(("|".join(stages) + "\n").encode())
        return (client.recv(1) or b"\1")[0]


if __name__ == "__main__":
    sys.exit(ask(sys.argv[1:]) if sys.argv[1:] else listen())
