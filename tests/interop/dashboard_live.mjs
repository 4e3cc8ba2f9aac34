// The dashboard of real nodes in a headless browser: dashboard_live.mjs CEPA [FOLDER]
//
// Starts four nodes on loopback addresses of their own, and looks at the page of the first.
// Screenshots go to FOLDER, if there is one.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import puppeteer from "puppeteer-core";
import { browsers } from "./browsers.mjs";

const LIMIT_MS = 60000;
const NODES = 4;
const [cepa, shots] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "cepa-dashboard-"));
const port = 12000 + (process.pid % 20000);
const nodes = [];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const run = promisify(execFile);

/** A command about a node; its standard output. */
const command = async (number, ...words) => (await run(cepa, [...words, "--state-directory", join(folder, String(number))])).stdout;
const statusOf = async (number) => JSON.parse(await command(number, "status", "--json"));

async function eventually(what, test) {
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    const result = await test().catch(() => false);
    if (result) {
      return result;
    }
    assert.ok(Date.now() < end, `in time: ${what}`);
    await sleep(100);
  }
}

function start(number, ...options) {
  const log = openSync(join(folder, `${number}.log`), "a");
  const words = ["up", "--profile", "test", "--listen", `127.${number + 71}.0.1`, "--port", port, "--role", "relay", "--shaper", "off", "--log-level", "debug"];
  const node = spawn(cepa, [...words, "--state-directory", join(folder, String(number)), ...options], {
    stdio: ["ignore", log, log],
    env: { ...process.env, CEPA_CONFIG: "-/nowhere" },
  });
  closeSync(log);
  nodes[number] = node;
}

async function stop(number) {
  const node = nodes[number];
  if (node && node.exitCode === null && node.signalCode === null) {
    const ended = once(node, "exit");
    node.kill("SIGTERM");
    return (await ended)[0];
  }
  return node?.exitCode;
}

/** What is answered to a request of a program, with its body. */
function ask(address, { path, method = "GET", host, headers = {} } = {}) {
  const url = new URL(address);
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port: url.port, path: path ?? url.pathname, method, headers: { host: host ?? url.host, ...headers } },
      (response) => {
        let text = "";
        response.on("data", (data) => (text += data));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
      },
    );
    sent.on("error", reject);
    sent.end();
  });
}

let passed = 0;
async function check(name, test) {
  await test();
  console.log(`  ${name}`);
  passed++;
}

