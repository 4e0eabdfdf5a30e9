#!/usr/bin/python3
"""Cache hits beside the peers, and beside an echo in batches, a datagram at a time.

All servers are up at once, pinned to core 0, each with its cache filled, and loaded in turn, round
by round; the load generator is on core 1, a fixed number of questions in flight: from four busy
clients, such as proxies, and from so many that each waits for its answer before it asks again, so
that nothing goes together. The upstream counts what reaches it. With the most names: what an entry
costs, which is how much larger a process is than one of the same kind with room for 10,000 names,
and that many in it.

usage: hits.py BUILD ROUNDS [SIZE...]
"""
import os
import signal
import sys
import time

import servers
from servers import median, spread

build, rounds = sys.argv[1], int(sys.argv[2])
sizes = [int(x) for x in sys.argv[3:]] or [100, 10_000, 1_000_000]
every = servers.commands(build)
WINDOW, SECONDS = 128, 1
BUSY = 4  # clients that share what is in flight
USER_CPU = 20  # s of CPU behind the user time of mlxresolve: it is counted in ticks of 10 ms
USER_SIZE = 10_000  # names, with which it is measured


def rss_of_small():
    """Resident memory of each server that has room for few names, and is full."""
    sizes_of = {}
    few = servers.write_hosts(servers.SMALL)
    for name, (argv, port) in servers.commands(build, servers.SMALL).items():
        if name != "echo":
            process = servers.start(0, argv)
            servers.wait_for(port)
            servers.fill(build, port, few, servers.SMALL)
            sizes_of[name] = servers.rss(process.pid)
            servers.stop(process)
            servers.forget(name)
    servers.commands(build)
    return sizes_of


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


def compare(size, clients):
    names = servers.write_hosts(size)
    for name, (_, port) in every.items():
        if name != "echo":
            servers.fill(build, port, names, size)
    time.sleep(1)
    asked = {name: 0 for name in every}
    results = {name: [] for name in every}
    for number in range(rounds + 1):
        for name in servers.in_turn(every, number):
            port = every[name][1]
            before = upstream_count()
            result = servers.measure(
                processes[name], lambda: servers.blast(build, port, names, SECONDS, WINDOW, clients)
            )
            if number:  # the first round warms up
                results[name].append(result)
                asked[name] += upstream_count() - before
    ours = results["mlxresolve"]
    is_exact = size == USER_SIZE and clients == BUSY
    if is_exact:
        port = every["mlxresolve"][1]
        exact = user_time(ours, lambda: servers.blast(build, port, names, SECONDS * 2, WINDOW, clients))
        servers.record("hit_user", "mlxresolve", [exact])
    print(f"\nhits, {size} names, {clients} clients, {rounds} rounds, {WINDOW} in flight, one core")
    print("| server | k/s med [min-max] | of the echo | mlxresolve is | CPU us/query | of which user "
          "| p50 us | p99 us | lost | asked upstream |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, rows in results.items():
        servers.record(f"hits_{size}_{clients}", name, [r["rate"] / 1e3 for r in rows])
        user = sum(r["user"] * r["answered"] for r in rows) / sum(r["answered"] for r in rows)
        if name == "mlxresolve" and is_exact:
            user = exact
        print(
            f"| {name} | {spread([r['rate'] / 1e3 for r in rows])} "
            f"| {servers.ratio(rows, results['echo'])} "
            f"| {'-' if name == 'mlxresolve' else servers.ratio(ours, rows) + ' x'} "
            f"| {spread([r['cpu'] for r in rows], '{:.2f}')} | {user:.2f} "
            f"| {median([r['p50'] for r in rows]):.0f} | {median([r['p99'] for r in rows]):.0f} "
            f"| {sum(r['lost'] for r in rows):.0f} | {asked[name]} |", flush=True
        )


def entries(size):
    print(f"\nmemory with {size} names, bytes each\n| server | bytes |\n|---|---|")
    for name, before in small.items():
        each = (servers.rss(processes[name].pid) - before) / (size - servers.SMALL)
        servers.record("entry", name, [each])
        print(f"| {name} | {each:.0f} |", flush=True)


try:
    upstream = servers.start(1, [f"{build}/bench/synthup", servers.UPSTREAM, "86400"])
    small = rss_of_small()
    processes = {name: servers.start(0, argv) for name, (argv, _) in every.items()}
    for name, (_, port) in every.items():
        servers.wait_for(port)
    for size in sizes:
        compare(size, BUSY)
        if size == USER_SIZE:
            compare(size, WINDOW)
    if sizes[-1] >= 1_000_000:
        entries(sizes[-1])
finally:
    servers.stop_all()
