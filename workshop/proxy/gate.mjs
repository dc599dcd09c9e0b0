// JupyterHub's proxy, with a gate in it: a learner's server answers only that learner.
//
// At one address, all learners and the hub share an origin: a page from one server can read the
// hub's pages, and act there as whoever is looking at it. So only its owner gets to look at it. A
// cookie of the hub's says who is looking (gate.py). If each learner has a host name of their own,
// the browser itself keeps them apart; then the gate only ensures that the hub answers under its own
// name alone.

import { createHmac, timingSafeEqual } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { isIPv4 } from "node:net";
import { parseArgs } from "node:util";

const [, program] = process.env.STEPSIZE_PROXY.split("\n"); // node, and what it runs
const library = createRequire(program).resolve("configurable-http-proxy");
const { ConfigurableProxy, parseListenOptions } = await import(library);

const secret = readFileSync(`${process.env.STEPSIZE_HUB}/gate_secret`);
const room = process.getuid() === 0; // otherwise a trial: one account for all
const apart = process.env.STEPSIZE_SUBDOMAINS && new URL(process.env.STEPSIZE_SUBDOMAINS);

const FORBIDDEN = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"; // to a websocket

/** The names for which this browser holds a cookie that is ours and still valid. */
function visitors(req) {
  const cookies = (req.headers.cookie ?? "").split(";").map((cookie) => cookie.trim().split("="));
  const tickets = cookies.filter(([name]) => name === "stepsize-gate");
  return tickets.map(([, ticket]) => holder(ticket ?? "")).filter(Boolean);
}

function holder(ticket) {
  const [name, until, mark] = ticket.split(".");
  const right = createHmac("sha256", secret).update(`${name}.${until}`).digest();
  const given = Buffer.from(mark ?? "", "hex");
  const ours = given.length === right.length && timingSafeEqual(given, right);
  return ours && Number(until) * 1000 > Date.now() && name;
}

/** Anybody can take a port: is it the owner's account that listens there? */
function isTheirs(target, owner) {
  if (!room) return true;
  const accounts = readFileSync("/etc/passwd", "utf8");
  const uid = accounts.match(`(?:^|\n)class-${owner}:[^:]*:(\\d+):`)?.[1];
  const port = Number(new URL(target).port).toString(16).toUpperCase().padStart(4, "0");
  return listening().some(([, address, , , , , , account]) => {
    return address === `0100007F:${port}` && account === uid;
  });
}

/** The lines of /proc/net/tcp about listening sockets. They come first; the rest takes long to read. */
function listening() {
  const file = openSync("/proc/net/tcp");
  try {
    const chunk = Buffer.alloc(4096);
    const lines = [];
    let text = "";
    for (let n; (n = readSync(file, chunk)) > 0; ) {
      const whole = (text + chunk.latin1Slice(0, n)).split("\n");
      text = whole.pop();
      lines.push(...whole.map((line) => line.trim().split(/\s+/)));
      if (/^(?!0A)[0-9A-F]{2}$/.test(lines.at(-1)?.[3])) break;
    }
    return lines.filter(([, , , state]) => state === "0A");
  } finally {
    closeSync(file);
  }
}

/** A program sends a token. No browser does when it opens a page. */
const isProgram = (req) => /^(token|bearer) /i.test(req.headers.authorization ?? "");

class Gate extends ConfigurableProxy {
  constructor(options) {
    super(options);
    this.guarded = new WeakSet();
    this.proxy.on("proxyRes", (answer, req) => {
      // The browser would show a copy of its own without asking here whose it is.
      const kept = answer.headers["cache-control"] ?? "";
      if (this.guarded.has(req) && !kept.includes("no-store"))
        answer.headers["cache-control"] = "no-cache";
    });
  }

