"""What a trial left running, found by the trial's own folder in its command line or environment, wherever it was reparented to."""
import glob
import os
import signal
import sys
import time


def processes(folder):
    """Scheduler, keepers, commands, and strace beside them; not the one that asks."""
    wanted = os.fsencode(folder)
    for path in glob.glob("/proc/[0-9]*"):
        process = int(path.split("/")[2])
        if process != os.getpid() and any(wanted in read(f"{path}/{name}") for name in ("cmdline", "environ")):
            yield process


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def end(folder, seconds=10):
    """Kills all of them, again until none is left: a command may just be making another. Zombies have neither of the two files."""
    until = time.time() + seconds
    while time.time() < until:
        found = list(processes(folder))
        if not found:
            return
        for process in found:
            try:
                os.kill(process, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        time.sleep(0.02)


def heed_sigterm():
    """SIGTERM ends Python without `finally`; as an exception it does not."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
