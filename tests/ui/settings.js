// SPDX-License-Identifier: Apache-2.0
// The proxy, the log level, and the monitoring page.
"use strict";
const { visit } = require("./browser.js");

visit(async (pages) => {
  const found = { hosts: {} };
  await pages.open("configuration");
  await pages.tab("Proxy");
  await pages.choose("proxy_type", "socks5h");
  await pages.fill("proxy_port", "3128");
  await pages.fill("proxy_username", "audit");
  await pages.fill("proxy_password", "only-for-the-proxy");
  await pages.fill("proxy_url", "http://proxy");
  await button(pages).click();
  const message = pages.page.locator("[data-test=msg-markdown], [data-test=message]").first();
  await message.waitFor();
  found.refused = await message.innerText();
  for (const host of ["proxy.example.com", "2001:db8::1", "192.0.2.7"]) {
    await pages.fill("proxy_url", host);
    found.hosts[host] = await save(pages);
  }
  await pages.picture("proxy");
  await pages.tab("Logging");
  await pages.choose("loglevel", "DEBUG");
  found.logging = await save(pages);
  await pages.open("dashboard");
  await pages.page.waitForSelector("text=Overview");
  await pages.page.waitForTimeout(1500); // its searches end at once, without results
  await pages.picture("monitoring");
  found.dashboard = await pages.page.evaluate(() => document.body.innerText);
  return found;
});

function button(pages) {
  return pages.page.locator('button:has-text("Save"):visible');
}

async function save(pages) {
  const answered = pages.page.waitForResponse(
    (response) => response.request().method() === "POST" && response.url().includes("_settings/")
  );
  await button(pages).click();
  return (await answered).status();
}
