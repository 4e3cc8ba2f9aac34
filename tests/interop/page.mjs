// The page of examples/echo.html in a browser, as somebody would use it: page.mjs COMMAND [BROWSER]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";
import { browsers } from "./browsers.mjs";

const LIMIT_MS = 30000;
const [command, name = "chromium"] = process.argv.slice(2);
const { browser: kind, executable, args } = browsers[name];
const server = spawn(command, { stdio: ["pipe", "pipe", "inherit"] });
const [address] = await once(createInterface({ input: server.stdout }), "line");
const browser = await puppeteer.launch({ browser: kind, executablePath: executable, args, headless: true });
let said = "";
try {
  const page = await browser.newPage();
  await page.goto(`file://${fileURLToPath(new URL("../../examples/echo.html", import.meta.url))}`);
  await page.type("#address", address);
  await page.click("#dial button");
  await page.waitForSelector("#open:not([disabled])", { timeout: LIMIT_MS });
  await page.click("#send button");
  await page.waitForFunction(() => document.getElementById("log").textContent.includes("< Hello"), { timeout: LIMIT_MS });
  said = await page.$eval("#log", (log) => log.textContent);
} finally {
  await browser.close();
  server.stdin.end();
}
const [status] = await once(server, "exit");
console.log(said.trim());
process.exitCode = status;
