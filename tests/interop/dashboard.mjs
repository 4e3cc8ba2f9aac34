// The dashboard in a headless browser: dashboard.mjs SERVER [FOLDER]
//
// SERVER is build/*/dashboard_server. Screenshots go to FOLDER, if there is one.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";
import { browsers } from "./browsers.mjs";
import { makeStatus, nodeId } from "./dashboard_status.mjs";

const LIMIT_MS = 20000;
const [command, folder] = process.argv.slice(2);
const { executable, args } = browsers.chromium;
const server = spawn(command, { stdio: ["pipe", "pipe", "inherit"] });
const [address] = await once(createInterface({ input: server.stdout }), "line");
const { port, pathname } = new URL(address);
const say = (state) => server.stdin.write(`${JSON.stringify(makeStatus(state))}\n`);

/** What is answered to a request of a program. */
function ask(path, { method = "GET", host = `127.0.0.1:${port}` } = {}) {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers: { host } }, (response) => {
      response.resume();
      resolve(response);
    });
    sent.on("error", reject);
    sent.end();
  });
}

let passed = 0;
async function check(name, run) {
  await run();
  console.log(`  ${name}`);
  passed++;
}

const browser = await puppeteer.launch({ executablePath: executable, args, headless: true });
try {
  const page = await browser.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("requestfailed", (failed) => faults.push(`${failed.url()} failed`));
  page.on("response", (response) => response.status() >= 400 && faults.push(`${response.url()}: ${response.status()}`));
  const foreign = [];
  page.on("request", (sent) => sent.url().startsWith(address) || foreign.push(sent.url()));
  const count = (selector) => page.$$eval(selector, (all) => all.length);
  const text = (selector) => page.$eval(selector, (element) => element.textContent);
  const until = (test, ...given) => page.waitForFunction(test, { timeout: LIMIT_MS, polling: 100 }, ...given);
  const rows = (wanted) => until((n) => document.querySelectorAll("#links tbody tr").length === n, wanted);
  const shoot = async (name) => folder && page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });

  await page.setViewport({ width: 1200, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  say({ seconds: 0 });
  await page.goto(address);
  await rows(14);

  await check("the picture shows relays, clients, guards and circuits", async () => {
    assert.equal(await count("#mesh .node.linked"), 12);
    assert.equal(await count("#mesh .node.client"), 2);
    assert.equal(await count("#mesh .node.known"), 48);
    assert.equal(await count("#mesh .guard-ring"), 2);
    assert.equal(await count("#mesh .circuit"), 4);
    assert.equal(await count("#mesh .circuit.ahead"), 3);
    assert.equal(await count("#mesh .circuit.unready"), 1);
    const hops = await page.$$eval("#mesh .circuit", (all) => all.map((path) => path.dataset.hops));
    assert.ok(hops.includes([1, 20, 33].map(nodeId).join(" ")));
  });

  await check("the tables show the same", async () => {
    assert.match(await text("#circuits tbody"), /in use.*prepared.*building/);
    assert.ok((await text("#circuits tbody")).includes(`here \u2192 ${nodeId(1).slice(0, 8)}`));
    assert.ok((await text("#links tbody")).includes("guard, neighbour"));
    assert.equal(await count("#guards tbody tr"), 3);
    assert.match(await text("#anonymity-lead"), /1 in 98/);
    assert.match(await text("#facts"), /Relays known60/);
    assert.equal(await count("#warnings li"), 0);
  });

  await check("it follows the node: rates, new links, circuits that are gone", async () => {
    for (const seconds of [1, 2, 3]) {
      say({ seconds });
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    await until(() => document.querySelector("#mesh .flow.rate-3"));
    assert.match(await text("#traffic-text"), /Receiving [\d.]+\s(kB|MB)\/s, sending/);
    assert.equal(await count("#graph .rx"), 1);
    say({ seconds: 4, linked: 16, changes: { circuits: [] } });
    await rows(18);
    assert.equal(await count("#mesh .node.linked"), 16);
    assert.equal(await count("#mesh .circuit"), 0);
    assert.equal(await page.$eval("#circuits-none", (element) => element.hidden), false);
  });

  await check("warnings say what is wrong", async () => {
    say({ seconds: 5, changes: { network: { clock_off: true, clock_error_ms: 95000, published: false } } });
    await until(() => document.querySelector("#warnings")?.textContent.includes("95.0\u00a0s ahead of"));
    say({ seconds: 6, changes: { network: { published: false, receipts: 1 }, reachability: { why: "1 of 2 could", receipts_needed: 2 } } });
    await until(() => document.querySelector("#warnings").textContent.includes("Not reachable. 1 of 2"));
    await shoot("warning");
    say({ seconds: 7, changes: { network: { joined: false }, links: [], circuits: [], guards: [], relays: [] } });
    await until(() => document.querySelector("#warnings").textContent.includes("Not in the mesh"));
    assert.equal(await text("#state"), "Not in the mesh");
    await shoot("alone");
    say({ seconds: 8 });
    await rows(14);
    assert.equal(await count("#warnings li"), 0);
  });

  await check("text of the node is text: markup in it does nothing", async () => {
    const evil = '<img src=x onerror="window.isBroken = 1"><script>window.isBroken = 1</script>';
    const status = makeStatus({ seconds: 9 });
    status.links[0].prefix = evil;
    status.guards[0].prefix = evil;
    say({ seconds: 9, changes: { profile: evil, links: status.links, guards: status.guards } });
    await until((words) => document.querySelector("#links").textContent.includes(words), evil);
    assert.equal(await count("main img, header img, main script"), 0);
    assert.equal(await page.evaluate(() => window.isBroken), undefined);
  });

  await check("the policy keeps out inline scripts, foreign ones, handlers, frames, markup", async () => {
    const result = await page.evaluate(async () => {
      const broken = [];
      document.addEventListener("securitypolicyviolation", (event) => broken.push(event.effectiveDirective));
      const tries = [
        () => {
          const script = document.createElement("script");
          script.textContent = "window.isBroken = 1";
          document.head.append(script);
        },
        () => document.body.setAttribute("onclick", "window.isBroken = 1"),
        () => document.body.insertAdjacentHTML("beforeend", "<b>markup</b>"),
        () => {
          const frame = document.createElement("iframe");
          frame.src = location.href;
          document.body.append(frame);
        },
        () => {
          const style = document.createElement("style");
          style.textContent = "body { display: none }";
          document.head.append(style);
        },
        () => window.eval("window.isBroken = 1"),
        () => import("http://127.0.0.1:9/foreign.js").catch(() => {}),
      ];
      // In tasks of their own: what a debugger evaluates is not held to the policy.
      for (const attempt of tries) {
        setTimeout(() => {
          try {
            attempt();
          } catch {
            // as it should be
          }
        });
      }
      const fetched = await fetch("http://127.0.0.1:9/").then(() => true, () => false);
      document.body.click();
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { broken, fetched, isBroken: window.isBroken, hasMarkup: !!document.querySelector("body > b") };
    });
    assert.equal(result.isBroken, undefined);
    assert.equal(result.hasMarkup, false);
    assert.equal(result.fetched, false);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).display), "block");
    for (const directive of ["require-trusted-types-for", "script-src", "frame-src", "style-src-elem", "connect-src"]) {
      assert.ok(result.broken.some((name) => name.startsWith(directive)), `${directive}: ${result.broken}`);
    }
    faults.length = 0; // of what was tried here
    foreign.length = 0;
    say({ seconds: 10 });
    await until(() => !document.querySelector("#links").textContent.includes("<img"));
  });

  await check("an inline script in the page itself does not run", async () => {
    const other = await browser.newPage();
    const said = [];
    other.on("console", (message) => said.push(message.text()));
    await other.setRequestInterception(true);
    other.on("request", async (sent) => {
      if (sent.url() !== address) {
        return sent.continue();
      }
      const real = await fetch(address);
      const html = (await real.text()).replace("</header>", `</header><script>window.isBroken = 1</script><p id="injected" onclick="window.isBroken = 1">here</p>`);
      return sent.respond({ status: 200, headers: Object.fromEntries(real.headers), contentType: "text/html", body: html });
    });
    await other.goto(address);
    await other.waitForFunction(() => document.querySelectorAll("#links tbody tr").length === 14, { timeout: LIMIT_MS, polling: 100 });
    await other.click("#injected");
    assert.equal(await other.evaluate(() => window.isBroken), undefined);
    assert.ok(said.some((message) => message.includes("script-src 'self'")), said.join());
    await other.close();
  });

  await check("wrong tokens, names and methods are refused", async () => {
    const wrong = `${pathname.slice(0, -2)}${pathname.at(-2) === "0" ? "1" : "0"}/`;
    assert.equal((await ask(pathname)).statusCode, 200);
    assert.equal((await ask(pathname, { host: `localhost:${port}` })).statusCode, 200);
    assert.equal((await ask(wrong)).statusCode, 403);
    assert.equal((await ask("/")).statusCode, 403);
    for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1", `[::1]:${port}`]) {
      assert.equal((await ask(`${pathname}status.json`, { host })).statusCode, 403, host);
    }
    for (const method of ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
      assert.equal((await ask(pathname, { method })).statusCode, 405, method);
    }
    assert.equal((await ask(`${pathname}nothing`)).statusCode, 404);
    const other = await browser.newPage();
    assert.equal((await other.goto(`http://127.0.0.1:${port}${wrong}`)).status(), 403);
    // A page of another origin, which knows the address, can neither read nor frame nor use it.
    await other.goto(`http://localhost:${port}${pathname}`);
    const read = await other.evaluate((url) => fetch(`${url}status.json`).then(() => true, () => false), address);
    assert.equal(read, false);
    await other.close();
  });

  await check("the keyboard reaches every relay", async () => {
    await page.bringToFront();
    await page.reload();
    await rows(14);
    await page.$eval("#mesh .node.self", (element) => element.focus());
    await page.keyboard.press("ArrowRight");
    await until(() => /^Relay [0-9a-f]{8}, in /.test(document.getElementById("told").textContent));
    const first = await text("#told");
    await page.keyboard.press("ArrowRight");
    await until((before) => document.getElementById("told").textContent !== before, first);
    say({ seconds: 11, linked: 13 });
    await rows(15);
    await page.keyboard.press("End");
    await until(() => document.getElementById("told").textContent.includes("not linked"));
    assert.equal(await count('#mesh [tabindex="0"]'), 1);
    await page.focus("#circuits tbody tr");
    await until(() => document.querySelectorAll("#mesh .circuit.selected").length === 1);
  });

  await check("it is readable in the dark and on narrow screens", async () => {
    for (const [scheme, width] of [["light", 1200], ["dark", 1200], ["light", 360], ["dark", 768]]) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.setViewport({ width, height: 900 });
      await page.evaluate(() => document.activeElement?.blur());
      await new Promise((resolve) => setTimeout(resolve, 1500));
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${width}`);
      await shoot(`${scheme}-${width}`);
    }
  });

  await check("it says when the node has gone", async () => {
    assert.deepEqual(faults, []);
    assert.deepEqual(foreign, []);
    server.stdin.end();
    await until(() => document.body.classList.contains("stale"));
    assert.match(await text("#warnings"), /does not answer/);
  });
} finally {
  await browser.close();
  server.stdin.end();
}
const status = server.exitCode ?? (await once(server, "exit"))[0];
assert.equal(status, 0);
console.log(`note: ${passed} checks of the page in Chromium passed`);
