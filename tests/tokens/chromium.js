// SPDX-License-Identifier: Apache-2.0
// As $BROWSER of the command: a headless Chromium opens the address, and a person presses a button.
// Arguments: playwright-core, chromium, the button, a file for what the last page says, the address.
"use strict";

const fs = require("fs");
const [playwright, executablePath, button, saw, address] = process.argv.slice(2);
const { chromium } = require(playwright);

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  const page = await browser.newPage();
  const broken = [];
  page.on("pageerror", (error) => broken.push(String(error)));
  page.on("console", (message) => {
    // Chromium asks for an icon by itself, and is told that there is none.
    if (message.type() === "error" && !message.location().url.endsWith("favicon.ico")) {
      broken.push(message.text());
    }
  });
  await page.goto(address);
  const asked = await page.innerText("body");
  await page.click(`button:has-text("${button}")`);
  await page.waitForURL("http://localhost:*/slack?**");
  const found = { asked, said: await page.innerText("body"), title: await page.title(), broken };
  fs.writeFileSync(`${saw}.part`, JSON.stringify(found));
  fs.renameSync(`${saw}.part`, saw);
  await browser.close();
})().catch((error) => {
  fs.writeFileSync(saw, JSON.stringify({ broken: [String(error).slice(0, 1000)] }));
  process.exit(1);
});
