// The modal when things are not as they should be: reloads, several tabs, the browser's back button, frames, networks that are
// slow or lose what is sent, servers that fail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { control, controlled, server, withPage } from './browser.js';
import {
  agree, allow, assertSeen, at, begin, button, choose, chooseBank, continueAtBank, finish, open, picker, signIn, toAccounts,
} from './modal.js';

const refused = { expected: [/status of 400/] };

// --- Reloads ---

test('a reload keeps the pane', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['balances'], manual_entry: { mode: 'automatic' } });
  await at(page, 'Share your bank data');
  await page.reload();
  await button(page, 'Enter account numbers instead').click();
  await at(page, 'Enter account numbers');
  await page.reload();
  await at(page, 'Enter account numbers');
  await button(page, 'Back').click();
  await agree(page);
  await page.reload();
  await picker(page);
  await chooseBank(page, 'Bank (Non-OAuth)');
  await at(page, 'Sign in at Bank (Non-OAuth)');
  await page.reload();
  await at(page, 'Sign in at Bank (Non-OAuth)');
  await signIn(page, 'mfa');
  await page.getByLabel('Enter the six digits').waitFor();
  await page.reload();
  await page.getByLabel('Enter the six digits').fill('123456');
  await button(page, 'Continue').click();
  await at(page, 'Choose accounts');
  await page.reload();
  await at(page, 'Choose accounts');
  await choose(page, 'Everyday Checking');
  await at(page, 'Your account is linked');
  await page.reload();
  await at(page, 'Your account is linked');
  await page.getByText('Everyday Checking').waitFor();
  await finish(page);
  await assertSeen(begun, ['Everyday Checking']);
}));

test('a reload while the person is at the bank does not lose them', withPage({}, async (page) => {
  await open(page);
  await agree(page);
  await chooseBank(page, 'Test (OAuth)');
  const bank = await continueAtBank(page, 'Test (OAuth)');
  await page.reload();
  await at(page, 'Continue to Test (OAuth)');
  await allow(bank);
  await at(page, 'Choose accounts');
}));

test('a reload while a number is fetched, and after one was typed', withPage({}, async (page) => {
  const { key } = await open(page, { manual_entry: { mode: 'automatic' } });
  await toAccounts(page);
  await controlled(key, '/faults', { delay_ms: 3000, operation: 'AttachPaymentAccount' });
  await choose(page, 'Success');
  await at(page, 'Almost done');
  await page.reload();
  await at(page, 'Your account is linked');
  await open(page, { manual_entry: { mode: 'automatic' } });
  await button(page, 'Enter account numbers instead').click();
  await button(page, 'Fill in test numbers').click();
  await button(page, 'Continue').click();
  await at(page, 'Your account was added');
  await page.reload();
  await at(page, 'Your account was added');
  await page.getByText('ending in 6789').waitFor();
}));

// --- Several tabs ---

test('two tabs on one session both stay sane', withPage(refused, async (page) => {
  const begun = await open(page, { permissions: ['balances'] });
  const other = await page.context().newPage();
  await other.goto(begun.url);
  await at(other, 'Share your bank data');
  await page.bringToFront();
  await agree(page);
  await chooseBank(page, 'Bank (Non-OAuth)');
  await at(page, 'Sign in at Bank (Non-OAuth)');
  await other.bringToFront();
  await button(other, 'Agree and continue').click();
  await at(other, 'Sign in at Bank (Non-OAuth)'); // where the person is
  await button(other, 'Back').click();
  await picker(other);
  await page.bringToFront();
  await signIn(page);
  await at(page, 'Signing in at Bank (Non-OAuth) did not work');
  await button(page, 'Try again').click();
  await at(page, 'Sign in at Bank (Non-OAuth)');
  await signIn(page);
  await at(page, 'Choose accounts');
  await other.bringToFront();
  await chooseBank(other, 'Test (Non-OAuth)');
  await signIn(other);
  await choose(other, 'Savings');
  await at(other, 'Your account is linked');
  await finish(other);
  await page.bringToFront();
  await choose(page, 'Home Loan');
  await at(page, 'This was finished already');
  await finish(page); // as it ended in the other tab
  await assertSeen(begun, ['Savings']);
}));

