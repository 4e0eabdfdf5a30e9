#!/usr/bin/python3
"""Two front threads against one at a fixed rate, and hits while Lua spins, with everything on one core.

usage: threads.py BUILD ROUNDS SPINS
"""
import signal
import socket
import sys
import time

import servers
from servers import median, spread

build, rounds, spins = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
WINDOW, NAMES = 128, 10_000
RATE = 60_000
SPIN_SECONDS = 5
policy = [f"{build}/mlxresolve", "run", f"{servers.here}/peers/mlxresolve.lua"]


def two_threads(names):
    """CPU per hit at a fixed rate: locks and lines that travel show here."""
    ports = {1: 5311, 2: 5312}
    pair = {}
    for threads, port in ports.items():
        pair[threads] = servers.start("0,1", policy, BENCH_PORT=str(port), BENCH_THREADS=str(threads))
        servers.wait_for(port)
        servers.fill(build, port, names, NAMES)
    results = {threads: [] for threads in ports}
    for number in range(rounds + 1):
        for threads in servers.in_turn(ports, number):
            result = servers.measure(
                pair[threads],
                lambda: servers.blast(build, ports[threads], names, 2, 512, 16, RATE),
            )
            if number:
                results[threads].append(result)
    print(f"\nfront threads, {RATE} hits a second, {NAMES} names, both cores, {rounds} rounds")
    print("| threads | k/s | CPU us/hit med [min-max] | against one | lost |\n|---|---|---|---|---|")
    for threads, rows in results.items():
        print(
            f"| {threads} | {median([r['rate'] / 1e3 for r in rows]):.1f} "
            f"| {spread([r['cpu'] for r in rows], '{:.2f}')} "
            f"| {servers.ratio(rows, results[1], 'cpu')} | {sum(r['lost'] for r in rows):.0f} |",
            flush=True,
        )
    servers.record("two_threads", "mlxresolve", servers.ratios(results[2], results[1], "cpu"))
    for process in pair.values():
        servers.stop(process)


def brain_seconds(process):
    """CPU time of the thread that runs Lua, in s."""
    fields = open(f"/proc/{process.pid}/task/{process.pid}/schedstat").read().split()
    return int(fields[0]) / 1e9


def spinning_brain(names):
    """One server is calm; in the other a strategy never returns. It stands still while the calm one
    is measured."""
    ports = {"calm": 5313, "spinning": 5314}
    pair = {}
    for name, port in ports.items():
        pair[name] = servers.start(0, policy, BENCH_PORT=str(port))
        servers.wait_for(port)
        servers.fill(build, port, names, NAMES)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(servers.question("now.spin.example"), ("127.0.0.1", ports["spinning"]))
    time.sleep(0.5)
    results = {name: [] for name in ports}
    spun = []
    for number in range(spins + 1):
        for name in servers.in_turn(ports, number):
            is_spinning = name == "spinning"
            pair["spinning"].send_signal(signal.SIGCONT if is_spinning else signal.SIGSTOP)
            before = brain_seconds(pair[name])
            result = servers.measure(
                pair[name], lambda: servers.blast(build, ports[name], names, SPIN_SECONDS, WINDOW, core=0)
            )
            if is_spinning:
                spun.append(brain_seconds(pair[name]) - before)
            if number:
                results[name].append(result)
    if min(spun) < 0.05:
        raise SystemExit(f"the brain did not spin: {spun}")
    print(f"\nhits while Lua spins, {SPIN_SECONDS} s each, {NAMES} names, all on one core, {spins} rounds; "
          f"Lua got {median(spun) / SPIN_SECONDS:.2f} of the core")
    print("| brain | k/s med [min-max] | against calm | p99 us | lost |\n|---|---|---|---|---|")
    for name, rows in results.items():
        print(
            f"| {name} | {spread([r['rate'] / 1e3 for r in rows])} "
            f"| {servers.ratio(rows, results['calm'])} | {median([r['p99'] for r in rows]):.0f} "
            f"| {sum(r['lost'] for r in rows):.0f} |", flush=True
        )
    servers.record("spin", "mlxresolve", servers.ratios(results["spinning"], results["calm"]))
    servers.record("spin_lost", "mlxresolve", [sum(r["lost"] for r in results["spinning"])])
    pair["spinning"].kill()


try:
    servers.start(1, [f"{build}/bench/synthup", servers.UPSTREAM, "86400"])
    hosts = servers.write_hosts(NAMES)
    two_threads(hosts)
    spinning_brain(hosts)
finally:
    servers.stop_all()
