// SPDX-License-Identifier: Apache-2.0
window._ = window._ || function (text) { return text; };
window.gettext = window.gettext || window._;