// --- The browser's back button ---

test('the browser’s back button goes back a pane, or stays, or leaves', withPage({}, async (page) => {
  const begun = await begin({ permissions: ['balances'], manual_entry: { mode: 'automatic' } });
  await page.goto(`${server}/link/success`);
  await page.goto(begun.url);
  await button(page, 'Enter account numbers instead').click();
  await at(page, 'Enter account numbers');
  await page.goBack();
  await at(page, 'Share your bank data');
  await agree(page);
  await chooseBank(page, 'Test (Non-OAuth)');
  await at(page, 'Sign in at Test (Non-OAuth)');
  await page.goBack();
  await picker(page);
  await chooseBank(page, 'Test (Non-OAuth)');
  await at(page, 'Sign in at Test (Non-OAuth)');
  await button(page, 'Back').click();
  await picker(page);
  await chooseBank(page, 'Test (Non-OAuth)');
  await signIn(page);
  await at(page, 'Choose accounts');
  for (let i = 0; i < 2; i++) {
    await page.goBack();
    await page.getByRole('heading', { name: 'Choose another bank?' }).waitFor();
    await button(page, 'Stay here').click();
  }
  await page.goBack();
  await button(page, 'Choose another bank').click();
  await picker(page);
  await chooseBank(page, 'Test (Non-OAuth)');
  await signIn(page);
  await choose(page, 'Savings');
  await at(page, 'Your account is linked');
  await page.goBack();
  await at(page, 'Your account is linked', { focused: false });
  await page.reload();
  await at(page, 'Your account is linked');
  await finish(page);
  await assertSeen(begun, ['Savings']);
}));

test('the browser’s back button leaves from the first pane, and forward comes back', withPage({}, async (page) => {
  await page.goto(`${server}/link/success`);
  const begun = await begin();
  await page.goto(begun.url);
  await agree(page);
  await page.goBack();
  await page.waitForURL('**/link/success');
  await page.goForward();
  await picker(page);
}));

// --- Networks ---

test('every action that is lost is repeated, and done once', withPage({ expected: [/net::ERR_FAILED/] }, async (page) => {
  const keys = new Map();
  await page.route('**/v1/**', (route) => {
    const request = route.request();
    if (request.method() !== 'POST') return route.continue();
    const path = new URL(request.url()).pathname;
    const sent = keys.get(path) ?? [];
    keys.set(path, [...sent, request.headers()['idempotency-key']]);
    return sent.length < 2 ? route.abort() : route.continue(); // the page tries twice by itself
  });
  const again = () => button(page, 'Try again').click();
  const begun = await open(page, { permissions: ['balances'] });
  await at(page, 'There is no connection');
  await again();
  await at(page, 'Share your bank data');
  await button(page, 'Agree and continue').click();
  await page.getByText('Nothing is done twice').waitFor();
  await button(page, 'Agree and continue').click(); // as good as "Try again"
  await picker(page);
  await chooseBank(page, 'Test (Non-OAuth)');
  await again();
  await at(page, 'Sign in at Test (Non-OAuth)');
  await signIn(page);
  await page.getByText('Nothing is done twice').waitFor();
  assert.equal(await page.getByLabel('User name').inputValue(), 'someone');
  await again();
  await again(); // of the list of accounts
  await at(page, 'Choose accounts');
  await choose(page, 'Savings');
  await again();
  await at(page, 'Your account is linked');
  await button(page, 'Go back').click();
  await again();
  await page.waitForURL('**/link/success');
  await assertSeen(begun, ['Savings']);
  for (const [path, sent] of keys) {
    if (/synchronize|accounts$/.test(path) && !path.includes('selected')) continue; // they change nothing
    if (path.endsWith('consent_acquired')) continue; // the person began anew
    assert.equal(new Set(sent).size, 1, `${path}: ${sent}`);
    assert.ok(sent[0], path);
  }
}));

