// Headless browsers with a page that imports side.mjs.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import puppeteer from "puppeteer-core";

const chromiumArgs = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const browsers = {
  chromium: { browser: "chrome", executable: "/usr/bin/chromium", args: chromiumArgs },
  // The trial that forbids pages to change what their browser offered.
  "chromium-strict": {
    browser: "chrome",
    executable: "/usr/bin/chromium",
    args: [...chromiumArgs, "--force-fieldtrials=WebRTC-NoSdpMangleUfrag/Enabled/"],
  },
  firefox: { browser: "firefox", executable: "/usr/bin/firefox-esr", args: [] },
};

const page = `<!doctype html><title>interop</title>
<script type="importmap">{"imports": {"@noble/hashes/": "/noble/"}}</script>
<script type="module">import { Side } from "/side.mjs"; window.Side = Side; window.sides = [];</script>`;

/** Serves the page and the modules that it imports, on a port of loopback. */
function servePage() {
  const server = createServer(async (request, response) => {
    const name = /^\/(?:noble\/)?([a-z0-9_]+)(\.m?js)?$/.exec(request.url);
    const folder = request.url.startsWith("/noble/") ? "node_modules/@noble/hashes/esm/" : "";
    try {
      const extension = name?.[2] ?? ".js";
      const isPage = request.url === "/";
      const body = isPage
        ? page
        : await readFile(new URL(folder + name[1] + extension, import.meta.url));
      response.setHeader("content-type", isPage ? "text/html" : "text/javascript");
      response.end(body);
    } catch {
      response.statusCode = 404;
      response.end();
    }
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** A Side that lives in a page: each method is called there. */
class PageSide {
  constructor(page, number) {
    for (const method of [
      "dial",
      "makeOffer",
      "takeOffer",
      "takeAnswer",
      "waitOpen",
      "echo",
      "count",
      "counted",
      "close",
    ]) {
      this[method] = (...args) =>
        page.evaluate(
          (number, method, args) => window.sides[number][method](...args),
          number,
          method,
          args,
        );
    }
  }
}

/** Starts a browser; gives functions that make a side and that end everything. */
export async function startBrowser(name, profile) {
  const { browser: kind, executable, args } = browsers[name];
  const server = await servePage();
  const browser = await puppeteer.launch({
    browser: kind,
    executablePath: executable,
    args,
    headless: true,
    pipe: kind === "chrome",
    userDataDir: profile,
    timeout: 60000,
  });
  const page = await browser.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(`http://localhost:${server.address().port}/`);
  await page.waitForFunction(() => window.sides !== undefined, { timeout: 10000 });
  return {
    faults,
    async makeSide() {
      const number = await page.evaluate(
        () => window.sides.push(new window.Side(RTCPeerConnection)) - 1,
      );
      return new PageSide(page, number);
    },
    async stop() {
      const timer = setTimeout(() => browser.process()?.kill("SIGKILL"), 5000);
      await browser.close().catch(() => {});
      clearTimeout(timer);
      server.close();
    },
  };
}
