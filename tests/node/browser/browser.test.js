// Tests in the browser fail on what goes wrong unseen.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe, server, withPage } from './browser.js';

/** Runs a test of a page that holds this, and expects it to fail. */
async function fails(body, complaint, options = {}) {
  const run = withPage(options, async (page) => {
    await page.route(`${server}/`, (route) => route.fulfill({
      contentType: 'text/html; charset=utf-8',
      headers: { 'Content-Security-Policy': `style-src 'none'` },
      body: `<!doctype html><title>Page</title>${body}`,
    }));
    await page.goto(`${server}/`);
    await page.waitForLoadState('networkidle');
    if (options.axe) await axe(page);
  });
  await assert.rejects(run({ name: 'fails' }), (error) => {
    assert.match(error.message + JSON.stringify(error.actual), complaint);
    return true;
  });
}

test('an error in the console', () => fails('<script>console.error("unseen")</script>', /console: unseen/));
test('an uncaught error', () => fails('<script>throw new Error("unseen")</script>', /uncaught: Error: unseen/));
test('a rejection that nobody handles', () => fails('<script>Promise.reject(new Error("unseen"))</script>', /uncaught: Error: unseen/));
test('a violated policy', () => fails('<p style="color: red">', /console: .*Content Security Policy/));
test('a request to another host', () => fails('<img src="http://127.0.0.1:9/unseen.png">', /request: http:\/\/127\.0\.0\.1:9\/unseen/));
test('a problem in a window of its own', () => fails(
  `<script>open('').eval('setTimeout(() => { throw new Error("unseen") })')</script>`, /uncaught: Error: unseen/));
test('an expected problem that is not there', () => fails('', /unseen.*was not seen/, { expected: [/unseen/] }));
test('what keeps people from using the page', () => fails('<main><h1>Page</h1><button></button></main>', /button-name/, { axe: true }));
