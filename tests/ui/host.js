// SPDX-License-Identifier: Apache-2.0
// What the page of `make host` tells a person to do, done.
"use strict";
const { given, visit } = require("./browser.js");

visit(async (pages) => {
  const page = pages.page;
  await page.goto(`${given.url}/`);
  const text = await page.evaluate(() => document.body.innerText);
  const [api, token] = await page.locator("ol code").allInnerTexts();
  await page.click("ol >> text=Configuration");
  await page.click('button:has-text("Add")');
  await pages.fill("name", "acme");
  await pages.choose("region", "Own address");
  await pages.fill("api_url", api);
  await pages.fill("token", token);
  await pages.saved("Add");
  await pages.open("inputs");
  await page.click('button:has-text("Create New Input")');
  await pages.fill("name", "audit");
  await pages.choose("account", "acme");
  await pages.saved("Add");
  const saved = Date.now();
  await page.goto(`${given.url}/`);
  await page.waitForSelector("td:has-text('slack:audit:acme')", { timeout: 60000 });
  const seconds = (Date.now() - saved) / 1000;
  await pages.picture("host");
  return { text, seconds, rows: await page.locator("table").first().innerText() };
});