test('answers that are lost are not noticed', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['balances'] });
  for (const operation of ['AcquireLinkConsent', 'CreateAuthSession', 'AnswerAuthSession', 'SelectAuthSessionAccounts', 'CompleteLink']) {
    await controlled(begun.key, '/faults', { after: true, drop: true, operation });
  }
  await toAccounts(page);
  await choose(page, 'Savings', 'Success');
  await at(page, 'Your accounts are linked');
  await finish(page);
  await assertSeen(begun, ['Savings', 'Success']);
  const left = await fetch(`${control}/faults`, { headers: { Authorization: `Bearer ${begun.key}` } });
  assert.deepEqual((await left.json()).data, [], 'each was lost');
}));

test('a server that fails, or is busy, is asked again', withPage({ expected: [/status of 500/, /status of 429/] }, async (page) => {
  const { key } = await open(page);
  await controlled(key, '/faults', { error: { status: 500 }, operation: 'AcquireLinkConsent' });
  await controlled(key, '/faults', { error: { status: 429, code: 'rate_limit' }, operation: 'AcquireLinkConsent' });
  await button(page, 'Agree and continue').click();
  await page.getByText(/Reference: req_/).waitFor();
  await button(page, 'Try again').click();
  await page.getByText(/Reference: req_/).waitFor();
  await button(page, 'Try again').click();
  await picker(page);
}));

test('a slow network: nothing is sent twice, and nothing moves', withPage({ reducedMotion: true }, async (page) => {
  let requests = 0;
  await page.route('**/v1/**', async (route) => {
    if (/consent_acquired|auth_sessions$/.test(new URL(route.request().url()).pathname)) {
      requests++;
      await new Promise((later) => { setTimeout(later, 700); });
    }
    await route.continue();
  });
  await open(page);
  await at(page, 'Share your bank data');
  const agreement = button(page, 'Agree and continue');
  const before = await agreement.boundingBox();
  await agreement.dblclick();
  await page.locator('.footer .spinner').waitFor();
  assert.deepEqual(await agreement.boundingBox(), before);
  await agreement.click({ force: true });
  await picker(page);
  assert.equal(requests, 1);
  await page.locator('.tile').first().dblclick();
  await page.locator('.tile').nth(1).click();
  await at(page, 'Sign in at Test (Non-OAuth)');
  assert.equal(requests, 2);
}));

test('a search whose answer comes late does not replace a later one', withPage({}, async (page) => {
  await page.route('**/connections/institutions?**', async (route) => {
    if (route.request().url().includes('query=down')) await new Promise((later) => { setTimeout(later, 800); });
    await route.continue().catch(() => {}); // the test may be over
  });
  await open(page);
  await agree(page);
  const field = page.getByRole('combobox');
  await field.fill('down');
  await page.waitForTimeout(250); // it is under way
  await field.fill('token');
  await page.getByRole('option', { name: 'Tokenized Account Number' }).waitFor();
  await page.waitForTimeout(900);
  assert.equal(await page.getByRole('option').count(), 1);
}));

test('a connection that is lost while the person is at the bank comes back by itself', withPage({ expected: [/ERR_FAILED/] }, async (page) => {
  await open(page);
  await agree(page);
  await chooseBank(page, 'Test (OAuth)');
  const bank = await continueAtBank(page, 'Test (OAuth)');
  await page.route('**/oauth_results', (route) => route.abort());
  await page.getByText('The connection was lost.').first().waitFor();
  await allow(bank);
  await page.unroute('**/oauth_results');
  await at(page, 'Choose accounts');
}));

test('an answer that makes no sense has a way on', withPage({ expected: [/TypeError/] }, async (page) => {
  await page.route('**/featured_institutions?**', (route) => route.fulfill({ json: { data: [null] } }));
  await open(page);
  await button(page, 'Agree and continue').click();
  await at(page, 'Something went wrong here');
  await page.unroute('**/featured_institutions?**');
  await button(page, 'Try again').click();
  await picker(page);
  await page.locator('.tile').first().waitFor();
}));

