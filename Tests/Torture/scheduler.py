"""The real program on a folder of jobs, killed and started again."""
import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROTA = os.environ.get("ROTA", os.path.join(ROOT, ".build/debug/rota"))


class Scheduler:
    def __init__(self, folder, settings, environment=None):
        self.folder = folder
        self.environment = dict(os.environ, SWIFT_BACKTRACE="enable=no", **(environment or {}))
        self.starts = []
        self.log = open(folder + "/serve.log", "ab")
        self.process = None
        with open(folder + "/rota.yaml", "w") as file:
            file.write(settings)

    def start(self, dies_at=None):
        """Returns as soon as the process is there; `listens` waits until it has recovered. `dies_at` names the step at which it kills itself."""
        self.began = time.time()
        self.told = self.log.tell()
        self.process = subprocess.Popen(
            [ROTA, "serve", "--jobs", self.folder + "/jobs", "--state", self.folder + "/state", "--listen", "127.0.0.1:0",
             "--config", self.folder + "/rota.yaml"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env=dict(self.environment, **({"ROTA_CRASH_AT": dies_at} if dies_at else {})))

    def look(self):
        """Notes how long it took until the scheduler listened, that is, until it had recovered; answers whether it does."""
        if self.told is not None:
            with open(self.folder + "/serve.log", "rb") as log:
                log.seek(self.told)
                if b"Rota listens" in log.read():
                    self.starts.append(time.time() - self.began)
                    self.told = None
        if self.process.poll() is not None:
            sys.exit(f"the scheduler ended by itself with {self.process.returncode}; see {self.folder}/serve.log")
        if self.told is not None and time.time() > self.began + 30:
            sys.exit(f"the scheduler did not listen within 30 s; see {self.folder}/serve.log")
        return self.told is None

    def listens(self):
        while not self.look():
            time.sleep(0.005)

    def kill(self):
        self.look()
        self.process.kill()
        self.process.wait()

    def dies(self, seconds):
        """Whether it dies by its own hand within that time, as `dies_at` wants; else it is killed."""
        try:
            self.process.wait(timeout=max(0.1, seconds))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        if self.process.returncode != -9:
            sys.exit(f"the scheduler ended with {self.process.returncode}; see {self.folder}/serve.log")
        return True

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            sys.exit(f"SIGTERM did not end the scheduler within 30 s; see {self.folder}/serve.log")
        if self.process.returncode != 0:
            sys.exit(f"SIGTERM ended the scheduler with {self.process.returncode}")
