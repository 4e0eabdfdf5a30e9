#!/usr/bin/python3
"""Cache hits beside the peers, and beside an echo in batches, which is the limit.

All servers are up at once, pinned to core 0, each with its cache filled, and loaded in turn, round
by round; the load generator is on core 1, a fixed number of questions in flight. The upstream counts
what reaches it. Then: two front threads against one at a fixed rate, and hits while Lua spins, with
everything on one core. Runs inside a network namespace that tools/bench makes.

usage: hits.py BUILD ROUNDS [SIZE...]
"""
import os
import random
import signal
import socket
import sys
import time

import servers
from servers import median, spread

build, rounds = sys.argv[1], int(sys.argv[2])
sizes = [int(x) for x in sys.argv[3:]] or [100, 10_000, 1_000_000]
every = servers.commands(build)
WINDOW, SECONDS = 128, 1.5
USER_CPU = 20  # s of CPU behind the user time of mlxresolve: it is counted in ticks of 10 ms
RATE = 60_000
policy = [f"{build}/mlxresolve", "run", f"{servers.here}/peers/mlxresolve.lua"]


def write_names(size):
    names = [f"host{i:07d}.bench.example.net" for i in range(size)]
    random.Random(size).shuffle(names)
    return servers.write_names(size, names)


def fill(port, names, size):
    """Asks until everything comes from the cache; some lose questions when many come at once."""
    for window in (200, 100, 40, 16, 8):
        result = servers.blast(build, port, names, "once", window)
        if result["noerror"] == size:
            return
    raise SystemExit(f"port {port} does not answer everything: {result}")


def upstream_count():
    """The upstream writes its count when it gets the signal."""
    path = f"{servers.work}/synthup.log"
    before = os.path.getsize(path)
    upstream.send_signal(signal.SIGUSR1)
    for _ in range(100):
        time.sleep(0.02)
        lines = open(path).read()[before:].split()
        if lines:
            return int(lines[-1])
    raise SystemExit("the upstream does not say how much it was asked")


def user_time(rows, load):
    """Of mlxresolve, over enough CPU time that ticks count for nothing."""
    cpu = sum(r["cpu_seconds"] for r in rows)
    user = sum(r["user"] * r["answered"] for r in rows)
    answered = sum(r["answered"] for r in rows)
    while cpu < USER_CPU:
        more = servers.measure(processes["mlxresolve"], load)
        cpu += more["cpu_seconds"]
        user += more["user"] * more["answered"]
        answered += more["answered"]
    return user / answered


