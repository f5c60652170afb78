// The script that gives a page Stripe(publishableKey).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { server, withPage } from './browser.js';

test('the script loads', withPage({}, async (page) => {
  await page.goto(`${server}/link/success`);
  await page.evaluate((src) => new Promise((resolve, reject) => {
    document.head.append(Object.assign(document.createElement('script'), { src, onload: resolve, onerror: reject }));
  }), `${server}/endive/stripe.js`);
  assert.equal(await page.evaluate(() => window.Stripe.version), 'endive');
}));
