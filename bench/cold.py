#!/usr/bin/python3
"""Cold forwarding beside the peers: every question is new, and goes on to one upstream.

All servers are up at once, pinned to core 0, and loaded in turn, round by round; the upstream and
the load generator are on core 1. Prints medians, spreads, and the ratio to each peer, taken pairwise
per round. Runs inside a network namespace that tools/bench makes.

usage: cold.py BUILD ROUNDS QUESTIONS WINDOW
"""
import os
import random
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

build, rounds, questions, window = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
here = os.path.dirname(os.path.abspath(__file__))
servers = {
    "mlxresolve": ([f"{build}/mlxresolve", "run", f"{here}/peers/mlxresolve.lua"], 5301),
    "unbound": (["unbound", "-d", "-c", f"{here}/peers/unbound.conf"], 5302),
    "knot-resolver": (["kresd", "-n", "-c", f"{here}/peers/kresd.conf"], 5303),
}
work = tempfile.mkdtemp(prefix="mlxt-bench-")
running = []


def start(core, argv):
    log = open(f"{work}/{os.path.basename(argv[0])}.log", "w")
    process = subprocess.Popen(
        ["taskset", "-c", str(core)] + argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=work
    )
    running.append(process)
    return process


def wait_for(port, seconds=20):
    """Until the server answers a question."""
    packet = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"\4warm\7example\0\0\1\0\1"
    end = time.time() + seconds
    while time.time() < end:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.3)
            try:
                s.sendto(packet, ("127.0.0.1", port))
                if s.recv(512)[3] & 15 == 0:
                    return
            except OSError:
                time.sleep(0.05)
    raise SystemExit(f"nobody answers on port {port}; see {work}")


def cpu_seconds(pid):
    """CPU time of all threads of a process and its children, in s; and its user part."""
    total, user, todo = 0.0, 0.0, [pid]
    while todo:
        one = todo.pop()
        try:
            for thread in os.listdir(f"/proc/{one}/task"):
                total += int(open(f"/proc/{one}/task/{thread}/schedstat").read().split()[0]) / 1e9
                todo += [int(x) for x in open(f"/proc/{one}/task/{thread}/children").read().split()]
            fields = open(f"/proc/{one}/stat").read().rsplit(")", 1)[1].split()
            user += int(fields[11]) / os.sysconf("SC_CLK_TCK")
        except OSError:
            pass
    return total, user


def write_names(round_number):
    chance = random.Random(round_number)
    path = f"{work}/names-{round_number}"
    with open(path, "w") as f:
        for i in range(questions):
            f.write(f"n{i}-{chance.getrandbits(40):x}.r{round_number}.example.com\n")
    return path


def load(port, names):
    out = subprocess.run(
        ["taskset", "-c", "1", f"{build}/bench/blast", f"127.0.0.1:{port}", names, "once", window, "4"],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout
    return {k: float(v) for k, v in (pair.split("=") for pair in out.split())}


def measure(name, names):
    process, port = processes[name], servers[name][1]
    before = cpu_seconds(process.pid)
    result = load(port, names)
    after = cpu_seconds(process.pid)
    answered = result["noerror"]
    return {
        "rate": answered / result["seconds"],
        "cpu": (after[0] - before[0]) * 1e6 / answered,
        "user": (after[1] - before[1]) * 1e6 / answered,
        "p50": result["p50_us"],
        "lost": result["lost"] + result["bad"] + result["servfail"],
    }


def spread(values, form="{:.0f}"):
    return f"{form.format(statistics.median(values))} [{form.format(min(values))}-{form.format(max(values))}]"


try:
    start(1, [f"{build}/bench/synthup", "127.0.0.2:5310", "3600"])
    processes = {name: start(0, argv) for name, (argv, _) in servers.items()}
    for name, (_, port) in servers.items():
        wait_for(port)
    results = {name: [] for name in servers}
    for number in range(rounds + 1):
        names = write_names(number)
        order = list(servers)
        order = order[number % len(order):] + order[:number % len(order)]
        for name in order:
            result = measure(name, names)
            if number:  # the first round warms up
                results[name].append(result)
        os.unlink(names)
    print(f"cold forwarding, {questions} new names a round, {rounds} rounds, {window} in flight, one core")
    print("| server | k/s med [min-max] | CPU us/query | of which user | p50 us | lost | mlxresolve is |")
    print("|---|---|---|---|---|---|---|")
    ours = results["mlxresolve"]
    for name, rows in results.items():
        ratios = [a["rate"] / b["rate"] for a, b in zip(ours, rows)]
        print(
            f"| {name} | {spread([r['rate'] / 1e3 for r in rows], '{:.1f}')} "
            f"| {spread([r['cpu'] for r in rows], '{:.1f}')} "
            f"| {statistics.median([r['user'] for r in rows]):.1f} "
            f"| {statistics.median([r['p50'] for r in rows]):.0f} "
            f"| {sum(r['lost'] for r in rows):.0f} "
            f"| {'-' if name == 'mlxresolve' else spread(ratios, '{:.2f}') + ' x'} |"
        )
finally:
    for process in running:
        process.send_signal(signal.SIGTERM)
    for process in running:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree("/dev/shm/mlxt-bench-kresd", ignore_errors=True)