let browser;
try {
  const metricsPort = port + 1;
  start(0, "--metrics", metricsPort);
  const invitation = await eventually("an invitation", async () => (await command(0, "invite")).trim());
  for (let number = 1; number < NODES; number++) {
    start(number, "--invitation", invitation, ...(number === 1 ? ["--dashboard", "off"] : []));
  }
  await eventually("four relays, and circuits ahead", async () => {
    const { network } = await statusOf(0);
    return network.relays_usable === NODES && network.neighbours === NODES - 1 && network.circuits_ready_ahead > 0;
  });
  const { dashboard: address } = await statusOf(0);
  const { executable, args } = browsers.chromium;
  browser = await puppeteer.launch({ executablePath: executable, args, headless: true });
  const page = await browser.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("response", (response) => response.status() >= 400 && faults.push(`${response.url()}: ${response.status()}`));
  page.on("request", (sent) => sent.url().startsWith(address) || faults.push(`asks for ${sent.url()}`));
  const text = (selector) => page.$eval(selector, (element) => element.textContent);
  const until = (test, ...given) => page.waitForFunction(test, { timeout: LIMIT_MS, polling: 100 }, ...given);

  await check("'cepa status' shows the address; the log and the page's own state do not", async () => {
    assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
    assert.ok((await command(0, "status")).includes(address));
    const token = new URL(address).pathname.slice(1, -1);
    assert.ok(!readFileSync(join(folder, "0.log"), "utf8").includes(token));
    assert.equal(statSync(join(folder, "0", "control")).mode & 0o777, 0o600);
    await page.setViewport({ width: 1200, height: 900 });
    await page.goto(address);
    await until(() => document.querySelectorAll("#links tbody tr").length > 0);
    const state = await eventually("a state", async () => {
      const answer = await ask(address, { path: `${new URL(address).pathname}status.json` });
      return answer.status === 200 && answer.text;
    });
    assert.ok(!state.includes(token));
    assert.equal((await statusOf(1)).dashboard, null);
  });

  await check("the page shows what 'cepa status --json' says", async () => {
    await until((wanted) => document.querySelectorAll("#mesh .node.linked").length === wanted, NODES - 1);
    await until(() => document.querySelectorAll("#mesh .circuit").length > 0);
    const status = await statusOf(0);
    assert.equal(await text("#state"), `In the mesh, ${NODES - 1} neighbours`);
    assert.ok((await text("#who")).includes(`relay ${status.id.slice(0, 8)}, network test`));
    assert.match(await text("#facts"), new RegExp(`Relays known${NODES}`));
    assert.equal(await page.$$eval("#mesh .node.known", (all) => all.length), 0);
    const hops = await page.$$eval("#mesh .circuit", (all) => all.map((path) => path.dataset.hops));
    const known = status.circuits.map((circuit) => circuit.hops.map(({ node }) => node).join(" "));
    assert.ok(hops.some((path) => known.includes(path)), `${hops} among ${known}`);
    const guards = await page.$$eval("#guards tbody tr", (all) => all.length);
    assert.equal(guards, status.guards.length);
    assert.match(await text("#links tbody"), /127\.7[234]\.0\.0\/16.*WebRTC/);
    assert.match(await text("#anonymity-lead"), /There is none before relays of 20 networks are known/);
    assert.match(await text("#facts"), /Reachableyes/);
    await page.$eval("#relays-details", (element) => (element.open = true));
    await until((wanted) => document.querySelectorAll("#relays tbody tr").length === wanted, NODES);
    assert.match(await text("#warnings"), /Shaping is off/);
  });

  await check("it is live: circuits that are used, traffic, a node that leaves", async () => {
    const before = (await statusOf(0)).network.circuits_built;
    await command(0, "ping", "--count", "40");
    assert.ok((await statusOf(0)).network.circuits_built >= before + 10);
    await until(() => /Receiving [\d.]+\s(kB|MB|B)\/s, sending/.test(document.getElementById("traffic-text").textContent));
    await until(() => document.querySelector("#graph .rx"));
    assert.equal(await stop(NODES - 1), 0);
    await until((wanted) => document.querySelectorAll("#mesh .node.linked").length === wanted, NODES - 2);
  });

  await check("it is readable in the dark and on narrow screens", async () => {
    for (const [scheme, width] of [["light", 1200], ["dark", 1200], ["light", 360], ["dark", 360]]) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.setViewport({ width, height: 900 });
      await sleep(1200);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${scheme} ${width}`);
      if (shots) {
        await page.screenshot({ path: `${shots}/live-${scheme}-${width}.png`, fullPage: true });
      }
    }
  });

  await check("it is locked up: Host, token, methods, origins, policy", async () => {
    const { pathname, host } = new URL(address);
    const state = `${pathname}status.json`;
    const good = await ask(address);
    assert.equal(good.status, 200);
    assert.match(good.headers["content-security-policy"], /^default-src 'none'; script-src 'self';/);
    assert.equal(good.headers["x-frame-options"], "DENY");
    assert.equal(good.headers["cache-control"], "no-store");
    for (const name of ["evil.example", `evil.example:${new URL(address).port}`, "127.0.0.1"]) {
      assert.equal((await ask(address, { path: state, host: name })).status, 403, name);
    }
    const wrong = `/${"0".repeat(32)}/status.json`;
    assert.equal((await ask(address, { path: wrong })).status, 403);
    assert.equal((await ask(address, { path: "/" })).status, 403);
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      const answer = await ask(address, { path: state, method, headers: { origin: "http://evil.example" } });
      assert.equal(answer.status, 405, method);
      assert.ok(!Object.keys(answer.headers).some((field) => field.startsWith("access-control")), method);
    }
    const foreign = await ask(address, { path: state, headers: { origin: "http://evil.example" } });
    assert.ok(!Object.keys(foreign.headers).some((field) => field.startsWith("access-control")));
    const other = await browser.newPage();
    await other.goto(`http://localhost:${new URL(address).port}${pathname}`);
    assert.equal(await other.evaluate((url) => fetch(url).then(() => true, () => false), `http://${host}${state}`), false);
    await other.close();
  });

  await check("figures for Prometheus are served apart, by the same rules", async () => {
    const metrics = `http://127.0.0.1:${metricsPort}/metrics`;
    const good = await ask(metrics);
    assert.equal(good.status, 200);
    assert.match(good.headers["content-type"], /^text\/plain; version=0\.0\.4/);
    assert.match(good.text, /^cepa_neighbours [0-9]+$/m);
    assert.ok(!good.text.includes(new URL(address).pathname.slice(1, -1)));
    assert.equal((await ask(metrics, { host: "evil.example" })).status, 403);
    assert.equal((await ask(metrics, { method: "POST" })).status, 405);
    assert.equal((await ask(metrics, { path: "/" })).status, 404);
  });

  await check("it says when the node has gone, and a new start has a new address", async () => {
    assert.deepEqual(faults, []);
    assert.equal(await stop(0), 0);
    await until(() => document.body.classList.contains("stale"));
    assert.match(await text("#warnings"), /does not answer/);
    start(0);
    const { dashboard } = await eventually("the node again", () => statusOf(0));
    assert.notEqual(dashboard, address);
  });
} catch (error) {
  console.error(nodes.map((_, number) => readFileSync(join(folder, `${number}.log`), "utf8").split("\n").slice(-6).join("\n")).join("\n"));
  throw error;
} finally {
  await browser?.close();
  await Promise.all(nodes.map((_, number) => stop(number)));
  rmSync(folder, { recursive: true, force: true });
}
console.log(`note: ${passed} checks of real nodes' page in Chromium passed`);
