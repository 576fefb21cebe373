// SPDX-License-Identifier: Apache-2.0
window.__get_theme__ = {
  getTheme: function () { return Promise.resolve("enterprise"); }
};
