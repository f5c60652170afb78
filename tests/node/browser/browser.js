// Chromium for tests. Each test has a browser context of its own, and fails on anything that goes wrong unseen: an error in a
// console, an uncaught error, a violated policy, a request to a host that the test has not named.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after } from 'node:test';
import axeCore from 'axe-core';
import { chromium } from 'playwright-core';

function environment(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run this with \`go test ./tests -run TestBrowser\``);
  return value;
}

/** Where the server is, and its control listener. */
export const server = environment('FINCON_URL');
export const control = environment('FINCON_CONTROL_URL');

const pictures = new URL('../../artefacts/', import.meta.url).pathname;

/** How long a test may take, in milliseconds. */
const longest = 90_000;

let launched;
after(async () => (await launched)?.close());

/** The browser, which all tests of a file share. */
function launch() {
  launched ??= chromium.launch({
    executablePath: environment('FINCON_CHROMIUM'),
    args: [
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-gpu',
      '--disable-quic',
      '--disable-sync',
      '--no-first-run',
      // Chromium's sandbox does not work for root, as which containers run.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
  return launched;
}

/**
 * Makes a test function of one that is given a page, and node:test's context.
 *
 * Options: `width` and `height` in CSS pixels (1280 and 800), `scheme` 'light' or 'dark', `locale` ('en-US'), `reducedMotion`,
 * `hosts` that pages may send requests to besides the server's, and `expected`: patterns of the errors that this test provokes,
 * each of which must be seen.
 */
export function withPage(options, body) {
  return async (t) => {
    const { width = 1280, height = 800, scheme = 'light', locale = 'en-US', reducedMotion, ...watched } = options;
    const context = await (await launch()).newContext({
      viewport: { width, height },
      colorScheme: scheme,
      locale,
      reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
    });
    context.setDefaultTimeout(10_000);
    const problems = watch(context, watched);
    const page = await context.newPage();
    const late = setTimeout(() => void context.close(), longest); // upon which everything that waits fails
    try {
      await body(page, t);
    } catch (error) {
      await picture(page, `failed ${t.name}`).catch(() => {});
      error.message += problems.seen.map((problem) => `\n  also: ${problem}`).join('');
      throw error;
    } finally {
      clearTimeout(late);
      await context.close();
    }
    problems.check();
  };
}

/** Gathers what goes wrong in all pages of a context. */
function watch(context, { hosts = [], expected = [] }) {
  const allowed = new Set([new URL(server).host, ...hosts]);
  const seen = [];
  context.on('console', (message) => {
    const { url } = message.location();
    if (message.type() === 'error' && !url.endsWith('/favicon.ico')) seen.push(`console: ${message.text()} (${url})`);
  });
  context.on('weberror', (error) => seen.push(`uncaught: ${error.error().stack}`));
  context.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (/^(https?|wss?):$/.test(protocol) && !allowed.has(host)) seen.push(`request: ${request.url()}`);
  });
  return {
    seen,
    check() {
      const unexpected = seen.filter((problem) => !expected.some((pattern) => pattern.test(problem)));
      assert.deepEqual(unexpected, [], 'something went wrong in the browser');
      for (const pattern of expected) assert.ok(seen.some((problem) => pattern.test(problem)), `${pattern} was not seen`);
    },
  };
}

/** Saves a picture of the page to tests/artefacts/, to look at. */
export async function picture(page, name) {
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: `${pictures}${name.replace(/[^A-Za-z0-9]+/g, '-')}.png`, animations: 'disabled' });
}

/** Fails on what keeps people from using the page or frame: all of axe-core's rules, in each frame by itself. */
export async function axe(target) {
  const frames = 'frames' in target ? target.frames() : [target];
  for (const frame of frames) {
    await frame.evaluate(axeCore.source);
    const violations = await frame.evaluate(async () => {
      const { violations } = await window.axe.run(document, { iframes: false, resultTypes: ['violations'] });
      return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(', ')}`);
    });
    assert.deepEqual(violations, [], `axe-core, in ${frame.url()}`);
  }
}

/** Creates a session as a backend would. Keys name tenants: take one for each test. */
export async function createSession(key, params = {}, headers = {}) {
  const answer = await fetch(`${server}/v1/financial_connections/sessions`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({
      account_holder: { type: 'customer', customer: 'cus_browser' },
      permissions: ['balances', 'ownership', 'payment_method', 'transactions'],
      ...params,
    }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text);
}

/** Does what the control listener has an operation for: `controlled(key, '/clock/advance', {seconds: 60})`. */
export async function controlled(key, path, body) {
  const answer = await fetch(control + path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return text && JSON.parse(text);
}
