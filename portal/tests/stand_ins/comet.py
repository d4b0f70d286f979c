"""A stand-in for a Comet Backup server: its admin API over HTTP, with users of its own.

    comet.py [--port N] [--tls CERT KEY] [--users N]

It listens on 127.0.0.1, prints its port on a line, and ends with its standard input. Written from
the facts about Comet (its published SDK and documentation), and from nothing of Rekey's.

Administrators: `rekey` may do everything, `looker` may sign in and nothing else.
Users, all with the password `before-NAME`:

    acme01  allows resets; two devices, two vaults, a quota
    acme02  does not allow resets
    acme03  is suspended
    acme04  signs in with a code as well (TOTP)
    acme05  may not use the web
    acme06  is new: no devices, no vaults, no quota

`--users N` adds `many00001` and so on; every tenth does not allow resets.

It is driven by objects of JSON, one in a line on standard input (each is answered by one on
standard output) or one in a POST to /__stand_in:

    {"do": "fault", "endpoint": E, "kind": K, "times": N, "seconds": S}
                        what happens to the next N (1) calls of an endpoint, or of "*":
                          hang, hang_after    no answer, before or after doing it
                          cut, cut_after      the connection is closed
                          half_after          done, and half of the answer comes
                          500, 500_after      HTTP 500
                          garbage, garbage_after  an answer that is no JSON
                          no                  an answer with `status` in it, HTTP 200
                          http                HTTP `status`
                          redirect            HTTP 307 to `to`
                          changed             somebody else changes the profile just before
                          delay               done, but after S seconds
    {"do": "calm"}      no more faults; what hangs ends
    {"do": "add", "name": N, …}, {"do": "set", "name": N, …}
                        a user with, or who gets: password, consent, suspended, totp, web, email,
                        account_name
    {"do": "recreate", "name": N}, {"do": "remove", "name": N}
    {"do": "admin", "password": P}     another password for `rekey`
    {"do": "missing", "status": S}     how it says that there is no such user (404)
    {"do": "language", "to": L}        which language it speaks, whatever is asked for (en, de)
    {"do": "user", "name": N}          how a user is
    {"do": "calls"}, {"do": "forget"}  the calls so far: path, endpoint, parameters, headers, status
    {"do": "reset"}                    everything as in the beginning
"""

import argparse
import base64
import copy
import hashlib
import json
import secrets
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

GIB = 1024**3
ADMIN_PASSWORD = "let-rekey-in"
# Seconds since 1970: when the seeded users were last seen.
SEEN = 1_750_000_000

MESSAGES = {
    "en": {
        "ok": "OK",
        "denied": "Access denied",
        "missing": "User not found",
        "no_recovery": "No recovery code is available, and the old password was not given",
        "short": "The password is too short",
        "changed": "The profile was changed by somebody else",
        "parameter": "A parameter is missing",
        "endpoint": "No such endpoint",
        "fault": "Something went wrong",
    },
    "de": {
        "ok": "In Ordnung",
        "denied": "Zugriff verweigert",
        "missing": "Benutzer nicht gefunden",
        "no_recovery": "Kein Wiederherstellungscode, und das alte Passwort fehlt",
        "short": "Das Passwort ist zu kurz",
        "changed": "Das Profil wurde von jemand anderem geändert",
        "parameter": "Ein Parameter fehlt",
        "endpoint": "Diesen Endpunkt gibt es nicht",
        "fault": "Etwas ist schiefgegangen",
    },
}


def guid():
    """Something random, as the server would make it."""
    return secrets.token_hex(16)


def wrapped(key, password):
    """A vault's key under a password; the same call unwraps it."""
    pad = hashlib.sha256(password.encode()).digest()
    return bytes(one ^ other for one, other in zip(key, pad))


class No(Exception):
    """The server says no."""

    def __init__(self, status, message, http=200):
        super().__init__(message)
        self.status, self.message, self.http = status, message, http


