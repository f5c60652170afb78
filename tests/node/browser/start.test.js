// The start page: what a newcomer sees and does.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { axe, controlled, createSession, picture, server, withPage } from './browser.js';
import { choose, toAccounts } from './modal.js';

/** A key that no other test uses: each is a tenant of its own. */
const newKey = (kind = 'sk') => `${kind}_test_${crypto.randomUUID().replaceAll('-', '')}`;

const ask = async (key, path, body) => {
  const answer = await fetch(server + path, {
    method: body ? 'POST' : 'GET',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', 'Fincon-Unlisted': 'true' },
    body: body && JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
};

/** Opens the page and has it use a key, as a person would. */
async function open(page, key) {
  await page.goto(`${server}/`);
  if (!key) return;
  await page.getByRole('button', { name: 'Use another key' }).click();
  await page.getByLabel('Secret key').fill(key);
  await page.getByRole('button', { name: 'Use this key' }).click();
  await page.getByRole('button', { name: 'Use another key' }).waitFor();
}

const row = (page, text) => page.locator('.rows .row', { hasText: text }).first();
const tab = (page, name) => page.getByRole('tab', { name, exact: true }).click();

/** Links accounts without the modal. */
async function linked(key) {
  const session = await createSession(key);
  await controlled(key, `/sessions/${session.id}/link`, { institution: 'Test (Non-OAuth)' });
  await controlled(key, '/settle');
  return session;
}

test('a browser has a tenant of its own', withPage({}, async (page) => {
  await open(page);
  const key = await page.locator('.running code').nth(1).textContent();
  assert.match(key, /^sk_test_[A-Za-z0-9]{20}$/);
  await page.getByText('In memory: it is gone').waitFor();
  await page.reload();
  assert.equal(await page.locator('.running code').nth(1).textContent(), key);
  assert.equal(new URL(page.url()).pathname + new URL(page.url()).search + new URL(page.url()).hash, '/');
}));

test('a newcomer links an account', withPage({}, async (page) => {
  await open(page);
  await page.getByRole('button', { name: 'Create a session and link an account' }).click();
  const modal = await (await page.waitForSelector('iframe')).contentFrame();
  await toAccounts(modal);
  await choose(modal, 'Success', 'Savings');
  await modal.getByRole('button', { name: 'Go back' }).click();
  await page.getByText('2 accounts were linked.').waitFor();
  await picture(page, 'start linked');

  const key = await page.locator('.running code').nth(1).textContent();
  const [{ id }] = (await ask(key, '/v1/fincon/sessions')).data;
  const session = JSON.parse(await page.getByLabel('The session now').textContent());
  assert.equal(session.id, id);
  assert.equal(session.accounts.data.length, 2);
  await page.locator('summary', { hasText: 'The account fca_' }).first().click();
  const account = JSON.parse(await page.getByLabel('The account fca_').first().textContent());
  assert.equal(account.object, 'financial_connections.account');
  await page.getByRole('button', { name: 'Refresh balances' }).first().click();
  await row(page, `/v1/financial_connections/accounts/${account.id}/refresh`).waitFor();
  await row(page, 'CompleteLink').waitFor();
  await tab(page, 'Accounts');
  await row(page, 'Savings').waitFor();
  await tab(page, 'Events');
  await row(page, 'financial_connections.account.refreshed_balance').waitFor();
}));

test('someone who leaves is told that nothing was linked', withPage({}, async (page) => {
  await open(page);
  await page.getByRole('button', { name: 'Create a session and link an account' }).click();
  const modal = page.frameLocator('iframe');
  await modal.getByRole('heading', { level: 1 }).waitFor();
  await modal.getByRole('button', { name: 'Close' }).click();
  await page.getByText('Nothing was linked.').waitFor();
}));

test('what happens is seen as it happens, and opens to its full record', withPage({}, async (page) => {
  const key = newKey();
  await open(page, key);
  await page.getByText('No requests yet.').waitFor();
  const session = await createSession(key);
  await row(page, 'POST /v1/financial_connections/sessions').click();
  const record = page.getByRole('dialog');
  assert.equal(JSON.parse(await record.locator('pre').textContent()).operation, 'CreateSession');
  await page.keyboard.press('Escape');
  await record.waitFor({ state: 'detached' });
  assert.match(await page.evaluate(() => document.activeElement.textContent), /CreateSession/, 'focus is back where it was');

  await controlled(key, `/sessions/${session.id}/link`, { institution: 'Test (Non-OAuth)' });
  await controlled(key, '/settle');
  await tab(page, 'Sessions');
  await row(page, session.id).click();
  const text = await record.locator('pre').textContent();
  assert.equal(JSON.parse(text).client_secret, session.client_secret);
  assert.equal(text, await (await fetch(`${server}/v1/financial_connections/sessions/${session.id}`, {
    headers: { Authorization: `Bearer ${key}` },
  })).text(), 'exactly as it is answered');
  await record.getByRole('button', { name: 'Close' }).click();

  await tab(page, 'Accounts');
  await row(page, 'fca_').click();
  assert.equal(JSON.parse(await record.locator('pre').textContent()).object, 'financial_connections.account');
  await page.keyboard.press('Escape');
  await tab(page, 'Events');
  await row(page, 'financial_connections.account.created').click();
  assert.equal(JSON.parse(await record.locator('pre').textContent()).object, 'event');
}));

test('deliveries show how they went', withPage({}, async (page) => {
  const key = newKey();
  const receiver = createServer((_, answer) => answer.writeHead(418).end());
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  try {
    await ask(key, '/v1/webhook_endpoints', {
      url: `http://127.0.0.1:${receiver.address().port}/`, enabled_events: ['financial_connections.account.created'],
    });
    await linked(key);
    await open(page, key);
    await tab(page, 'Deliveries');
    await row(page, 'last answer 418').click();
    await page.getByRole('dialog').locator('pre').nth(1).waitFor();
    const [delivery, event] = await page.getByRole('dialog').locator('pre').allTextContents();
    assert.equal(JSON.parse(delivery).status, 'pending');
    assert.equal(JSON.parse(event).type, 'financial_connections.account.created');
  } finally {
    receiver.close();
  }
}));

test('filters leave out, and say so', withPage({}, async (page) => {
  const key = newKey();
  await createSession(key);
  await fetch(`${server}/v1/events?limit=0`, { headers: { Authorization: `Bearer ${key}` } });
  await open(page, key);
  await row(page, '/v1/events').waitFor();
  await page.getByLabel('Show', { exact: true }).selectOption('Failed');
  assert.deepEqual(await page.locator('.rows .title').allTextContents(), ['GET /v1/events']);
  await page.getByLabel('Containing').fill('nowhere');
  await page.getByText('Nothing here is as you filter. 2 are left out.').waitFor();
}));

test('older rows are there to be had', withPage({}, async (page) => {
  const key = newKey();
  for (let i = 0; i < 30; i++) await createSession(key);
  await open(page, key);
  await tab(page, 'Sessions');
  await page.getByRole('button', { name: 'Show older' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.rows .row').length === 30);
  await createSession(key);
  await page.waitForFunction(() => document.querySelectorAll('.rows .row').length === 31, undefined, { timeout: 5000 });
  await page.getByRole('button', { name: 'Pause' }).click();
  await createSession(key);
  await page.waitForTimeout(1500);
  assert.equal(await page.locator('.rows .row').count(), 31, 'paused');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.rows .row').length === 32, undefined, { timeout: 5000 });
}));

test('the page\'s own looks are not listed', withPage({}, async (page) => {
  const key = newKey();
  await open(page, key);
  for (const name of ['Events', 'Deliveries', 'Accounts', 'Sessions', 'Requests']) {
    await tab(page, name);
    await page.getByText(`No ${name.toLowerCase()} yet.`).waitFor();
  }
}));

test('texts from outside stay texts', withPage({}, async (page) => {
  const key = newKey();
  const hostile = '<img src=x onerror=alert(1)>';
  await createSession(key, { account_holder: { type: 'customer', customer: hostile } });
  await fetch(`${server}/v1/events/${encodeURIComponent(hostile)}`, { headers: { Authorization: `Bearer ${key}` } });
  await open(page, key);
  await row(page, hostile).click();
  assert.match(await page.getByRole('dialog').locator('pre').textContent(), /<img src=x/);
  await page.keyboard.press('Escape');
  await tab(page, 'Sessions');
  await row(page, 'fcsess_').click();
  assert.match(await page.getByRole('dialog').locator('pre').textContent(), /img src=x/);
  assert.equal(await page.locator('img').count(), 0);
}));

test('live keys are refused', withPage({}, async (page) => {
  await page.goto(`${server}/`);
  await page.getByRole('button', { name: 'Use another key' }).click();
  await page.getByLabel('Secret key').fill('sk_live_123');
  await page.getByRole('button', { name: 'Use this key' }).click();
  await page.getByText('This is a live key. The page works in test mode alone.').waitFor();
}));

test('a server that is gone is said to be', withPage({ expected: [/ERR_FAILED/] }, async (page) => {
  const key = newKey();
  await open(page, key);
  await page.getByText('No requests yet.').waitFor();
  await page.route('**/v1/**', (route) => route.abort());
  await page.getByText('The server does not answer.').waitFor();
  await page.unroute('**/v1/**');
  await page.getByText('The server does not answer.').waitFor({ state: 'detached' });
}));

test('the keyboard reaches everything', withPage({}, async (page) => {
  const key = newKey();
  await linked(key);
  await open(page, key);
  await page.getByRole('tab', { name: 'Requests' }).focus();
  await page.keyboard.press('ArrowRight');
  await row(page, 'financial_connections.account.created').waitFor();
  await page.keyboard.press('End');
  await row(page, 'fcsess_').waitFor();
  for (const expected of ['SELECT', 'INPUT', 'BUTTON']) {
    if (expected === 'SELECT') await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.tagName), expected);
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').locator('pre').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}));

test('the reference has every operation', withPage({}, async (page) => {
  const key = newKey();
  await open(page, key);
  assert.equal(await page.evaluate(() => Boolean(window.SwaggerUIBundle)), false, 'it is loaded when it is asked for');
  await page.getByRole('button', { name: 'Show the reference' }).click();
  await page.locator('.opblock').first().waitFor();
  const { paths } = await (await fetch(`${server}/openapi.json`)).json();
  const documented = Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`));
  const shown = await page.locator('.opblock-summary').evaluateAll((blocks) => blocks.map((block) =>
    `${block.querySelector('.opblock-summary-method').textContent} ${block.querySelector('.opblock-summary-path').dataset.path}`));
  assert.deepEqual(shown.sort(), documented.sort());

  const operation = page.locator('#operations-Sessions-CreateSession');
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  await operation.getByRole('button', { name: 'Execute' }).click();
  await operation.locator('.live-responses-table .response').waitFor();
  assert.equal((await ask(key, '/v1/fincon/sessions')).data.length, 1, 'it is called with the page\'s key');
  await picture(page, 'start reference light 1280');
}));

test('the reference follows the colours', withPage({ scheme: 'dark', width: 320 }, async (page) => {
  await page.goto(`${server}/#reference`);
  await page.locator('.opblock').first().waitFor();
  await page.locator('#reference').evaluate((heading) => heading.scrollIntoView());
  await picture(page, 'start reference dark 320');
  await axe(page);
  await page.locator('#operations-Sessions-RetrieveSession .opblock-summary-control').click();
  await page.getByRole('button', { name: 'Try it out' }).waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is cut off');
}));

for (const scheme of ['light', 'dark']) {
  for (const width of [320, 1280]) {
    test(`it is for everyone, ${scheme}, ${width} wide`, withPage({ scheme, width, height: 900 }, async (page) => {
      const key = newKey();
      await open(page, key);
      await page.getByText('No requests yet.').waitFor();
      await axe(page);
      await picture(page, `start empty ${scheme} ${width}`);
      await linked(key);
      await fetch(`${server}/v1/events?limit=0`, { headers: { Authorization: `Bearer ${key}` } });
      await row(page, '/v1/events').waitFor();
      await axe(page);
      await picture(page, `start rows ${scheme} ${width}`);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is cut off');
      await row(page, 'POST').click();
      await page.getByRole('dialog').locator('pre').waitFor();
      await axe(page);
      await picture(page, `start record ${scheme} ${width}`);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Use another key' }).click();
      await page.getByRole('button', { name: 'Use this key' }).click();
      await axe(page);
      await picture(page, `start keys ${scheme} ${width}`);
    }));
  }
}