  async handleProxy(kind, req, res, ...rest) {
    tellWhoAsks(req);
    const match = await this.targetForReq(req).catch(() => undefined);
    const route = match?.prefix.split("/").slice(apart ? 2 : 1) ?? [];
    const owner = route[0] === "user" && route[1];
    if (apart && match?.prefix === "/" && isOfALearner(req)) return goHome(kind, req, res);
    if (!apart && owner && !isProgram(req)) {
      this.guarded.add(req);
      const names = visitors(req);
      const mayPass = names.length && names.every((name) => name === owner);
      // A service worker would go on showing pages to whoever sits there next.
      if (!mayPass || req.headers["service-worker"]) return refuse(kind, req, res, names, owner);
    }
    if (owner && !isTheirs(match.target, owner)) {
      this.handleProxyError(503, kind, req, res, new Error("It is not its owner who listens."));
      if (kind === "ws") res.destroySoon();
      return;
    }
    return super.handleProxy(kind, req, res, ...rest);
  }
}

/** Only this machine (Caddy) is believed about who asks, and how; what others claim is dropped. */
function tellWhoAsks(req) {
  const peer = req.socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
  const near = (isIPv4(peer) && peer.startsWith("127.")) || peer === "::1";
  const said = near ? req.headers : {};
  const by = said["x-forwarded-for"];
  const proto = said["x-forwarded-proto"] ?? "http";
  const port = req.headers.host?.match(/:(\d+)$/)?.[1] ?? (proto === "https" ? "443" : "80");
  for (const name of ["x-real-ip", "x-scheme", "forwarded"]) delete req.headers[name];
  req.headers["x-forwarded-for"] = by ? `${by}, ${peer}` : peer;
  req.headers["x-forwarded-proto"] = proto;
  req.headers["x-forwarded-host"] = said["x-forwarded-host"] ?? req.headers.host ?? "";
  req.headers["x-forwarded-port"] = said["x-forwarded-port"] ?? port;
}

/** Under a learner's host name, the hub's pages would share an origin with the learner's. */
const isOfALearner = (req) =>
  (req.headers.host ?? "").replace(/:\d+$/, "").toLowerCase().endsWith(`.${apart.hostname}`);

function goHome(kind, req, res) {
  if (kind === "ws" || !req.url.startsWith("/")) return res.end(FORBIDDEN);
  res.writeHead(307, { Location: apart.origin + req.url });
  return res.end();
}

function refuse(kind, req, res, names, owner) {
  if (kind === "ws") return res.end(FORBIDDEN);
  const opens = req.method === "GET" && (req.headers["sec-fetch-mode"] ?? "navigate") === "navigate";
  if (!names.length && opens && !req.url.startsWith(`/user/${owner}/api/`)) {
    res.writeHead(302, { Location: `/hub/login?next=${encodeURIComponent(req.url)}` });
    return res.end();
  }
  const you = names.length ? `You are signed in as ${names[0]}` : "You are not signed in";
  res.writeHead(403, { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" });
  return res.end(
    `<!doctype html><title>Not yours</title><p>This page is ${owner}'s alone. ${you}.` +
      `<p><a href="/hub/home">To your own page</a>`,
  );
}

const text = { type: "string" };
const { values: args } = parseArgs({
  options: {
    ip: text,
    port: text,
    "api-socket": text,
    "error-target": text,
    "log-level": text,
    "host-routing": { type: "boolean", default: false },
  },
});
const proxy = new Gate({
  authToken: process.env.CONFIGPROXY_AUTH_TOKEN,
  errorTarget: args["error-target"],
  hostRouting: args["host-routing"], // where there are subdomains
  prependPath: true,
});
proxy.log.level = args["log-level"];
const places = { ip: args.ip, port: args.port, apiSocket: args["api-socket"] };
const listen = parseListenOptions(places, proxy.log);
// As the proxy's own program does: one request that fails doesn't end all the others.
process.on("uncaughtException", (error) => proxy.log.error(error.stack ?? String(error)));
proxy.proxyServer.listen(...listen.proxyTarget);
proxy.apiServer.listen(...listen.apiTarget);
