// SPDX-License-Identifier: Apache-2.0
// Inputs: one with filters, then edit, clone, disable, enable, delete.
"use strict";
const { visit } = require("./browser.js");

visit(async (pages) => {
  const found = {};
  await pages.open("inputs");
  await pages.page.click('button:has-text("Create New Input")');
  await pages.dialog().waitFor();
  await pages.fill("name", "logins");
  await pages.choose("account", "acme");
  await pages.picture("input");
  await pages.fill("start", "yesterday");
  found.nonsense = await pages.refused("Add");
  await pages.fill("start", "-2h");
  await pages.unfold("Which events");
  await pages.add("actions", "user_login (user)");
  await pages.add("actions", "user_logout (user)");
  await pages.add("exclude_actions", "user_login_failed (user)");
  await pages.page.locator('[data-name="exclude_actions"]').scrollIntoViewIfNeeded();
  await pages.picture("input-filters");
  await pages.saved("Add");
  found.added = await pages.cells("logins");

  await pages.act("logins", "Edit");
  await pages.fill("interval", "nonsense");
  found.badInterval = await pages.refused("Update");
  await pages.fill("interval", "*/5 * * * *");
  await pages.saved("Update");
  found.cron = await pages.cells("logins");

  await pages.act("logins", "Clone");
  await pages.fill("name", "second");
  await pages.fill("interval", "120");
  await pages.saved("Save");
  found.cloned = await pages.cells("second");
  await pages.picture("inputs");

  await toggle(pages, "logins", "Disabled");
  found.disabled = await pages.cells("logins");
  await toggle(pages, "logins", "Enabled");
  found.enabled = await pages.cells("logins");

  await pages.act("second", "Delete");
  await pages.saved("Delete");
  await pages.row("second").waitFor({ state: "detached" });
  found.names = await pages.names();
  return found;
});

async function toggle(pages, name, wanted) {
  await pages.row(name).locator("[data-test=switch] button, [role=switch]").first().click();
  await pages.row(name).locator(`[data-test=status]:has-text("${wanted}")`).waitFor();
}
