// SPDX-License-Identifier: Apache-2.0
// Add to Slack, in the settings pages and in the window that they open.
"use strict";
const { given, visit } = require("./browser.js");

visit(async (pages) => {
  const found = {};
  await pages.open("configuration");
  await pages.page.click('button:has-text("Add")');
  await pages.dialog().waitFor();
  await pages.fill("name", "acme");
  await pages.choose("auth_type", "Add to Slack");
  found.noClient = await pages.refused("Add");
  await pages.choose("region", "Own address");
  await pages.fill("api_url", given.api);
  await pages.fill("endpoint", given.endpoint);
  await pages.fill("client_id", given.client);
  await pages.fill("client_secret", "of-another-app");
  found.redirect = await pages.page.inputValue('[data-name="redirect_url"] input');
  await pages.picture("sign-in");

  found.wrongSecret = await signIn(pages, "allow");
  await pages.fill("client_secret", given.secret);
  found.cancelled = await signIn(pages, "cancel", "Add", "sign-in-cancelled");
  found.closed = await signIn(pages, "close");
  found.foreignState = await signIn(pages, "foreign state");
  for (const account of given.accounts) {
    await control("account", account);
    found[account] = await signIn(pages, "allow");
  }
  await control("account", "owner");
  await control("token_rotation", false);
  await signIn(pages, "allow");
  found.added = await pages.cells("acme");

  // Signed in again, with the app's rotation switched on.
  await control("token_rotation", true);
  await pages.act("acme", "Edit");
  await pages.fill("client_secret", given.secret);
  await signIn(pages, "allow", "Update");
  found.edited = await pages.cells("acme");
  // And once more, with the client secret that is kept.
  await pages.act("acme", "Edit");
  found.secretShown = await pages.page.inputValue('[data-name="client_secret"] input');
  await signIn(pages, "allow", "Update");
  found.again = await pages.cells("acme");

  // The redirect page where nobody waits for it.
  const alone = await pages.page.context().newPage();
  await alone.goto(`${found.redirect}?code=nothing&state=none`);
  await alone.waitForFunction(() => document.body.innerText.includes("not there any more"));
  found.alone = await alone.evaluate(() => document.body.innerText);
  return found;
});

// What the form says then, with a picture of it if one is named; "" when it is saved.
async function signIn(pages, answer, button = "Add", picture = "") {
  const opened = pages.page.waitForEvent("popup");
  await pages.save(button);
  const popup = await opened;
  if (answer === "close") {
    await popup.waitForLoadState();
    await popup.close();
  } else if (answer === "foreign state") {
    await popup.waitForLoadState();
    await popup.locator('input[name="state"]').evaluate((input) => { input.value = "of-another"; });
    await popup.click('button[value="allow"]');
  } else {
    await popup.click(`button[value="${answer}"]`);
  }
  const message = pages.dialog().locator("[data-test=msg-markdown], [data-test=message]").first();
  // Neither may reject: the one that loses the race is waited for no more.
  const told = message.waitFor().then(() => "told", () => "");
  const gone = pages.dialog().waitFor({ state: "detached" }).then(() => "gone", () => "");
  if ((await Promise.race([told, gone])) !== "told") {
    return "";
  }
  const text = (await message.innerText()).trim();
  if (picture) {
    await message.scrollIntoViewIfNeeded();
    await pages.picture(picture);
  }
  // The next message must not be taken for this one.
  await pages.fill("name", "acme-");
  await pages.page.waitForFunction(
    (old) => !document.querySelector("[role=dialog]").innerText.includes(old), text,
  );
  await pages.fill("name", "acme");
  return text;
}

async function control(name, value) {
  await fetch(`${given.control}settings`, {
    method: "POST", body: JSON.stringify({ [name]: value }),
  });
}
