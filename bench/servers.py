"""What the benchmarks share: servers that are up at once on core 0, load and upstream on core 1."""
import os
import random
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
work = tempfile.mkdtemp(prefix="mlxt-bench-")
running = []

UPSTREAM = "127.0.0.2:5310"


def commands(build):
    """Of each server: its command and the port that it listens on."""
    return {
        "echo": ([f"{build}/bench/echo", "127.0.0.1:5306"], 5306),
        "mlxresolve": ([f"{build}/mlxresolve", "run", f"{here}/peers/mlxresolve.lua"], 5301),
        "unbound": (["unbound", "-d", "-c", f"{here}/peers/unbound.conf"], 5302),
        "knot-resolver": (["kresd", "-n", "-c", f"{here}/peers/kresd.conf"], 5303),
        "dnsdist": (["dnsdist", "--supervised", "-C", f"{here}/peers/dnsdist.conf"], 5304),
        "dnsmasq": (["dnsmasq", "-d", "-C", f"{here}/peers/dnsmasq.conf"], 5305),
    }


def start(cores, argv, **environment):
    """A program on the given cores; it is ended by `stop_all`."""
    log = open(f"{work}/{os.path.basename(argv[0])}.log", "a")
    process = subprocess.Popen(
        ["taskset", "-c", str(cores)] + argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        cwd=work, env={**os.environ, **environment},
    )
    running.append(process)
    return process


def stop_all():
    for process in running:
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
    for process in running:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree("/dev/shm/mlxt-bench-kresd", ignore_errors=True)


def question(name):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split(".") if x)
    return struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def wait_for(port, seconds=20):
    """Until the server answers a question."""
    end = time.time() + seconds
    while time.time() < end:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.3)
            try:
                s.sendto(question("warm.example"), ("127.0.0.1", port))
                if s.recv(512)[3] & 15 == 0:
                    return
            except OSError:
                time.sleep(0.05)
    logs = [open(f"{work}/{name}").read()[-500:] for name in os.listdir(work) if name.endswith(".log")]
    raise SystemExit("\n".join(logs + [f"nobody answers on port {port}"]))


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


def write_names(label, names):
    path = f"{work}/names-{label}"
    with open(path, "w") as f:
        f.writelines(name + "\n" for name in names)
    return path


def blast(build, port, names, seconds, window, sockets=4, rate=None, core=1):
    argv = ["taskset", "-c", str(core), f"{build}/bench/blast", f"127.0.0.1:{port}", names]
    argv += [str(seconds), str(window), str(sockets)] + ([str(rate)] if rate else [])
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    if not done.stdout:
        raise SystemExit(f"blast: {done.stderr}")
    return {k: float(v) for k, v in (pair.split("=") for pair in done.stdout.split())}


def measure(process, load):
    """What a load gets from a server, and what it costs the server."""
    before = cpu_seconds(process.pid)
    result = load()
    after = cpu_seconds(process.pid)
    answered = max(result["noerror"], 1)
    return {
        "answered": answered,
        "rate": result["noerror"] / result["seconds"],
        "cpu": (after[0] - before[0]) * 1e6 / answered,
        "user": (after[1] - before[1]) * 1e6 / answered,
        "cpu_seconds": after[0] - before[0],
        "p50": result["p50_us"],
        "p99": result["p99_us"],
        "lost": result["lost"] + result["bad"] + result["servfail"],
    }


def in_turn(names, number):
    """Another order each round, so that no server always comes behind the same one."""
    order = list(names)
    random.Random(number).shuffle(order)
    return order


def median(values):
    return statistics.median(values)


def spread(values, form="{:.0f}"):
    return f"{form.format(median(values))} [{form.format(min(values))}-{form.format(max(values))}]"


def ratio(ones, others, key="rate"):
    """Of two rows of results, taken pairwise per round."""
    return spread([a[key] / b[key] for a, b in zip(ones, others) if b[key] > 0], "{:.2f}")