def compare(size):
    names = write_names(size)
    for name, (_, port) in every.items():
        if name != "echo":
            fill(port, names, size)
    time.sleep(1)
    asked = {name: 0 for name in every}
    results = {name: [] for name in every}
    for number in range(rounds + 1):
        for name in servers.in_turn(every, number):
            port = every[name][1]
            before = upstream_count()
            result = servers.measure(
                processes[name], lambda: servers.blast(build, port, names, SECONDS, WINDOW)
            )
            if number:  # the first round warms up
                results[name].append(result)
                asked[name] += upstream_count() - before
    ours = results["mlxresolve"]
    exact = user_time(
        ours, lambda: servers.blast(build, every["mlxresolve"][1], names, SECONDS * 2, WINDOW)
    )
    print(f"\nhits, {size} names, {rounds} rounds, {WINDOW} in flight, one core")
    print("| server | k/s med [min-max] | of the echo | mlxresolve is | CPU us/query | of which user "
          "| p50 us | p99 us | lost | asked upstream |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, rows in results.items():
        user = exact if name == "mlxresolve" else (
            sum(r["user"] * r["answered"] for r in rows) / sum(r["answered"] for r in rows))
        print(
            f"| {name} | {spread([r['rate'] / 1e3 for r in rows])} "
            f"| {servers.ratio(rows, results['echo'])} "
            f"| {'-' if name == 'mlxresolve' else servers.ratio(ours, rows) + ' x'} "
            f"| {spread([r['cpu'] for r in rows], '{:.2f}')} | {user:.2f} "
            f"| {median([r['p50'] for r in rows]):.0f} | {median([r['p99'] for r in rows]):.0f} "
            f"| {sum(r['lost'] for r in rows):.0f} | {asked[name]} |", flush=True
        )


def two_threads(names, size):
    """CPU per hit at a fixed rate: locks and lines that travel show here."""
    ports = {1: 5311, 2: 5312}
    pair = {}
    for threads, port in ports.items():
        pair[threads] = servers.start("0,1", policy, BENCH_PORT=str(port), BENCH_THREADS=str(threads))
        servers.wait_for(port)
        fill(port, names, size)
    results = {threads: [] for threads in ports}
    for number in range(rounds + 1):
        for threads in servers.in_turn(ports, number):
            result = servers.measure(
                pair[threads],
                lambda: servers.blast(build, ports[threads], names, 2, 512, 16, RATE),
            )
            if number:
                results[threads].append(result)
    print(f"\nfront threads, {RATE} hits a second, {size} names, both cores, {rounds} rounds")
    print("| threads | k/s | CPU us/hit med [min-max] | against one | lost |\n|---|---|---|---|---|")
    for threads, rows in results.items():
        print(
            f"| {threads} | {median([r['rate'] / 1e3 for r in rows]):.1f} "
            f"| {spread([r['cpu'] for r in rows], '{:.2f}')} "
            f"| {servers.ratio(rows, results[1], 'cpu')} | {sum(r['lost'] for r in rows):.0f} |",
            flush=True,
        )
    for process in pair.values():
        process.terminate()


def brain_seconds(process):
    """CPU time of the thread that runs Lua, in s."""
    fields = open(f"/proc/{process.pid}/task/{process.pid}/schedstat").read().split()
    return int(fields[0]) / 1e9


def spinning_brain(names, size):
    """One server is calm; in the other a strategy never returns. It stands still while the calm one
    is measured."""
    ports = {"calm": 5313, "spinning": 5314}
    pair = {}
    for name, port in ports.items():
        pair[name] = servers.start(0, policy, BENCH_PORT=str(port))
        servers.wait_for(port)
        fill(port, names, size)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(servers.question("now.spin.example"), ("127.0.0.1", ports["spinning"]))
    time.sleep(0.5)
    results = {name: [] for name in ports}
    spun = []
    for number in range(rounds + 1):
        for name in servers.in_turn(ports, number):
            is_spinning = name == "spinning"
            pair["spinning"].send_signal(signal.SIGCONT if is_spinning else signal.SIGSTOP)
            before = brain_seconds(pair[name])
            result = servers.measure(
                pair[name], lambda: servers.blast(build, ports[name], names, 5, WINDOW, core=0)
            )
            if is_spinning:
                spun.append(brain_seconds(pair[name]) - before)
            if number:
                results[name].append(result)
    if min(spun) < 0.05:
        raise SystemExit(f"the brain did not spin: {spun}")
    print(f"\nhits while Lua spins, 5 s each, {size} names, all on one core, {rounds} rounds; "
          f"Lua got {median(spun) / 5:.2f} of the core")
    print("| brain | k/s med [min-max] | against calm | p99 us | lost |\n|---|---|---|---|---|")
    for name, rows in results.items():
        print(
            f"| {name} | {spread([r['rate'] / 1e3 for r in rows])} "
            f"| {servers.ratio(rows, results['calm'])} | {median([r['p99'] for r in rows]):.0f} "
            f"| {sum(r['lost'] for r in rows):.0f} |", flush=True
        )
    pair["spinning"].kill()
    pair["calm"].terminate()


try:
    upstream = servers.start(1, [f"{build}/bench/synthup", servers.UPSTREAM, "86400"])
    processes = {name: servers.start(0, argv) for name, (argv, _) in every.items()}
    for name, (_, port) in every.items():
        servers.wait_for(port)
    for size in sizes:
        compare(size)
    middle = write_names(10_000)
    two_threads(middle, 10_000)
    spinning_brain(middle, 10_000)
finally:
    servers.stop_all()
