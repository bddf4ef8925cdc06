"""Drives a real Chromium, headless, over its debugging pipe (no port, no driver, no library).

    browse.py PAGE <SCRIPT

A line of the script is one of

    open FRAGMENT        opens the page with this behind the #, and waits until it shows a result
    eval NAME EXPRESSION prints NAME, a tab, and the value as JSON
    wait EXPRESSION      until it is true (a minute at most)
    type TEXT            into what has the focus
    key NAME             Enter, Tab, ...
    file SELECTOR PATH   chooses a file
    size W H             the window's, in pixels
    dark                 as who prefers dark colours
    print                as on paper
    shot PATH            a screenshot

What the page itself loads from anywhere but file: is printed as a line "network", what it throws or
reports as a line "trouble": a page of ours has neither.
"""
import base64
import json
import os
import subprocess
import sys
import tempfile
import time


class Browser:
    def __init__(self, folder):
        to_read, self.to = os.pipe()
        self.source, from_write = os.pipe()
        # Chromium reads commands from 3 and answers on 4; this process may have those for itself.
        keep = [os.dup(fd) for fd in (to_read, from_write)]
        keep = [self.above(fd) for fd in keep]
        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-extensions", "--disable-background-networking",
             "--window-size=1280,1000", "--user-data-dir=" + folder, "--remote-debugging-pipe",
             "about:blank"],
            pass_fds=(3, 4), close_fds=True, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: (os.dup2(keep[0], 3), os.dup2(keep[1], 4)))
        for fd in keep + [to_read, from_write]:
            os.close(fd)
        self.number = 0
        self.rest = b""
        self.session = None
        self.events = []

    @staticmethod
    def above(fd):
        while fd < 10:
            fd = os.dup(fd)
        return fd

    def take(self):
        while b"\0" not in self.rest:
            piece = os.read(self.source, 1 << 16)
            if not piece:
                raise SystemExit("browse: the browser went away")
            self.rest += piece
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.take()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit("browse: %s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
            self.note(answer)

    def note(self, event):
        method, params = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith(("file:", "data:", "blob:", "about:")):
                print("network\t" + url)
        elif method == "Runtime.exceptionThrown":
            print("trouble\t" + json.dumps(params["exceptionDetails"])[:500])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            print("trouble\t" + json.dumps(params["entry"])[:500])

    def attach(self):
        targets = self.call("Target.getTargets")["targetInfos"]
        page = [t for t in targets if t["type"] == "page"][0]
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"],
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.call(domain + ".enable")

    def eval(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            return {"exception": result["exceptionDetails"].get("exception", {}).get("description")}
        return result["result"].get("value")

    def wait(self, expression):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.eval("!!(%s)" % expression) is True:
                return
            time.sleep(0.02)
        raise SystemExit("browse: never true: " + expression)


KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), "Space": (32, " "), "Escape": (27, "")}


def run(browser, page, line):
    word, _, rest = line.partition(" ")
    if word == "open":
        browser.call("Page.navigate", url="about:blank")
        browser.wait("location.href === 'about:blank'")
        browser.call("Page.navigate", url="file://" + page + ("#" + rest if rest else ""))
        browser.wait("document.body && (document.body.dataset.ready || window.notOurs || "
                     "(document.getElementById('trouble') || {}).hidden === false)")
    elif word == "eval":
        name, _, expression = rest.partition(" ")
        print(name + "\t" + json.dumps(browser.eval(expression), ensure_ascii=False))
    elif word == "wait":
        browser.wait(rest)
    elif word == "type":
        browser.call("Input.insertText", text=rest)
    elif word == "key":
        code, text = KEYS[rest]
        key = {"key": " " if rest == "Space" else rest, "code": rest, "windowsVirtualKeyCode": code}
        browser.call("Input.dispatchKeyEvent", type="keyDown", text=text, **key)
        browser.call("Input.dispatchKeyEvent", type="keyUp", **key)
    elif word == "file":
        selector, _, path = rest.partition(" ")
        root = browser.call("DOM.getDocument")["root"]["nodeId"]
        node = browser.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        browser.call("DOM.setFileInputFiles", nodeId=node, files=[os.path.abspath(path)])
    elif word == "size":
        width, height = rest.split()
        browser.call("Emulation.setDeviceMetricsOverride", width=int(width), height=int(height),
                     deviceScaleFactor=1, mobile=False)
    elif word == "dark":
        browser.call("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": "dark"}])
    elif word == "print":
        browser.call("Emulation.setEmulatedMedia", media="print")
    elif word == "shot":
        data = browser.call("Page.captureScreenshot", format="png")["data"]
        with open(rest, "wb") as out:
            out.write(base64.b64decode(data))
    else:
        raise SystemExit("browse: what is '%s'?" % word)


def main():
    page = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        try:
            browser.attach()
            for line in sys.stdin:
                line = line.rstrip("\n")
                if line and not line.startswith("#"):
                    run(browser, page, line)
        finally:
            browser.process.terminate()
            browser.process.wait()


main()
