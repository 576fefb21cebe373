// SPDX-License-Identifier: Apache-2.0
// A headless Chromium on the add-on's pages, and what a person does there.
"use strict";

const fs = require("fs");
const path = require("path");
const given = JSON.parse(process.argv[2]); // url, pictures, playwright, chromium
const { chromium } = require(given.playwright);

const PATIENCE = 60000; // a machine may be busy with other tests
// Nothing may be fetched that the page does not ask for.
const FLAGS = [
  "--no-sandbox", "--disable-background-networking", "--disable-component-update",
  "--disable-default-apps", "--disable-sync", "--disable-domain-reliability", "--no-first-run",
  "--no-default-browser-check", "--no-pings", "--disable-gpu",
];

class Pages {
  constructor(page) {
    this.page = page;
    this.broken = [];
    this.answers = [];
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.broken.push(String(error).slice(0, 500)));
    page.on("response", async (response) => {
      if (response.url().includes("/splunkd/__raw/")) {
        const text = await response.text().catch(() => "");
        this.answers.push({ url: response.url(), status: response.status(), text });
      }
    });
  }

  async open(name) {
    await this.page.goto(`${given.url}/en-US/app/slack_audit_input/${name}`);
  }

  async tab(title) {
    await this.page.click(`[role=tab]:has-text("${title}")`);
  }

  dialog() {
    return this.page.locator("[role=dialog]");
  }

  async fill(field, text) {
    await this.page.fill(`[data-name="${field}"] input`, text);
  }

  async choose(field, label) {
    await this.page.click(`[data-name="${field}"] [data-test=select], [data-name="${field}"] button`);
    await this.page.click(`[role=option]:has-text("${label}")`);
  }

  // Of several that may be chosen: typed, then taken from what is offered.
  async add(field, label) {
    await this.page.click(`[data-name="${field}"] input`);
    await this.page.keyboard.type(label.split(" ")[0]);
    await this.page.getByRole("option", { name: label, exact: true }).click();
    await this.page.keyboard.press("Escape");
  }

  async unfold(title) {
    await this.page.click(`[role=dialog] button:has-text("${title}")`);
  }

  async save(button) {
    await this.dialog().locator(`[data-test=footer] button:has-text("${button}")`).click();
  }

  async saved(button) {
    await this.save(button);
    await this.dialog().waitFor({ state: "detached" });
  }

  // The dialog stays, with the reason.
  async refused(button) {
    await this.save(button);
    const message = this.dialog().locator("[data-test=msg-markdown], [data-test=message]").first();
    await message.waitFor();
    return (await message.innerText()).trim();
  }

  row(name) {
    return this.page.locator(`tr[aria-label="row-${name}"]`);
  }

  async act(name, action) {
    await this.row(name).locator(`button[aria-label="${action}"], [data-test="action-${action.toLowerCase()}"]`).first().click();
    await this.dialog().waitFor();
  }

  async cells(name) {
    await this.row(name).waitFor();
    return (await this.row(name).locator("td").allInnerTexts()).map((text) => text.trim());
  }

  async names() {
    return this.page.locator('tbody tr td[data-column="name"]').allInnerTexts();
  }

  async picture(name) {
    // The message that says what was saved lies over what the picture is to show.
    await this.page.addStyleTag({ content: "[data-test=toast-messages] { display: none }" });
    await this.page.waitForTimeout(400); // animations of dialogs
    await this.page.screenshot({ path: path.join(given.pictures, `${name}.png`) });
  }
}

exports.given = given;
exports.visit = async (what) => {
  const browser = await chromium.launch({ executablePath: given.chromium, args: FLAGS });
  // Only the emulator has a certificate here, of its own.
  const context = await browser.newContext({
    viewport: { width: 1100, height: 760 }, ignoreHTTPSErrors: true,
  });
  const page = await context.newPage();
  const pages = new Pages(page);
  try {
    const found = await what(pages);
    process.stdout.write(JSON.stringify({ ...found, broken: pages.broken, answers: pages.answers }));
  } catch (error) {
    await page.screenshot({ path: path.join(given.pictures, "failed.png") }).catch(() => {});
    process.stderr.write(`${error}\n${await page.evaluate(() => document.body.innerText)}\n`);
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
};
