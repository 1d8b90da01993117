"""A headless Chromium, driven by the DevTools protocol through a pipe."""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome")


def found():
    """The program, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One tab. `errors` are what the console and the page report."""

    def __init__(self, program):
        self.errors, self._left, self._number = [], b"", 0
        self._home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        read, self._write = os.pipe()
        self._read, write = os.pipe()
        options = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --remote-debugging-pipe"
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" {options} --user-data-dir="$1" 3<&{read} 4>&{write}', program, self._home.name],
            pass_fds=(read, write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read)
        os.close(write)
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)
        self._home.cleanup()

    def ask(self, method, **parameters):
        """Call a method for the tab, and return its result."""
        return self._ask(method, self._session, **parameters)

    def open(self, address):
        """Go to a page, and wait until it is loaded. Return the addresses that it asked for."""
        self.errors, self.asked, self._loaded = [], [], False
        self.ask("Page.navigate", url=address)
        while not self._loaded:
            self._take()
        return self.asked

    def run(self, expression):
        """The value of a JavaScript expression."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key):
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=CODES[key])

    def _ask(self, method, session=None, **parameters):
        self._number += 1
        sent = {"id": self._number, "method": method, "params": parameters}
        if session:
            sent["sessionId"] = session
        os.write(self._write, json.dumps(sent).encode() + b"\0")
        while True:
            answer = self._take()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _take(self):
        """Return the next message, and note what it says of the page."""
        end = time.monotonic() + 60
        while b"\0" not in self._left:
            assert time.monotonic() < end, "the browser does not answer"
            if select.select([self._read], [], [], 1)[0]:
                part = os.read(self._read, 1 << 16)
                assert part, "the browser has ended"
                self._left += part
        message, self._left = self._left.split(b"\0", 1)
        said = json.loads(message)
        kind, about = said.get("method"), said.get("params", {})
        if kind == "Page.loadEventFired":
            self._loaded = True
        elif kind == "Network.requestWillBeSent":
            self.asked.append(about["request"]["url"])
        elif kind == "Runtime.exceptionThrown" or (kind == "Runtime.consoleAPICalled" and about["type"] == "error"):
            self.errors.append(about)
        elif kind == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.errors.append(about["entry"])
        return said


CODES = {"ArrowRight": 39, "ArrowLeft": 37, "End": 35, "Home": 36, "Tab": 9}
