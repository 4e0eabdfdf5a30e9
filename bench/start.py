#!/usr/bin/python3
"""Start to the first answer, and what a server costs that nobody asks.

Starts each server over and over, in turn; then all of them once, waits until they have settled, and
counts memory, processor time and wake-ups (voluntary context switches of all threads) while nothing
happens. mlxresolve runs its default policy, the peers have room for 10,000 names.

usage: start.py BUILD ROUNDS SECONDS
"""
import subprocess
import sys
import time

import servers
from servers import median, spread

build, rounds, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
SETTLE = 6  # s until caches of the kernel, announcements and timers of the start are over
home = f"{servers.here}/../examples/home.lua"
every = {k: v for k, v in servers.commands(build, servers.SMALL).items() if k != "echo"}
every["mlxresolve"] = (
    [f"{build}/mlxresolve", "run", home, "--listen", "127.0.0.1:5301", "--control", f"{servers.work}/mlxresolve.sock"],
    5301,
)


def first_answer(name):
    argv, port = every[name]
    servers.forget(name)
    command = ["taskset", "-c", "1", f"{build}/bench/first", f"127.0.0.1:{port}", "0"] + argv
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        cwd=servers.work,
    )
    if done.returncode != 0:
        raise SystemExit(f"{name}: {done.stderr}")
    return float(done.stdout)


def starts():
    times = {name: [] for name in every}
    for number in range(rounds + 1):
        for name in servers.in_turn(every, number):
            took = first_answer(name)
            if number:  # the first round fills the page cache
                times[name].append(took)
    print(f"start to the first answer, {rounds} starts, ms")
    print("| server | med [min-max] |\n|---|---|")
    for name, values in times.items():
        servers.record("start", name, values)
        print(f"| {name} | {spread(values, '{:.1f}')} |", flush=True)


def idle():
    processes = {}
    for name, (argv, port) in every.items():
        servers.forget(name)
        processes[name] = servers.start(0, argv)
        servers.wait_for(port, name="localhost")
    time.sleep(SETTLE)
    before = {name: (servers.wake_ups(p.pid), servers.cpu_seconds(p.pid)) for name, p in processes.items()}
    time.sleep(seconds)
    print(f"\nidle for {seconds:.0f} s")
    print("| server | RSS MB | wake-ups a second | CPU ms a second |\n|---|---|---|---|")
    for name, process in processes.items():
        woken = (servers.wake_ups(process.pid) - before[name][0]) / seconds
        cpu = (servers.cpu_seconds(process.pid)[0] - before[name][1][0]) / seconds * 1e3
        rss = servers.rss(process.pid) / 1e6
        servers.record("idle_rss", name, [rss])
        servers.record("idle_wakes", name, [woken])
        print(f"| {name} | {rss:.1f} | {woken:.2f} | {cpu:.2f} |", flush=True)


try:
    servers.start(1, [f"{build}/bench/synthup", servers.UPSTREAM, "3600"])
    starts()
    idle()
finally:
    servers.stop_all()
