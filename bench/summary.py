#!/usr/bin/python3
"""The section "Speed" of the README, made of the last results of every benchmark.

usage: summary.py RESULTS
"""
import os
import re
import subprocess
import sys
import time

PEERS = {
    "knot-resolver": "Knot Resolver%s",
    "unbound": "unbound%s",
    "dnsdist": "dnsdist%s, batches",
    "dnsmasq": "dnsmasq%s",
}
PACKAGES = {"dnsmasq": "dnsmasq-base"}
ROWS = [
    ("hits_100_4", "cached, 100 names, 4 busy clients, k/s", "{:.0f}"),
    ("hits_10000_4", "cached, 10,000 names, 4 busy clients, k/s", "{:.0f}"),
    ("hits_1000000_4", "cached, 1,000,000 names, 4 busy clients, k/s", "{:.0f}"),
    ("hits_10000_128", "cached, 10,000 names, 128 clients with one question each, k/s", "{:.0f}"),
    ("cold", "forwarded, all names new, k/s", "{:.0f}"),
    ("cold_cpu", "CPU per forwarded question, µs", "{:.1f}"),
    ("entry", "memory per entry at 1,000,000, bytes", "{:.0f}"),
    ("start", "start to the first answer, ms", "{:.1f}"),
    ("idle_rss", "idle: resident memory, MB", "{:.1f}"),
    ("idle_wakes", "idle: wake-ups a second", "{:.1f}"),
]

results = {}
for line in open(sys.argv[1]):
    measure, server, *values = line.rstrip("\n").split("\t")
    results[measure, server] = [float(x) for x in values]


def show(measure, server="mlxresolve", form="{:.0f}"):
    values = results.get((measure, server))
    return form.format(values[0]) if values else ""


def version(package):
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", PACKAGES.get(package, package)],
        capture_output=True, text=True, check=False,
    )
    found = re.match(r"(?:\d+:)?(\d+\.\d+)", done.stdout)
    return " " + found[1] if found else ""


def machine():
    model = re.search(r"^model name\s*:\s*(.*)$", open("/proc/cpuinfo").read(), re.M)
    system = re.search(r'^PRETTY_NAME="?(.*?)"?$', open("/etc/os-release").read(), re.M)
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {model[1] if model else os.uname().machine}, {system[1]}, Linux {os.uname().release}"


def servers_table():
    names = [text % version(name) for name, text in PEERS.items()]
    print("| one core for the server | mlxresolve | " + " | ".join(names) + " | a bare echo |")
    print("|---|" + "---|" * (len(names) + 2))
    for measure, text, form in ROWS:
        cells = [show(measure, name, form) for name in ["mlxresolve", *PEERS, "echo"]]
        print(f"| {text} | " + " | ".join(cells) + " |")


def programs_table():
    print("| within a program | mlxresolve | uv.getaddrinfo | c-ares | a Lua table |\n|---|---|---|---|---|")
    for lines, text in ((1000, "1,000 lookups at once, not cached, k/s"),
                        (10, "the same with 10 lines in the hosts file, not 1,000")):
        cells = [show(f"lookups_{lines}", who) for who in ("mlxresolve", "uv.getaddrinfo", "c-ares")]
        print(f"| {text} | " + " | ".join(cells) + " | |")
    print(f"| `peek` of a cached name, ns | {show('peek')} | | | {show('table')} |")
    print(f"| `resolve` of a cached name with a callback, ns | {show('resolve')} | | | |")


print("## Speed\n")
print("`make bench` runs the peers beside it, interleaved, and ends with this section. "
      f"{time.strftime('%Y-%m-%d')}, {machine()}; medians.\n")
servers_table()
print()
programs_table()
print(f"""
Busy clients, such as proxies, have several questions under way; what is sent to one of them at a time leaves together.
A cached answer takes {show('hit_user', form='{:.2f}')} µs of user time; the rest is the kernel's. With two front threads at a fixed
60,000 hits a second a hit costs {show('two_threads', form='{:.2f}')} of what it costs with one. While a strategy spins on the same core,
{show('spin', form='{:.2f}')} of the cached answers still go out in the same time, and {show('spin_lost')} are lost.""")
