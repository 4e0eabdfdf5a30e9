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
SMALL, LARGE = 10_000, 1_200_000  # names that the peers' caches have room for
KRESD_CACHE = "/dev/shm/mlxt-bench-kresd"


def commands(build, names=LARGE):
    """Of each server: its command and the port that it listens on."""
    os.environ["BENCH_NAMES"] = str(names)  # read by the configurations that are programs
    return {
        "echo": ([f"{build}/bench/echo", "127.0.0.1:5306"], 5306),
        "mlxresolve": ([f"{build}/mlxresolve", "run", f"{here}/peers/mlxresolve.lua"], 5301),
        "unbound": (["unbound", "-d", "-c", f"{here}/peers/unbound.conf"], 5302),
        "knot-resolver": (["kresd", "-n", "-c", f"{here}/peers/kresd.conf"], 5303),
        "dnsdist": (["dnsdist", "--supervised", "-C", f"{here}/peers/dnsdist.conf"], 5304),
        "dnsmasq": (["dnsmasq", "-d", "-C", f"{here}/peers/dnsmasq.conf", f"--cache-size={names}"], 5305),
    }


def forget(name):
    """Removes what a server that has ended would remember."""
    if name == "knot-resolver":
        shutil.rmtree(KRESD_CACHE, ignore_errors=True)


def start(cores, argv, **environment):
    """A program on the given cores; it is ended by `stop_all`."""
    log = open(f"{work}/{os.path.basename(argv[0])}.log", "a")
    process = subprocess.Popen(
        ["taskset", "-c", str(cores)] + argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        cwd=work, env={**os.environ, **environment},
    )
    running.append(process)
    return process


def stop(*processes_of):
    for process in processes_of:
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
    for process in processes_of:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        running.remove(process)


def stop_all():
    stop(*list(running))
    shutil.rmtree(work, ignore_errors=True)
    forget("knot-resolver")


def record(measure, server, values):
    """Keeps a row for the summary: median, least, most."""
    path = os.environ.get("BENCH_RESULTS")
    if path:
        with open(path, "a") as f:
            f.write(f"{measure}\t{server}\t{median(values)}\t{min(values)}\t{max(values)}\n")


def question(name):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split(".") if x)
    return struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def wait_for(port, seconds=20, name="warm.example"):
    """Until the server answers a question."""
    end = time.time() + seconds
    while time.time() < end:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.3)
            try:
                s.sendto(question(name), ("127.0.0.1", port))
                if s.recv(512)[3] & 15 == 0:
                    return
            except OSError:
                time.sleep(0.05)
    logs = [open(f"{work}/{name}").read()[-500:] for name in os.listdir(work) if name.endswith(".log")]
    raise SystemExit("\n".join(logs + [f"nobody answers on port {port}"]))


def threads(pid):
    """The folders in /proc of all threads of a process and its descendants."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        for thread in os.listdir(f"/proc/{one}/task"):
            folder = f"/proc/{one}/task/{thread}"
            found.append(folder)
            todo += [int(x) for x in open(f"{folder}/children").read().split()]
    return found


def processes(pid):
    return sorted({folder.split("/task/")[0] for folder in threads(pid)})


def cpu_seconds(pid):
    """CPU time of all threads of a process and its descendants, in s; and its user part."""
    total = sum(int(open(f"{t}/schedstat").read().split()[0]) for t in threads(pid)) / 1e9
    stats = [open(f"{p}/stat").read().rsplit(")", 1)[1].split() for p in processes(pid)]
    return total, sum(int(fields[11]) for fields in stats) / os.sysconf("SC_CLK_TCK")


def status(folder, field):
    for line in open(f"{folder}/status"):
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


def rss(pid):
    """Resident memory, in bytes."""
    return sum(status(p, "VmRSS") for p in processes(pid)) * 1024


def wake_ups(pid):
    return sum(status(t, "voluntary_ctxt_switches") for t in threads(pid))


def write_names(label, names):
    path = f"{work}/names-{label}"
    with open(path, "w") as f:
        f.writelines(name + "\n" for name in names)
    return path


def write_hosts(size):
    """So many names, in a random order; the fewer are among the more."""
    names = [f"host{i:07d}.bench.example.net" for i in range(size)]
    random.Random(size).shuffle(names)
    return write_names(size, names)


def fill(build, port, names, size):
    """Asks until everything comes from the cache; some lose questions when many come at once."""
    for window in (200, 100, 40, 16, 8):
        result = blast(build, port, names, "once", window)
        if result["noerror"] == size:
            return
    raise SystemExit(f"port {port} does not answer everything: {result}")


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


def ratios(ones, others, key="rate"):
    """Of two rows of results, taken pairwise per round."""
    return [a[key] / b[key] for a, b in zip(ones, others) if b[key] > 0]


def ratio(ones, others, key="rate"):
    return spread(ratios(ones, others, key), "{:.2f}")
