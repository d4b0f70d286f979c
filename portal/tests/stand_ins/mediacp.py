"""A stand-in for MediaCP: its XML-RPC, as far as Rekey uses it, on Python's own xmlrpc.server.

Prints the port it listens on, and ends with its standard input. Lines there change it:

    key KEY             the API key, from now on
    fault NAME          what happens to changes of passwords, once; nothing when NAME is "none":
                        refused   the panel answers "failed"
                        fault     the change is made, and the panel answers with a fault
                        garbage   the change is made, and the answer makes no sense
                        cut       the change is made, and the connection is closed without an answer
                        hang      the change is made, and no answer comes
                        broken    the change is made, and the answer is a 500
                        redirect  nothing is done, and the answer leads to a page about licences
    hash NUMBER         prints the hash of a user, and how often it was set
"""

import sys
import threading
import time
from xmlrpc.client import Fault
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

KEY = "0123456789abcdef0123456789abcdef"


class Panel:
    def __init__(self):
        self.key = KEY
        self.fault = "none"
        # How the answer to this thread's call is to break.
        self.breaks = threading.local()
        self.users = {7: "acme01", 8: "ünïcode & <co>"}
        self.hashes = {number: "" for number in self.users}
        self.changes = {number: 0 for number in self.users}

    def take_fault(self):
        fault, self.fault = self.fault, "none"
        return fault

    def call(self, method, arguments):
        if arguments.get("auth") != self.key:
            raise Fault(401, "Authentication failed")
        if method == "admin.service_usage":
            return {"status": "success", "usage": {}}
        if method != "admin.user_update":
            raise Fault(404, "No such method")
        if "userid" in arguments:
            number = int(arguments["userid"])
        else:
            named = [number for number, name in self.users.items() if name == arguments.get("username")]
            number = named[0] if named else 0
        if number not in self.users:
            return {"status": "failed", "error": "Could not locate user"}
        if "hash" in arguments:
            fault = self.take_fault()
            if fault == "refused":
                return {"status": "failed", "error": "Database is read-only"}
            if fault == "redirect":
                self.breaks.how = fault
                return {}
            self.hashes[number] = arguments["hash"]
            self.changes[number] += 1
            if fault == "fault":
                raise Fault(500, "Something broke")
            if fault != "none":
                self.breaks.how = fault
        return {"status": "success", "id": number}


class Broken(BaseException):
    """Passes by what turns exceptions into answers."""


class Handler(SimpleXMLRPCRequestHandler):
    rpc_paths = ("/system/rpc.php",)

    def do_POST(self):
        try:
            super().do_POST()
        except Broken as broken:
            self.answer(str(broken))

    def answer(self, fault):
        self.close_connection = True
        if fault == "cut":
            return
        if fault == "hang":
            time.sleep(3600)
        status, body = 200, b"<html>all is well</html>"
        if fault == "broken":
            status, body = 500, b""
        if fault == "redirect":
            status = 302
        self.send_response(status)
        if fault == "redirect":
            self.send_header("Location", "/licence")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(SimpleXMLRPCServer):
    def _marshaled_dispatch(self, *arguments, **more):
        panel.breaks.how = None
        answer = super()._marshaled_dispatch(*arguments, **more)
        if panel.breaks.how:
            raise Broken(panel.breaks.how)
        return answer

    # What hangs must not keep anybody.
    def process_request(self, request, address):
        threading.Thread(target=self.serve_one, args=(request, address), daemon=True).start()

    def serve_one(self, request, address):
        try:
            self.finish_request(request, address)
        finally:
            self.shutdown_request(request)


panel = Panel()
server = Server(("127.0.0.1", 0), Handler, logRequests=False, allow_none=False, encoding="utf-8")
server.register_instance(type("Calls", (), {"_dispatch": lambda _, method, params: panel.call(method, params[0])})())
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)

for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if word == "key":
        panel.key = rest
    elif word == "fault":
        panel.fault = rest
    elif word == "hash":
        print(panel.hashes[int(rest)], panel.changes[int(rest)], flush=True)
        continue
    print("done", flush=True)
