// SPDX-License-Identifier: Apache-2.0
// Draws one dashboard with Splunk's components, lets Splunk's validator judge the definition as it
// is shipped, and leaves what came of it in the page as JSON.
import React from 'react';
import { createRoot } from 'react-dom/client';
import { DashboardContextProvider } from '@splunk/dashboard-context';
import DashboardCore from '@splunk/dashboard-core';
import { createSchemaBasedOnPresets } from '@splunk/dashboard-definition';
import Preset from '@splunk/dashboard-presets/EnterpriseViewOnlyPreset';
import { migrateToTabsLayout } from '@splunk/dashboard-utils';
import { DashboardValidator } from '@splunk/dashboard-validation';
import SplunkThemeProvider from '@splunk/themes/SplunkThemeProvider';

const { definition, rows, theme } = window.__job;

// The rows that a test computed, in the place of each search.
function withRows(original) {
    const copy = JSON.parse(JSON.stringify(original));
    delete copy.defaults;
    Object.entries(copy.dataSources).forEach(([id, source]) => {
        const { fields, columns } = rows[id];
        copy.dataSources[id] = {
            type: 'ds.test',
            name: source.name,
            options: { data: { fields: fields.map((name) => ({ name })), columns } },
        };
    });
    return copy;
}

function judged() {
    const validator = new DashboardValidator();
    const broken = validator.setSchema(createSchemaBasedOnPresets(Preset));
    // This release knows layouts with tabs only, and makes them of others when it loads one.
    const found = validator.validate(migrateToTabsLayout({ definition }).definition) || [];
    const problems = found.map((one) => `${one.instancePath} ${one.message}`);
    return broken ? [String(broken), ...problems] : problems;
}

// The validator lets options through that no panel has.
function unknownOptions() {
    return Object.entries(definition.visualizations).flatMap(([id, panel]) => {
        const type = Preset.visualizations[panel.type];
        const schema = type && (type.config?.optionsSchema || type.schema || type.config?.schema);
        const known = schema && Object.keys(schema.properties || schema);
        return Object.keys(panel.options || {})
            .filter((name) => known && !known.includes(name))
            .map((name) => `${id}: ${name}`);
    });
}

function drawn(id) {
    const panel = document.querySelector(`[data-test="grid-item"][id="${id}"]`);
    return (
        panel && {
            text: panel.innerText.replace(/\s+/g, ' '),
            shapes: panel.querySelectorAll('svg path, svg rect, svg circle').length,
            rows: panel.querySelectorAll('tbody tr').length,
            height: panel.offsetHeight,
        }
    );
}

function publish() {
    const result = {
        problems: judged(),
        unknownOptions: unknownOptions(),
        panels: Object.fromEntries(Object.keys(definition.visualizations).map((id) => [id, drawn(id)])),
        height: document.documentElement.scrollHeight,
        ...window.__heard,
    };
    const element = document.createElement('script');
    element.type = 'application/json';
    element.id = 'result';
    element.textContent = JSON.stringify(result).replace(/</g, '\\u003c');
    document.body.appendChild(element);
}

createRoot(document.getElementById('root')).render(
    <SplunkThemeProvider family="enterprise" colorScheme={theme} density="comfortable">
        <DashboardContextProvider
            preset={Preset}
            initialDefinition={withRows(definition)}
            initialMode="view"
        >
            <DashboardCore width="100%" height="auto" />
        </DashboardContextProvider>
    </SplunkThemeProvider>
);
setTimeout(publish, 6000);
