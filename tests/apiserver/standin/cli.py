"""Command line: start the stand-in or the real server below DIR."""

import argparse
import os
import signal
import sys
import threading

from . import auth
from . import pki as files
from . import real
from .app import App
from .controllers import Controllers
from .server import RequestLog, Server
from .store import Store


def arguments(argv):
    p = argparse.ArgumentParser(
        prog="apiserver", description="A strict stand-in for the Kubernetes "
        "API server; tests/apiserver/README.md says how to use it.")
    p.add_argument("--dir", required=True, metavar="DIR",
                   help="folder for certificates, kubeconfigs, logs")
    p.add_argument("--port", type=int, default=0, metavar="N",
                   help="TCP port (0: any)")
    p.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS")
    p.add_argument("--host", action="append", default=[], metavar="NAME",
                   help="one more name or address in the certificate")
    p.add_argument("--node", action="append", default=[], metavar="NAME",
                   help="node to make an identity for (default: node1)")
    p.add_argument("--store", metavar="FILE",
                   help="keep the objects in FILE over restarts")
    p.add_argument("--lag", type=float, default=300, metavar="MS",
                   help="how long authorizer and admission do not yet know "
                   "a new Node or pod (default 300)")
    p.add_argument("--lease-grace", type=float, metavar="SECONDS",
                   help="mark a node Unknown when its lease is that old")
    p.add_argument("--gc", type=float, default=1.0, metavar="SECONDS",
                   help="delay until what a deleted Node owned is deleted "
                   "(negative: never; default 1)")
    p.add_argument("--bookmark", type=float, default=60, metavar="SECONDS",
                   help="period of watch bookmarks (default 60)")
    p.add_argument("--prefix", default="", metavar="PATH",
                   help="serve below this path, such as /k8s/clusters/c1")
    p.add_argument("--background", action="store_true",
                   help="return as soon as the server is ready")
    p.add_argument("--real", action="store_true",
                   help="run etcd and kube-apiserver of KUBEBUILDER_ASSETS")
    p.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)
    options = p.parse_args(argv)
    options.node = options.node or ["node1"]
    if options.prefix and (options.real or options.prefix[0] != "/"):
        p.error("--prefix begins with a slash and is not for --real")
    return options


def run_standin(options, ready):
    pki = files.prepare(options)
    tokens = pki.tokens(options.node)
    store = Store(options.store)
    users = {token: auth.User(user, tuple(g for g in (group,) if g))
             for token, user, group in tokens.values()}
    app = App(options, store, users,
              {"tripod": auth.agent_rules(options.node[0])})
    log = RequestLog(pki.path("requests.log"))
    server = Server((options.listen, options.port), app, pki, log)
    if options.store:
        threading.Thread(target=store.keep_saving, daemon=True).start()
    Controllers(store, app.rest, options.lease_grace,
                None if options.gc < 0 else options.gc).start()

    def stop(*_):
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    files.announce(pki, options, server.server_address[1], "standin", tokens)
    ready()
    server.serve_forever(poll_interval=0.1)
    if options.store:
        store.save()
    for name in ("port", "pid"):
        if pki.have(name):
            os.unlink(pki.path(name))
    os._exit(0)  # connections are cut, as when a machine goes away


def in_background(run, options):
    """Fork; the parent returns when the child is ready or has failed."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        if os.read(reader, 1):
            return 0
        print(f"apiserver: not started, see {options.dir}/apiserver.log",
              file=sys.stderr)
        return 1
    os.close(reader)
    os.setsid()
    log = os.open(os.path.join(options.dir, "apiserver.log"),
                  os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)

    def ready():
        os.write(writer, b"1")
        os.close(writer)

    run(options, ready)
    return 0


def main(argv=None):
    options = arguments(sys.argv[1:] if argv is None else argv)
    options.dir = os.path.abspath(options.dir)
    os.makedirs(options.dir, exist_ok=True)
    run = real.run if options.real else run_standin
    if options.background:
        return in_background(run, options)
    run(options, lambda: print(
        f"ready: KUBECONFIG={options.dir}/admin.kubeconfig", flush=True))
    return 0
