#!/usr/bin/python3
"""Asks a gRPC worker again and again whether it is well, and prints when that, or why, changes.

    grpc_client.py TARGET SECONDS [OPTION=VALUE]...     channel options with whole numbers

Ends with 0 after `SECONDS`, or after the first answer when `SECONDS` is 0.
"""

import sys
import time

import grpc

SERVING = b"\x08\x01"
PAUSE = 0.05

options = []
for word in sys.argv[3:]:
    key, value = word.split("=")
    options.append((key, int(value)))
seconds = float(sys.argv[2])
channel = grpc.insecure_channel(sys.argv[1], options=options)
check = channel.unary_unary("/grpc.health.v1.Health/Check")
began = time.monotonic()
last = None
while True:
    try:
        now = "serving" if check(b"", timeout=5 if seconds == 0 else 1) == SERVING else "rubbish"
        detail = ""
    except grpc.RpcError as problem:
        now = problem.code().name.lower()
        detail = problem.details()
    if (now, detail) != last:
        print(f"{now} at {time.monotonic() - began:.2f} s {detail}", flush=True)
        last = now, detail
    if seconds == 0:
        sys.exit(0 if now == "serving" else 1)
    if time.monotonic() - began > seconds:
        sys.exit(0)
    time.sleep(PAUSE)
