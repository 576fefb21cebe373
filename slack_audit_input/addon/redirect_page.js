// SPDX-License-Identifier: Apache-2.0
// Where Slack sends the browser back to, in the window that the settings page opened: what Slack
// said goes to that page, and the window closes.
(() => {
  const said = new URLSearchParams(window.location.search);
  const error = said.get("error");
  // UCC's form has one sentence for whatever goes wrong here. As a code an error reaches our own
  // handler, which has words for it, and the form compares the state first, as with any code.
  const code = error === null ? said.get("code") : `error.${error}`;
  const message = { state: said.get("state") || undefined };
  if (code !== null) {
    message.code = encodeURIComponent(code);
  }
  try {
    window.opener.getMessage(message);
  } catch (lost) {
    // Without a page that waits, or one of another origin. A code says nothing to anybody else, and
    // dies within ten minutes.
    document.title = "Not connected";
    document.body.textContent =
      "The settings page that asked for this is not there any more. Close this window, open the " +
      "add-on's Configuration page, and add the account again.";
    return;
  }
  window.close();
})();
