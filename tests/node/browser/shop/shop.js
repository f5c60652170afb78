// A company's site, on a host of its own: http://localhost, while fincon is at http://127.0.0.1. Its policy is strict.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after } from 'node:test';
import ts from 'typescript';
import { server } from '../browser.js';

const source = new URL('shop.ts', import.meta.url).pathname;
const loader = new URL('../../node_modules/@stripe/stripe-js/dist/index.mjs', import.meta.url).pathname;

/** Compiles the page's script against the official types, strictly, and fails on any complaint. */
export function typeCheck() {
  const program = ts.createProgram([source], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
  });
  const complaints = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  assert.deepEqual(complaints, []);
}

const script = ts
  .transpileModule(readFileSync(source, 'utf8'), { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } })
  .outputText.replace(`'@stripe/stripe-js'`, `'/loader.mjs'`);

/** The page of the shop: two buttons, and the result. It is longer than a window. */
const document = (scripts) => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Shop</title><link rel="stylesheet" href="/shop.css">${scripts}</head>
<body>
<main>
<h1>Shop</h1>
<button id="accounts">Link accounts</button>
<button id="payouts">Link for payouts</button>
<output></output>
<div class="long"></div>
</main>
</body>
</html>`;

const files = {
  '/': ['text/html', document('<script type="module" src="/shop.mjs"></script>')],
  '/plain': ['text/html', document(`<script src="${server}/v3/"></script>`)],
  '/both': ['text/html', document(`<script src="${server}/endive/stripe.js"></script><script type="module" src="/shop.mjs"></script>`)],
  '/shop.mjs': ['text/javascript', script],
  '/loader.mjs': ['text/javascript', readFileSync(loader, 'utf8')],
  // Whatever a page says of all its elements, the modal is as it is.
  '/shop.css': ['text/css', '.long { height: 4000px } dialog, iframe:not(.bare), fincon-overlay { display: none; opacity: 0; width: 10px }'],
};

const policy = (path, frames) =>
  `default-src 'none'; style-src 'self'; script-src 'self' https://js.stripe.com ${server}; frame-src ${frames}; base-uri 'none'` +
  // The official loader itself does not work with trusted types.
  (path === '/plain' ? `; require-trusted-types-for 'script'` : '');

const site = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const [type, body] = files[url.pathname] ?? [];
  if (!type) return response.writeHead(204).end();
  const frames = url.searchParams.get('frames') ?? server;
  return response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8`, 'Content-Security-Policy': policy(url.pathname, frames) }).end(body);
});
await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
after(() => new Promise((resolve) => { site.close(resolve); site.closeAllConnections(); }));

/** The shop's host and its address. */
export const host = `localhost:${site.address().port}`;
export const shop = `http://${host}`;

/** Has the official address answered by fincon, as a page's tests would. */
export function routeOfficial(page) {
  return page.route('https://js.stripe.com/**', async (route) => {
    const { pathname, search } = new URL(route.request().url());
    await route.fulfill({ response: await route.fetch({ url: server + pathname + search }) });
  });
}

/** What the page's call has resolved to. */
export async function result(page) {
  const output = page.locator('output');
  await output.filter({ hasText: /./ }).waitFor();
  return JSON.parse(await output.textContent());
}
