// SPDX-License-Identifier: Apache-2.0
// usage: node bundle.mjs FOLDER   - FOLDER has node_modules; bundle.js and bundle.css go there.
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = resolve(process.argv[2]);
const { build } = createRequire(join(folder, 'package.json'))('esbuild');
await build({
    entryPoints: [join(dirname(fileURLToPath(import.meta.url)), 'main.jsx')],
    outfile: join(folder, 'bundle.js'),
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    logLevel: 'warning',
    nodePaths: [join(folder, 'node_modules')],
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    loader: { '.js': 'jsx', '.png': 'dataurl', '.svg': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl' },
});
