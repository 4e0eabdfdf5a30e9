#!/usr/bin/python3
"""Cold forwarding beside the peers: every question is new, and goes on to one upstream.

All servers are up at once, pinned to core 0, and loaded in turn, round by round; the upstream and
the load generator are on core 1. Prints medians, spreads, and the ratio to each peer, taken pairwise
per round. Runs inside a network namespace that tools/bench makes.

usage: cold.py BUILD ROUNDS QUESTIONS WINDOW
"""
import os
import random
import sys

import servers
from servers import median, spread

build, rounds, questions, window = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
wanted = {k: v for k, v in servers.commands(build).items() if k != "echo"}


def new_names(number):
    chance = random.Random(number)
    return servers.write_names(
        number, (f"n{i}-{chance.getrandbits(40):x}.r{number}.example.com" for i in range(questions))
    )


try:
    servers.start(1, [f"{build}/bench/synthup", servers.UPSTREAM, "3600"])
    processes = {name: servers.start(0, argv) for name, (argv, _) in wanted.items()}
    for name, (_, port) in wanted.items():
        servers.wait_for(port)
    results = {name: [] for name in wanted}
    for number in range(rounds + 1):
        names = new_names(number)
        for name in servers.in_turn(wanted, number):
            port = wanted[name][1]
            result = servers.measure(
                processes[name], lambda: servers.blast(build, port, names, "once", window)
            )
            if number:  # the first round warms up
                results[name].append(result)
        os.unlink(names)
    print(f"cold forwarding, {questions} new names a round, {rounds} rounds, {window} in flight, one core")
    print("| server | k/s med [min-max] | CPU us/query | of which user | p50 us | lost | mlxresolve is |")
    print("|---|---|---|---|---|---|---|")
    ours = results["mlxresolve"]
    for name, rows in results.items():
        servers.record("cold", name, [r["rate"] / 1e3 for r in rows])
        servers.record("cold_cpu", name, [r["cpu"] for r in rows])
        print(
            f"| {name} | {spread([r['rate'] / 1e3 for r in rows], '{:.1f}')} "
            f"| {spread([r['cpu'] for r in rows], '{:.1f}')} "
            f"| {median([r['user'] for r in rows]):.1f} "
            f"| {median([r['p50'] for r in rows]):.0f} "
            f"| {sum(r['lost'] for r in rows):.0f} "
            f"| {'-' if name == 'mlxresolve' else servers.ratio(ours, rows) + ' x'} |"
        )
finally:
    servers.stop_all()
