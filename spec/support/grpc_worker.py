#!/usr/bin/python3
"""A gRPC worker that says that it is well, run on a host of a test network.

    grpc_worker.py ADDRESS:PORT
"""

import concurrent.futures
import sys

import grpc

SERVING = b"\x08\x01"


class Health(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method != "/grpc.health.v1.Health/Check":
            return None
        return grpc.unary_unary_rpc_method_handler(lambda request, context: SERVING)


server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=4))
server.add_generic_rpc_handlers((Health(),))
if server.add_insecure_port(sys.argv[1]) == 0:
    sys.exit("cannot listen on " + sys.argv[1])
server.start()
print("ready", flush=True)
server.wait_for_termination()