class User:
    """A user: the profile that the API shows, and the password that nobody sees."""

    def __init__(self, name, rich=False):
        self.name = name
        # What is in the vaults is encrypted with it, whatever the password is.
        self.key = secrets.token_bytes(32)
        self.profile = {
            "Username": name,
            "AccountName": "",
            "LocalTimezone": "Europe/Berlin",
            "LanguageCode": "en_US",
            "GroupID": "",
            "Emails": None,
            "OverrideEmailSettings": {},
            "SendEmailReports": False,
            "Destinations": {},
            "SupportsDeviceAssociations": True,
            "Sources": {},
            "BackupRules": {},
            "Devices": None,
            "IsSuspended": False,
            "AllProtectedItemsQuotaEnabled": False,
            "AllProtectedItemsQuotaBytes": 0,
            "MaximumDevices": 0,
            "PolicyID": "",
            "Policy": {"PreventOpenWebUI": False, "ExtraFileExclusions": []},
            "PasswordFormat": 4,
            "PasswordHash": "",
            "AllowPasswordLogin": True,
            "AllowPasswordAndTOTPLogin": False,
            "TOTPKeyEncryptionFormat": 0,
            "TOTPKey": "",
            "RequirePasswordChange": False,
            "CreateTime": SEEN - 1_000_000,
            "CreationGUID": guid(),
            "ServerConfig": {"LiveUserGroup": {}, "Tags": []},
            # A later version of the server has more to say.
            "LaterField": {"Object": {}, "List": [], "Large": 9007199254740993, "Text": "ä\u2028<>"},
        }
        if rich:
            self.profile |= {
                "AllProtectedItemsQuotaEnabled": True,
                "AllProtectedItemsQuotaBytes": 500 * GIB,
                "MaximumDevices": 5,
                "Devices": {
                    "d1" * 16: {"FriendlyName": "FRONT-DESK", "RegistrationTime": SEEN - 900_000},
                    "d2" * 16: {"FriendlyName": "LAPTOP-7", "RegistrationTime": SEEN - 800_000},
                },
                "Destinations": {
                    "vault-1": self.vault("Cloud vault", 400 * GIB, 120 * GIB),
                    "vault-2": self.vault("Office NAS", None, None),
                },
                "Sources": {
                    "source-1": self.source("Documents", 90 * GIB, SEEN),
                    "source-2": self.source("Mailboxes", 30 * GIB, SEEN - 3_600),
                },
            }
        self.set_password("before-" + name)
        self.set_consent(True)

    @staticmethod
    def vault(description, quota, used):
        return {
            "Description": description,
            "StorageLimitEnabled": quota is not None,
            "StorageLimitBytes": quota or 0,
            "EncryptedEncryptionKey": "",
            "Statistics": {
                "ClientProvidedSize": {
                    "Size": used or 0,
                    "MeasureStarted": SEEN - 60 if used else 0,
                    "MeasureCompleted": SEEN if used else 0,
                }
            },
        }

    @staticmethod
    def source(description, size, at):
        job = {"GUID": guid(), "StartTime": at - 600, "EndTime": at, "TotalSize": size}
        return {
            "Engine": "engine1/file",
            "Description": description,
            "EngineProps": {},
            "Statistics": {
                "LastStartTime": at - 600,
                "LastBackupJob": job,
                "LastSuccessfulBackupJob": copy.deepcopy(job),
            },
        }

    def set_password(self, password):
        self.password = password
        salt = secrets.token_hex(8)
        digest = hashlib.sha256((salt + password).encode()).hexdigest()
        self.profile["PasswordHash"] = f"{salt}${digest}"
        for vault in self.profile["Destinations"].values():
            vault["EncryptedEncryptionKey"] = base64.b64encode(wrapped(self.key, password)).decode()

    def set_consent(self, consent):
        # Left out when there is none, as Go's omitempty does.
        self.profile.pop("PasswordRecovery", None)
        if consent:
            self.profile["PasswordRecovery"] = "recovery-" + secrets.token_hex(24)

    def set_totp(self, totp):
        self.profile["AllowPasswordLogin"] = not totp
        self.profile["AllowPasswordAndTOTPLogin"] = totp
        self.profile["TOTPKey"] = "sealed-" + secrets.token_hex(8) if totp else ""

    def consents(self):
        return bool(self.profile.get("PasswordRecovery"))

    def opens_vaults(self):
        """Whether the current password opens what is stored."""
        keys = [vault["EncryptedEncryptionKey"] for vault in self.profile["Destinations"].values()]
        return all(wrapped(base64.b64decode(key), self.password) == self.key for key in keys)

    def hash(self):
        text = json.dumps(self.profile, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def may_sign_in(self, password):
        return (
            password == self.password
            and self.profile["AllowPasswordLogin"]
            and not self.profile["IsSuspended"]
            and not self.profile["Policy"]["PreventOpenWebUI"]
        )

    def shown(self):
        return {
            "name": self.name,
            "password": self.password,
            "consent": self.consents(),
            "recovery": self.profile.get("PasswordRecovery", ""),
            "suspended": self.profile["IsSuspended"],
            "require_change": self.profile["RequirePasswordChange"],
            "guid": self.profile["CreationGUID"],
            "opens_vaults": self.opens_vaults(),
            "profile": self.profile,
        }


class Comet:
    """The server's state, and what its endpoints do."""

    def __init__(self, many):
        self.many = many
        self.lock = threading.RLock()
        self.calm = threading.Event()
        self.begin()

    def begin(self):
        self.admins = {"rekey": ADMIN_PASSWORD, "looker": ADMIN_PASSWORD}
        self.users, self.sessions, self.faults, self.calls = {}, {}, [], []
        self.missing, self.language = 404, None
        self.calm.set()
        self.calm = threading.Event()
        for number, account in enumerate(
            ["Acme Dental, front desk", "Acme Dental, back office", "", "", "", ""], start=1
        ):
            user = User(f"acme{number:02}", rich=number != 6)
            user.profile["AccountName"] = account
            user.profile["Emails"] = [f"acme{number:02}@acme.example"] if number != 6 else None
            self.users[user.name] = user
        self.users["acme02"].set_consent(False)
        self.users["acme03"].profile["IsSuspended"] = True
        self.users["acme04"].set_totp(True)
        self.users["acme05"].profile["Policy"]["PreventOpenWebUI"] = True
        for number in range(1, self.many + 1):
            user = User(f"many{number:05}", rich=True)
            user.profile["AccountName"] = f"Customer {number}"
            user.profile["Emails"] = [f"customer{number}@many.example"]
            user.set_consent(number % 10 != 0)
            self.users[user.name] = user

    # --- what its endpoints do

    def answer(self, endpoint, given):
        """The answer to a call; `No` when there is none."""
        kind, _, rest = endpoint.partition("/")
        name = rest.replace("/", "_").replace("-", "_")
        does = getattr(self, f"{kind}_{name}", None) if kind in ("admin", "user") else None
        if does is None:
            raise No(404, "endpoint", http=404)
        with self.lock:
            if kind == "admin":
                self.admit_admin(given, endpoint)
                return does(given)
            return does(self.admit_user(given), given)

    def admit_admin(self, given, endpoint):
        name = given.get("Username")
        known = self.admins.get(name)
        if given.get("AuthType") != "Password" or known is None or given.get("Password") != known:
            raise No(403, "denied", http=403)
        if name == "looker" and endpoint != "admin/meta/version":
            raise No(403, "denied", http=403)

    def admit_user(self, given):
        user = self.users.get(given.get("Username"))
        if user is None:
            raise No(403, "denied", http=403)
        if given.get("AuthType") == "Password" and user.may_sign_in(given.get("Password")):
            return user
        session = given.get("SessionKey")
        if given.get("AuthType") == "SessionKey" and self.sessions.get(session) == user.name:
            return user
        raise No(403, "denied", http=403)

    def target(self, given):
        user = self.users.get(self.need(given, "TargetUser"))
        if user is None:
            raise No(self.missing, "missing")
        return user

    @staticmethod
    def need(given, name):
        if name not in given:
            raise No(400, "parameter")
        return given[name]

    def admin_meta_version(self, _given):
        return {
            "Version": "24.9.4",
            "VersionCodename": "Enceladus",
            "AuthenticationRole": True,
            "StorageRole": True,
            "ServerStartTime": SEEN,
        }

    def admin_list_users(self, _given):
        return sorted(self.users)

    def admin_list_users_full(self, _given):
        return {name: user.profile for name, user in self.users.items()}

    def admin_get_user_profile_and_hash(self, given):
        user = self.target(given)
        return self.done() | {"ProfileHash": user.hash(), "Profile": copy.deepcopy(user.profile)}

    def admin_set_user_profile_hash(self, given):
        user = self.target(given)
        if self.need(given, "RequireHash") != user.hash():
            raise No(409, "changed")
        user.profile = json.loads(self.need(given, "ProfileData"))
        return self.done() | {"ProfileHash": user.hash(), "Profile": copy.deepcopy(user.profile)}

    def admin_reset_user_password(self, given):
        user = self.target(given)
        password = self.need(given, "NewPassword")
        if len(password) < 8:
            raise No(400, "short")
        if not user.consents() and given.get("OldPassword") != user.password:
            raise No(400, "no_recovery")
        user.set_password(password)
        user.set_consent(user.consents())
        # Sessions end with the password that they were opened with.
        self.sessions = {key: name for key, name in self.sessions.items() if name != user.name}
        return self.done()

    def user_web_session_start(self, user, _given):
        key = secrets.token_hex(16)
        self.sessions[key] = user.name
        return self.done() | {"SessionKey": key, "SessionType": "user"}

    def user_web_session_revoke(self, _user, given):
        self.sessions.pop(given.get("SessionKey"), None)
        return self.done()

    def done(self):
        return {"Status": 200, "Message": self.say("ok")}

    def say(self, message, language="en"):
        return MESSAGES[self.language or language][message]

    # --- how it is driven

    def fault(self, endpoint):
        """The fault that is due for a call, if any."""
        with self.lock:
            for fault in self.faults:
                if fault["endpoint"] in (endpoint, "*"):
                    fault["times"] -= 1
                    if fault["times"] <= 0:
                        self.faults.remove(fault)
                    return fault
        return None

    def drive(self, order):
        with self.lock:
            does = getattr(self, "do_" + str(order.get("do")), None)
            if does is None:
                return {"error": f"what is {order.get('do')!r}?"}
            try:
                return does(order) or {"ok": True}
            except KeyError as error:
                return {"error": f"no {error}"}

    def do_fault(self, order):
        self.faults.append({"endpoint": "*", "times": 1, **order})

    def do_calm(self, _order):
        self.faults = []
        self.calm.set()
        self.calm = threading.Event()

    def do_add(self, order):
        self.users[order["name"]] = User(order["name"], rich=True)
        return self.do_set(order)

    def do_set(self, order):
        user = self.users[order["name"]]
        setters = {
            "password": user.set_password,
            "consent": user.set_consent,
            "totp": user.set_totp,
            "suspended": lambda to: user.profile.update(IsSuspended=to),
            "web": lambda to: user.profile["Policy"].update(PreventOpenWebUI=not to),
            "email": lambda to: user.profile.update(Emails=[to]),
            "account_name": lambda to: user.profile.update(AccountName=to),
        }
        for name, value in order.items():
            if name in setters:
                setters[name](value)
        return user.shown()

    def do_recreate(self, order):
        self.users[order["name"]] = User(order["name"], rich=True)

    def do_remove(self, order):
        del self.users[order["name"]]

    def do_admin(self, order):
        self.admins["rekey"] = order["password"]

    def do_missing(self, order):
        self.missing = order["status"]

    def do_language(self, order):
        self.language = order["to"]

    def do_user(self, order):
        return self.users[order["name"]].shown()

    def do_calls(self, _order):
        return {"calls": self.calls, "sessions": len(self.sessions)}

    def do_forget(self, _order):
        self.calls = []

    def do_reset(self, _order):
        self.begin()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 120
    comet = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.reply(405, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.rstrip("/")
        if path.endswith("/__stand_in"):
            return self.reply(200, json.dumps(self.comet.drive(json.loads(body))).encode())
        # Whatever path the server is behind.
        _, found, endpoint = path.partition("/api/v1/")
        if not found:
            return self.reply(404, b"<html>Not Found</html>", "text/html")
        given = {}
        if self.headers.get_content_type() == "application/x-www-form-urlencoded":
            given = dict(parse_qsl(body.decode(), keep_blank_values=True))
        call = {
            "path": self.path,
            "endpoint": endpoint,
            "parameters": given,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "status": None,
        }
        with self.comet.lock:
            self.comet.calls.append(call)
        return self.serve(endpoint, given, call)

    def serve(self, endpoint, given, call):
        fault = self.comet.fault(endpoint) or {}
        kind = fault.get("kind", "")
        calm = self.comet.calm
        if kind == "hang":
            calm.wait()
        if kind in ("hang", "cut"):
            return self.cut()
        if kind == "500":
            return self.reply(500, b"<html>Internal Server Error</html>", "text/html")
        if kind == "garbage":
            return self.reply(200, b'{"Status": 20')
        if kind == "redirect":
            return self.reply(307, b"", location=fault["to"])
        if kind == "http":
            return self.reply(fault["status"], b"<html></html>", "text/html")
        if kind == "changed":
            with self.comet.lock:
                user = self.comet.users[given["TargetUser"]]
                user.profile["LanguageCode"] = guid()
        http, answer = self.ask(endpoint, given, call, fault)
        text = json.dumps(answer).encode()
        if kind == "hang_after":
            calm.wait()
        if kind == "delay":
            time.sleep(fault["seconds"])
        if kind in ("hang_after", "cut_after"):
            return self.cut()
        if kind == "500_after":
            return self.reply(500, b"<html>Internal Server Error</html>", "text/html")
        if kind == "garbage_after":
            return self.reply(200, text[: len(text) // 2])
        if kind == "half_after":
            self.head(200, len(text))
            self.wfile.write(text[: len(text) // 2])
            return self.cut()
        return self.reply(http, text)

    def ask(self, endpoint, given, call, fault):
        language = "de" if self.headers.get("Accept-Language", "").startswith("de") else "en"
        try:
            if fault.get("kind") == "no":
                raise No(fault["status"], "fault")
            answer = self.comet.answer(endpoint, given)
            call["status"] = 200
            return 200, answer
        except No as no:
            call["status"] = no.status
            message = self.comet.say(no.message, language)
            return no.http, {"Status": no.status, "Message": message}

    def head(self, status, length, kind="application/json", location=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        if location:
            self.send_header("Location", location)
        self.end_headers()

    def reply(self, status, body, kind="application/json", location=None):
        try:
            self.head(status, len(body), kind, location)
            self.wfile.write(body)
        except OSError:
            # Whoever asked has gone.
            self.close_connection = True

    def cut(self):
        self.close_connection = True


class Server(ThreadingHTTPServer):
    """One thread for each connection, so that one that hangs holds nobody else up."""

    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, _request, _address):
        # Clients that go away, or trust nobody: that is what some tests are about.
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--users", type=int, default=0)
    options = parser.parse_args()

    Handler.comet = Comet(options.users)
    server = Server(("127.0.0.1", options.port), Handler)
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
        # In the connection's own thread.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    for line in sys.stdin:
        print(json.dumps(Handler.comet.drive(json.loads(line))), flush=True)


main()
