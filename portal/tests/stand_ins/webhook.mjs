// A receiver of webhooks that checks them with the npm package `standardwebhooks`, which has nothing
// in common with what signs them. It keeps accounts with passwords, as far as docs/connectors.md says
// what a receiver answers, and takes every other message.
//
// Prints the port it listens on, and ends with its standard input. Arguments: the secrets it knows.
// Lines change it, each answered by one:
//
//     secrets SECRET…       the secrets it knows from now on: a message must be signed with each
//     now SECONDS           what time it is; else that of the machine
//     answer STATUS [JSON]  what the next message is answered with, whatever it is; JSON may have
//                           `headers` and `body`
//     always STATUS [JSON]  the same for every message; without a status, none
//     fault cut|hang        what happens to the answer to the next message, which counts
//     lacks TYPE…           what it does not offer
//     received              every message that came, as JSON, and forgets them
//     account NAME          an account, as JSON
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../../end2end/package.json", import.meta.url));
const { Webhook } = require("standardwebhooks");

const machine = Date.now;
let secrets = process.argv.slice(2);
let next = null;
let always = null;
let fault = null;
let lacks = [];
let received = [];
const seen = new Set();
const accounts = new Map([
  ["acme01", { id: "7", name: "Acme & Söhne", email: "it@acme.example", password: null, changes: 0 }],
  ["frozen", { id: "8", password: null, changes: 0, refuses: "no_consent" }],
]);

function check(body, headers) {
  let message;
  for (const secret of secrets) message = new Webhook(secret).verify(body, headers);
  return message;
}

function answer(message) {
  const { type, id, data } = message;
  if (lacks.includes(type)) return { status: 501 };
  if (type === "ping") return { status: 200, body: { version: "stand-in 1" } };
  if (!/^(account|password)\./.test(type) || data.account === undefined || typeof data.account === "object") return { status: 204 };
  const account = accounts.get(data.account);
  if (!account) return { status: 404 };
  if (data.fingerprint !== undefined && data.fingerprint !== account.id) return { status: 409 };
  if (account.refuses) return { status: 403, body: { reason: account.refuses } };
  switch (type) {
    case "account.check":
      return { status: 200, body: { id: account.id, name: account.name, email: account.email } };
    case "password.set":
      if (data.password.length < 6) return { status: 422, body: { reason: "password_too_short" } };
      if (!seen.has(id)) {
        seen.add(id);
        account.password = data.password;
        account.changes += 1;
      }
      return { status: 204 };
    case "password.verify":
      return { status: 200, body: { verified: account.password === data.password } };
    default:
      account.last = type;
      return { status: 204 };
  }
}

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString();
    const id = request.headers["webhook-id"];
    let said;
    try {
      const message = check(body, request.headers);
      received.push({ verified: true, id, timestamp: Number(request.headers["webhook-timestamp"]), signatures: request.headers["webhook-signature"].split(" ").length, message });
      if (next) said = next;
      else if (always) said = always;
      else if ("id" in message && message.id !== id) said = { status: 400 };
      else said = answer(message);
      next = null;
    } catch (error) {
      received.push({ verified: false, id, why: error.message });
      said = { status: 401 };
    }
    const how = fault;
    fault = null;
    if (how === "cut") return request.socket.destroy();
    if (how === "hang") return;
    const text = said.body === undefined ? "" : typeof said.body === "string" ? said.body : JSON.stringify(said.body);
    response.writeHead(said.status, { ...said.headers, Connection: "close" });
    response.end(text);
  });
});

function told(rest) {
  const [, status, more] = rest.match(/^(\d*) ?(.*)$/);
  return status ? { status: Number(status), ...(more ? JSON.parse(more) : {}) } : null;
}

const commands = {
  secrets: (rest) => void (secrets = rest.split(" ")),
  now: (rest) => void (Date.now = rest ? () => Number(rest) * 1000 : machine),
  answer: (rest) => void (next = told(rest)),
  always: (rest) => void (always = told(rest)),
  fault: (rest) => void (fault = rest),
  lacks: (rest) => void (lacks = rest.split(" ")),
  received: () => {
    const all = received;
    received = [];
    return JSON.stringify(all);
  },
  account: (rest) => JSON.stringify(accounts.get(rest) ?? null),
};

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [, word, rest] = line.match(/^(\S+) ?(.*)$/);
  console.log(commands[word](rest) ?? "done");
});
lines.on("close", () => process.exit(0));
