// Builds dist/, which is committed and embedded into the binary. The same sources always give the same bytes: names hold no
// hashes, and there are no source maps.
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { build, transform } from 'esbuild';

// Each entry gives dist/<entry>/main.js, main.css of the styles that it imports, and a copy of its index.html.
const entries = { script: 'main.ts', modal: 'main.tsx', start: 'main.tsx' };

/** Gives styles as text, for a script that puts them into a shadow root. */
const stylesAsText = {
  name: 'styles as text',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), { loader: 'css', minify: true });
      return { contents: code, loader: 'text' };
    });
  },
};

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
    plugins: entry === 'script' ? [stylesAsText] : [],
    logLevel: 'warning',
  });
  if (existsSync(`${entry}/index.html`)) await copyFile(`${entry}/index.html`, `dist/${entry}/index.html`);
}

// The renderer of the reference is built already. It runs under the start page's policy as it is.
const reference = ['swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'swagger-ui.css'];
await mkdir('dist/start/reference', { recursive: true });
for (const file of reference) await copyFile(`node_modules/swagger-ui-dist/${file}`, `dist/start/reference/${file}`);