test('an app is come back to by a link, should the browser not go there by itself', withPage({}, async (page) => {
  const begun = await open(page, { return_url: 'myapp://back?step=2' });
  await at(page, 'Share your bank data');
  await button(page, 'Close').click();
  await at(page, 'You are being taken back');
  assert.equal(await page.getByRole('link', { name: 'Go back' }).getAttribute('href'), 'myapp://back?step=2');
  await assertSeen(begun, []);
}));

test('what is sent again while it is still being worked on is waited for', withPage({ expected: [/ERR_FAILED/, /status of 409/] }, async (page) => {
  const keys = [];
  const running = { error: { code: 'idempotency_key_in_use', message: 'x', type: 'idempotency_error' } };
  await page.route('**/connections/auth_sessions', (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    if (keys.length === 1) return route.abort();
    return keys.length < 4 ? route.fulfill({ status: 409, json: running }) : route.continue();
  });
  await open(page);
  await agree(page);
  await chooseBank(page, 'Test (Non-OAuth)');
  await at(page, 'Sign in at Test (Non-OAuth)');
  assert.deepEqual([keys.length, new Set(keys).size], [4, 1]);
}));

test('a flow that the server contradicts does not go in circles', withPage({ expected: [/status of 400/] }, async (page) => {
  let asked = 0;
  const refusal = { error: { code: 'resource_missing', message: 'x', param: 'id', type: 'invalid_request_error' } };
  await page.route('**/auth_sessions/accounts', (route) => { asked++; return route.fulfill({ status: 400, json: refusal }); });
  await open(page);
  await agree(page);
  await chooseBank(page, 'Test (Non-OAuth)');
  await page.getByLabel('User name').fill('x');
  await page.getByLabel('Password', { exact: true }).fill('x');
  await button(page, 'Continue').click();
  await at(page, 'Something went wrong here');
  assert.equal(asked, 2);
}));

// --- In a frame ---

test('in a frame, the browser’s back button goes back a pane, and nothing is left in the history', withPage({}, async (page) => {
  const { session, key } = await begin({ permissions: ['balances'] });
  const around = `${server}/around`;
  await page.route(around, (route) => route.fulfill({ contentType: 'text/html', body: '<title>Around</title><iframe src="/link/modal" width="900" height="700"></iframe>' }));
  await page.addInitScript((open) => { // what the script of a page does
    if (window.parent !== window || !location.pathname.endsWith('/around')) return;
    window.told = [];
    addEventListener('message', ({ source }) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => window.told.push(data.type);
      source.postMessage(open, location.origin, [port2]);
    });
  }, { fincon: 'open', version: 1, clientSecret: session.client_secret, key: key.replace('sk_', 'pk_'), purpose: 'accounts' });
  await page.goto(`${server}/link/success`);
  await page.goto(around);
  const frame = page.frames().at(-1);
  await agree(frame);
  await chooseBank(frame, 'Test (Non-OAuth)');
  await at(frame, 'Sign in at Test (Non-OAuth)');
  await page.evaluate(() => history.back()); // the entry is the frame's
  await picker(frame);
  assert.equal(page.url(), around);
  await chooseBank(frame, 'Test (Non-OAuth)');
  await signIn(frame);
  await at(frame, 'Choose accounts');
  await frame.locator('.account').first().click();
  assert.equal(await frame.getByRole('dialog').count(), 1);
  await frame.locator('body').click({ position: { x: 5, y: 5 } }); // beside the card
  await button(frame, 'Stay here').click();
  await frame.locator('.account').first().click();
  await choose(frame, 'Savings');
  await button(frame, 'Go back').click();
  await page.waitForFunction(() => window.told.includes('done'));
  assert.deepEqual(await page.evaluate(() => window.told), ['shown', 'done']);
  await page.goBack();
  assert.equal(page.url(), `${server}/link/success`);
}));
