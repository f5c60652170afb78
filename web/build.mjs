// Builds dist/, which is committed and embedded into the binary. The same sources always give the same bytes: names hold no
// hashes, and there are no source maps.
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { build } from 'esbuild';

// Each entry gives dist/<entry>/main.js, main.css of the styles that it imports, and a copy of its index.html.
const entries = { script: 'main.ts', modal: 'main.tsx', start: 'main.tsx' };

await rm('dist', { recursive: true, force: true });
for (const [entry, file] of Object.entries(entries)) {
  if (!existsSync(`${entry}/${file}`)) continue;
  await mkdir(`dist/${entry}`, { recursive: true });
  await build({
    entryPoints: [`${entry}/${file}`],
    outfile: `dist/${entry}/main.js`,
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    charset: 'utf8',
    // The script puts its styles into a shadow root, so it has them as text.
    loader: entry === 'script' ? { '.css': 'text' } : {},
    logLevel: 'warning',
  });
  if (existsSync(`${entry}/index.html`)) await copyFile(`${entry}/index.html`, `dist/${entry}/index.html`);
}
