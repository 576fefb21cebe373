// SPDX-License-Identifier: Apache-2.0
// Runs before everything else in the page: stands in for the few things of Splunk Web that the
// components ask for, and keeps what they say, so that a test can read it.
(() => {
    const heard = { errors: [], requests: [] };
    window.__heard = heard;
    const keep = (text) => heard.errors.push(String(text).slice(0, 500));
    window.addEventListener('error', (event) => keep(event.message));
    window.addEventListener('unhandledrejection', (event) => keep(event.reason));
    const shown = console.error;
    console.error = (...parts) => {
        keep(parts.map(String).join(' '));
        shown.apply(console, parts);
    };
    // Without these the choice of time says that Splunk Web cannot be reached.
    window.$C = {
        BUILD_NUMBER: '0',
        LOCALE: 'en-US',
        MRSPARKLE_PORT_NUMBER: '8000',
        MRSPARKLE_ROOT_PATH: '/',
        SERVER_ZONEINFO: '### SERIALIZED TIMEZONE FORMAT 1.0;C0;Y0 NW 55 54 43;$',
        SPLUNKD_PATH: '/splunkd/__raw',
        USERNAME: 'analyst',
        VERSION_LABEL: '9.4.0',
    };
    const context = { username: 'analyst', capabilities: [], roles: ['user'] };
    const json = (value, status = 200) =>
        new Response(JSON.stringify(value), {
            status,
            headers: { 'Content-Type': 'application/json' },
        });
    window.fetch = async (what) => {
        const url = String(what && what.url ? what.url : what);
        if (url.includes('timeparser')) {
            const asked = new URL(url, 'http://here/').searchParams.getAll('time');
            return json(Object.fromEntries(asked.map((time) => [time, window.__job.now])));
        }
        if (url.includes('authentication/current-context')) {
            return json({ entry: [{ name: 'context', content: context }] });
        }
        if (url.includes('data/ui/times')) {
            return json({ entry: [] });
        }
        heard.requests.push(url);
        return json({ entry: [], messages: [] }, 404);
    };
    const open = XMLHttpRequest.prototype.open;
    XMLHttpRequest.prototype.open = function asked(method, url, ...rest) {
        heard.requests.push(`${method} ${url}`);
        return open.call(this, method, url, ...rest);
    };
})();
