#!/usr/bin/python3
"""Kills the daemon with SIGKILL at random moments under load, over and over, on one cache file.

After each kill the next daemon starts with a strategy that knows nothing: what it answers then is
what came back from the disk. Then the strategy works again, under load, until the next kill. Prints
a line of JSON; the exit code is 1 when a start failed, an answer was wrong, or one that had been
on the disk was not known any more.

usage: kills.py PROGRAM [KILLS [SEED]]
"""
import json
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

program = os.path.abspath(sys.argv[1])
kills = int(sys.argv[2]) if len(sys.argv) > 2 else 200
seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
chance = random.Random(seed)

SETTLED = 2.0  # s after which an answer has to be on the disk
WINDOW = 64  # questions in flight
NAMES = 3000

folder = tempfile.mkdtemp(prefix="mlxresolve-kills.")
dead = f"{folder}/dead"
POLICY = f"""
local mlx = require("mlxresolve")
local use = mlx.use
return mlx.policy {{
  cache = {{ size = "4MiB", persist = "{folder}/state/cache" }},
  strategies = {{
    use {{ name = "numbers", resolve = function(_, query, ctx)
      if ctx:file_stamp("{dead}") then
        return nil, "unplugged", "EHOSTUNREACH"
      end
      local i = tonumber(query.name:match("^n(%d+)%."))
      return query:answer({{ a = ("10.%d.%d.9"):format(i / 256, i % 256) }}, 3000)
    end }},
  }},
}}
"""


def question(number, i):
    name = f"n{i}".encode()
    labels = bytes([len(name)]) + name + b"\x05kills\x04test\0"
    return struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + labels + struct.pack(">2H", 1, 1)


def expected(i):
    return bytes([10, i // 256, i % 256, 9])


class Client:
    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)

    def run(self, names, until, on_answer):
        """Asks names, a window at a time, until they or the time are over; False when nobody is there."""
        names, waiting = iter(names), {}
        number, is_more = chance.randrange(1 << 16), True
        while time.monotonic() < until and (is_more or waiting):
            try:
                while is_more and len(waiting) < WINDOW:
                    i = next(names, None)
                    is_more = i is not None
                    if is_more:
                        number = (number + 1) & 0xFFFF
                        waiting[number] = i
                        self.socket.send(question(number, i))
                if select.select([self.socket], [], [], min(0.05, max(0, until - time.monotonic())))[0]:
                    reply = self.socket.recv(2048)
                    i = waiting.pop(struct.unpack(">H", reply[:2])[0], None)
                    if i is not None:
                        rcode, count = reply[3] & 15, struct.unpack(">H", reply[6:8])[0]
                        on_answer(i, rcode, count, reply)
            except ConnectionError:
                return False
            except BlockingIOError:
                pass
        return True


def start():
    """The process or None, its port, and how many ms it took until it was ready."""
    began = time.monotonic()
    log = open(f"{folder}/log", "w+b")
    process = subprocess.Popen(
        [program, "run", f"{folder}/policy.lua", "--json", "--control", f"{folder}/control"]
        + ["--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=log,
    )
    line = process.stdout.readline() if select.select([process.stdout], [], [], 10)[0] else b""
    if b'"ready"' not in line:
        process.kill()
        log.seek(0)
        sys.stderr.write(f"failed start ({process.wait()}): {log.read().decode()}\n")
        return None, 0, 0
    return process, int(json.loads(line)["listen"][0].rpartition(":")[2]), (time.monotonic() - began) * 1e3


def main():
    with open(f"{folder}/policy.lua", "w") as file:
        file.write(POLICY)
    settled = {}  # name → when it was first answered
    totals = {"seed": seed, "kills": 0, "failed_starts": 0, "wrong": 0, "forgotten": 0}
    totals.update({"answers": 0, "came_back": 0, "start_ms": 0})

    def judge(i, count, reply):
        totals["answers"] += 1
        if count != 1 or reply[-4:] != expected(i) and expected(i) not in reply:
            totals["wrong"] += 1
            return False
        return True

    while totals["kills"] < kills:
        open(dead, "w").close()
        process, port, took = start()
        totals["start_ms"] = max(totals["start_ms"], round(took))
        if not process:
            totals["failed_starts"] += 1
            totals["kills"] += 1
            continue
        client = Client(port)

        def remembered(i, rcode, count, reply):
            if rcode == 0:
                totals["came_back"] += judge(i, count, reply)
            else:
                totals["forgotten"] += 1

        old = [i for i, at in settled.items()]
        client.run(chance.sample(old, min(len(old), 50)), time.monotonic() + 5, remembered)
        os.unlink(dead)

        fresh = {}

        def answered(i, rcode, count, reply):
            if rcode == 0 and judge(i, count, reply):
                fresh.setdefault(i, time.monotonic())

        end = time.monotonic() + (chance.uniform(0, 0.5) if chance.random() < 0.8 else SETTLED + 0.5)
        client.run((chance.randrange(NAMES) for _ in range(1 << 30)), end, answered)
        killed = time.monotonic()
        process.send_signal(signal.SIGKILL)
        process.wait()
        settled.update({i: at for i, at in fresh.items() if at < killed - SETTLED and i not in settled})
        totals["kills"] += 1
    print(json.dumps(totals))
    return 1 if totals["failed_starts"] or totals["wrong"] or totals["forgotten"] else 0


try:
    code = main()
finally:
    shutil.rmtree(folder)
sys.exit(code)
