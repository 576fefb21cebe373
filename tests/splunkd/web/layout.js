// SPDX-License-Identifier: Apache-2.0
// What an app's page asks of Splunk Web's frame: a bar above, and a place for the page.
window.__splunk_layout__ = {
  create: function () {
    var bar = document.createElement("div");
    bar.textContent = "A double of Splunk for tests and trials: this is not a Splunk. ";
    bar.style.cssText =
      "background:#1f4e5f;color:#fff;font:14px sans-serif;padding:8px 16px;display:flex;gap:16px";
    [["Configuration", "configuration"], ["Inputs", "inputs"], ["Monitoring", "dashboard"]].forEach(
      function (each) {
        var link = document.createElement("a");
        link.href = "./" + each[1];
        link.textContent = each[0];
        link.style.color = "#f7b538";
        bar.appendChild(link);
      }
    );
    var events = document.createElement("a");
    events.href = "/";
    events.textContent = "Events";
    events.style.color = "#f7b538";
    bar.appendChild(events);
    var place = document.createElement("div");
    document.body.appendChild(bar);
    document.body.appendChild(place);
    return {
      getContainerElement: function () { return place; }
    };
  }
};
