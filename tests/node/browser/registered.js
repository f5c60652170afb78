// The start page of a server that takes registered keys, which are in the environment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe, picture, server, withPage } from './browser.js';

const { FINCON_SECRET_KEY: secret, FINCON_PUBLISHABLE_KEY: publishable } = process.env;

test('nothing is shown before keys are entered, and they stay in memory', withPage({ expected: [/401/] }, async (page) => {
  await page.goto(`${server}/`);
  await page.getByRole('heading', { name: 'Enter your test keys' }).waitFor();
  assert.equal(await page.getByRole('tab').count(), 0);
  await axe(page);
  await picture(page, 'start registered');

  const use = page.getByRole('button', { name: 'Use these keys' });
  await page.getByLabel('Secret key').fill('sk_test_nobody');
  await use.click();
  await page.getByText('A publishable key of test mode begins with pk_test_.').waitFor();
  await page.getByLabel('Publishable key').fill(publishable);
  await use.click();
  await page.getByText('Invalid API Key provided').waitFor();
  await page.getByLabel('Secret key').fill(secret);
  await use.click();
  await page.getByText('No requests yet.').waitFor();

  assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie, location.href]),
    [0, 0, '', `${server}/`]);
  await page.reload();
  await page.getByRole('heading', { name: 'Enter your test keys' }).waitFor();
}));
