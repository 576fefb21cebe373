// SPDX-License-Identifier: Apache-2.0
// Accounts: a token that Slack refuses, one that it takes, an edit, a clone, a delete.
"use strict";
const { given, visit } = require("./browser.js");

visit(async (pages) => {
  const found = {};
  await pages.open("configuration");
  await pages.page.click('button:has-text("Add")');
  await pages.dialog().waitFor();
  await pages.fill("name", "acme");
  found.noToken = await pages.refused("Add");
  await pages.choose("region", "Own address");
  await pages.fill("api_url", given.api);
  await pages.fill("token", given.wrong);
  found.wrongToken = await pages.refused("Add");
  await pages.picture("account-refused");
  await pages.fill("token", given.token);
  await pages.saved("Add");
  found.added = await pages.cells("acme");
  await pages.picture("accounts");

  // Saved again without the token: the one that is kept is tried.
  await pages.act("acme", "Edit");
  found.tokenShown = await pages.page.inputValue('[data-name="token"] input');
  found.edited = await edit(pages);
  await pages.act("acme", "Edit");
  await pages.fill("token", given.wrong);
  found.wrongOnEdit = await pages.refused("Update");
  await pages.dialog().locator('button:has-text("Cancel")').click();

  await pages.act("acme", "Clone");
  await pages.fill("name", "second");
  await pages.fill("token", given.token);
  await pages.saved("Save");
  found.cloned = await pages.cells("second");
  await pages.act("second", "Delete");
  await pages.saved("Delete");
  await pages.row("second").waitFor({ state: "detached" });
  found.names = await pages.names();
  return found;
});

async function edit(pages) {
  if ((await pages.page.inputValue('[data-name="token"] input')) === "") {
    return "the form wants the token again";
  }
  await pages.saved("Update");
  return "saved";
}
