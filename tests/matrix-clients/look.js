// SPDX-License-Identifier: MIT
// Shows a room with Hydrogen in headless Chromium, waits until all the texts and so many pictures are there, writes a picture
// of it and prints what it shows as one line of JSON:
//   node look.js '{"chromium": PATH, "homeserver": URL, "user": NAME, "password": WORD, "room": ID, "texts": [...], "pictures": 1,
//                  "screenshot": FILE}'
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const asked = JSON.parse(process.argv[2]);
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm",
                ".svg": "image/svg+xml", ".json": "application/json" };

const server = createServer(async (request, response) => {
  const asked = normalize(new URL(request.url, "http://x").pathname);
  const path = asked === "/" ? "/hydrogen.html" : asked;
  try {
    const bytes = await readFile(join(here, "site", path));
    response.writeHead(200, { "Content-Type": types[extname(path)] || "application/octet-stream" });
    response.end(bytes);
  } catch {
    response.writeHead(404);
    response.end();
  }
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const browser = await chromium.launch({ executablePath: asked.chromium, args: [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"] });
const said = [];
try {
  const page = await browser.newPage({ viewport: { width: 900, height: 760 } });
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  const query = new URLSearchParams({ homeserver: asked.homeserver, user: asked.user, password: asked.password, room: asked.room });
  await page.goto(`http://127.0.0.1:${server.address().port}/?${query}`);
  await page.waitForFunction(() => document.body.dataset.state !== "loading", null, { timeout: 60000 });
  const failed = await page.evaluate(() => document.body.dataset.why);
  if (failed)
    throw new Error(failed);
  await page.waitForFunction(({ texts, pictures }) => {
    const shown = document.querySelector("#app").innerText;
    const loaded = [...document.querySelectorAll("#app .Timeline_messageBody img, #app .media img")]
      .filter((picture) => picture.complete && picture.naturalWidth > 1);
    return texts.every((text) => shown.includes(text)) && loaded.length >= pictures;
  }, { texts: asked.texts, pictures: asked.pictures || 0 }, { timeout: 60000 }).catch(async (error) => {
    said.push(await page.evaluate(() => document.querySelector("#app").innerText));
    await page.screenshot({ path: asked.screenshot });
    throw error;
  });
  await page.screenshot({ path: asked.screenshot });
  const shown = await page.evaluate(() => ({
    text: document.querySelector("#app").innerText,
    messages: [...document.querySelectorAll("#app .Timeline_message")].filter((message) => !message.closest(".ReplyPreviewView"))
      .map((message) => {
        const body = message.querySelector(".Timeline_messageBody")?.cloneNode(true);
        body?.querySelectorAll("time, .ReplyPreviewView").forEach((other) => other.remove());
        return {
          sender: message.querySelector(".Timeline_messageSender")?.innerText || "",
          text: body?.textContent || "", html: body?.innerHTML || "",
          quoted: message.querySelector(".ReplyPreviewView")?.innerText || "",
          pictures: [...message.querySelectorAll("img")].filter((picture) => !picture.closest(".avatar"))
            .map((picture) => [picture.naturalWidth, picture.naturalHeight]),
        };
      }),
  }));
  console.log(JSON.stringify(shown));
} catch (error) {
  console.error(String(error && error.stack || error));
  console.error(said.join("\n"));
  process.exitCode = 1;
} finally {
  await browser.close();
  server.close();
}
