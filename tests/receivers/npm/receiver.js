// SPDX-License-Identifier: Apache-2.0
// A forward host that others have written: npm's @fluent-org/logger. It says where it listens in a
// line of JSON on stdout, then writes each record as a line. Options: one JSON object.
"use strict";

const { readFileSync } = require("fs");
const { FluentServer } = require("@fluent-org/logger");

const given = JSON.parse(process.argv[2] || "{}");
const options = { listenOptions: { port: 0, host: "127.0.0.1" } };
if (given.key) {
  options.security = {
    serverHostname: "npm.receiver.test",
    sharedKey: given.key,
    authorize: Boolean(given.users),
    userDict: given.users || {},
  };
}
if (given.cert) {
  const pem = readFileSync(given.cert);
  options.tlsOptions = { cert: pem, key: pem };
  if (given.clientCa) {
    options.tlsOptions.ca = readFileSync(given.clientCa);
    options.tlsOptions.requestCert = options.tlsOptions.rejectUnauthorized = true;
  }
}

const server = new FluentServer(options);
server.on("entry", (tag, time, record) => {
  const at = typeof time === "number" ? time : [time.epoch, time.nano];
  process.stdout.write(JSON.stringify(["", tag, at, record]) + "\n");
});
server.listen().then(() => process.stdout.write(JSON.stringify({ port: server.port }) + "\n"));
