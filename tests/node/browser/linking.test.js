// People link accounts on a company's page, which loads the official library with the official loader and knows nothing of
// fincon: tests have the official address answered by it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe, controlled, createSession, picture, server, withPage } from './browser.js';
import { agree, assertSeen, at, begin, button, choose, chooseBank, picker, toAccounts } from './modal.js';
import { host, result, routeOfficial, shop } from './shop/shop.js';

const hosts = [host, 'js.stripe.com'];
const handshake = 10_000; // milliseconds that the frame waits for being told what to open
const publishable = (key) => key.replace('sk_', 'pk_');

/** Opens the shop's page and presses its button. */
async function press(page, { key, session, account }, button = '#accounts') {
  await routeOfficial(page);
  const query = { key: publishable(key), client_secret: session.client_secret, ...(account && { account }) };
  await page.goto(`${shop}/?${new URLSearchParams(query)}`);
  await page.click(button);
}

/** Opens the shop's page and the modal in it, and gives the modal's frame. */
async function open(page, given, { button } = {}) {
  await press(page, given, button);
  return modalOf(page);
}

const modalOf = async (page) => (await page.waitForSelector('fincon-overlay iframe')).contentFrame();

/** Waits until the modal is gone and the page as it was. */
async function backOnPage(page, focused = 'accounts') {
  await page.locator('fincon-overlay').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.id), focused);
}

const sizes = [
  { width: 1280, height: 800, scheme: 'light' },
  { width: 1280, height: 800, scheme: 'dark' },
  { width: 320, height: 640, scheme: 'light' },
  { width: 320, height: 640, scheme: 'dark' },
];

for (const { width, height, scheme } of sizes) {
  test(`accounts are linked, ${width} pixels, ${scheme}`, withPage({ hosts, width, height, scheme, reducedMotion: true }, async (page) => {
    const begun = await begin({ permissions: ['balances', 'payment_method'] });
    const modal = await open(page, begun);
    await at(modal, 'Share your bank data');
    await picture(page, `linking-consent-${width}-${scheme}`);
    await axe(page);
    await toAccounts(modal);
    await choose(modal, 'Success', 'Savings');
    await at(modal, 'Your accounts are linked');
    await button(modal, 'Go back').click();

    const { linked, result: { financialConnectionsSession: session } } = await result(page);
    assert.deepEqual(linked.map((account) => account.replace(/ \d{4} active$/, '')).sort(), ['Savings', 'Success']);
    assert.deepEqual(Object.keys(session).sort(), ['accounts', 'id', 'permissions']);
    assert.equal(session.id, begun.session.id);
    await backOnPage(page);
    await assertSeen(begun, ['Success', 'Savings']);
    assert.deepEqual(await page.context().cookies(), []);
  }));
}

test('a bank with a window of its own', withPage({ hosts }, async (page) => {
  const begun = await begin({ permissions: ['balances'] });
  const modal = await open(page, begun);
  await agree(modal);
  await chooseBank(modal, 'Test (OAuth)');
  const [bank] = await Promise.all([page.waitForEvent('popup'), button(modal, 'Continue to Test (OAuth)').click()]);
  await bank.getByRole('button', { name: 'Allow' }).click();
  await modal.locator('.account').first().waitFor();
  await choose(modal, 'Success');
  await button(modal, 'Go back').click();
  assert.equal((await result(page)).linked.length, 1);
  await backOnPage(page);
  await assertSeen(begun, ['Success']);
}));

test('leaving at once is no error', withPage({ hosts }, async (page) => {
  const begun = await begin();
  const modal = await open(page, begun);
  await at(modal, 'Share your bank data');
  await page.keyboard.press('Escape');
  assert.deepEqual((await result(page)).result, {
    financialConnectionsSession: { id: begun.session.id, accounts: [], permissions: begun.session.permissions },
  });
  await backOnPage(page);
}));

test('leaving is asked for when something would be lost', withPage({ hosts }, async (page) => {
  const modal = await open(page, await begin());
  await toAccounts(modal);
  await page.evaluate(() => document.activeElement.shadowRoot.activeElement.blur());
  await page.keyboard.press('Escape'); // on the outer page
  await modal.getByRole('heading', { name: 'Leave without linking?' }).waitFor();
  await modal.waitForFunction(() => document.activeElement.textContent === 'Leave without linking?');
  await button(modal, 'Stay here').click();
  await button(modal, 'Close').click();
  await button(modal, 'Leave').click();
  const { linked, result: { error } } = await result(page);
  assert.deepEqual([linked, error], [[], undefined]);
  await backOnPage(page);
}));

test('a frame that is loaded again goes on where it was', withPage({ hosts }, async (page) => {
  const modal = await open(page, await begin());
  await agree(modal);
  await modal.evaluate(() => { setTimeout(() => location.reload()); });
  await page.waitForEvent('framenavigated');
  await picker(modal);
  await chooseBank(modal, 'Test (Non-OAuth)');
  await at(modal, 'Sign in at Test (Non-OAuth)');
}));

const unusable = { hosts, expected: [/status of 40\d/] };
const refusal = (page) => result(page).then(({ result }) => {
  assert.deepEqual(Object.keys(result), ['error']);
  return result.error;
});

test('a session that was used cannot be used again', withPage(unusable, async (page) => {
  const begun = await begin();
  const modal = await open(page, begun);
  await at(modal, 'Share your bank data');
  await button(modal, 'Close').click();
  await result(page);
  for (const button of ['#accounts', '#payouts']) {
    await page.reload();
    await page.click(button);
    assert.equal((await refusal(page)).code, 'session_already_used');
    await backOnPage(page, button.slice(1));
  }
}));

test('a session that has expired cannot be used', withPage(unusable, async (page) => {
  const begun = await begin();
  await controlled(begun.key, '/clock/advance', { seconds: 24 * 3600 });
  await press(page, begun);
  const { type, code, message } = await refusal(page);
  assert.deepEqual([type, code], ['invalid_request_error', 'session_expired']);
  assert.match(message, /\w/);
  await backOnPage(page);
}));

test('a secret that nobody knows cannot be used', withPage(unusable, async (page) => {
  const begun = await begin();
  for (const given of [
    { ...begun, session: { client_secret: 'fcsess_client_secret_0000000000000000000000' } },
    { ...begun, session: { client_secret: begun.session.id } },
    { ...begun, key: 'sk_test_somebody_else' },
  ]) {
    await press(page, given); // the frame may be gone before anybody sees it
    const { type, code } = await refusal(page);
    assert.deepEqual([type, code], ['invalid_request_error', 'resource_missing']);
    await backOnPage(page);
    await page.unrouteAll();
  }
}));

test('an account for payouts gives a token', withPage({ hosts }, async (page) => {
  const begun = await begin({ account_holder: { type: 'account', account: 'acct_browser' }, permissions: ['payment_method'] });
  const modal = await open(page, begun, { button: '#payouts' });
  await toAccounts(modal);
  await modal.locator('.account input').first().check();
  await button(modal, /^Link 1 account$/).click();
  await button(modal, 'Go back').click();
  const { linked, last4, result: { token, financialConnectionsSession: session } } = await result(page);
  assert.equal(linked.length, 1);
  assert.equal(session.accounts.length, 1);
  assert.match(token.id, /^btok_/);
  assert.equal(token.bank_account.last4, last4);
  assert.deepEqual(Object.keys(token.bank_account).sort(), ['account_holder_name', 'account_holder_type', 'bank_name', 'country', 'currency',
    'fingerprint', 'id', 'last4', 'object', 'routing_number', 'status']);
  await backOnPage(page, 'payouts');
}));

test('leaving gives no token', withPage({ hosts }, async (page) => {
  const begun = await begin({ account_holder: { type: 'account', account: 'acct_browser' }, permissions: ['payment_method'] });
  const modal = await open(page, begun, { button: '#payouts' });
  await at(modal, 'Share your bank data');
  await button(modal, 'Close').click();
  const { result: answer } = await result(page);
  assert.deepEqual(Object.keys(answer), ['financialConnectionsSession']);
  assert.deepEqual(answer.financialConnectionsSession.accounts, []);
}));

test('a session of a connected account', withPage({ hosts }, async (page) => {
  const key = `sk_test_connected_${process.pid}`;
  const account = 'acct_connected';
  const session = await createSession(key, {}, { 'Stripe-Account': account });
  const modal = await open(page, { key, session, account });
  await at(modal, 'Share your bank data');
  await button(modal, 'Close').click();
  assert.equal((await result(page)).result.financialConnectionsSession.id, session.id);
}));

test('a page that frames the modal without the script shows nothing of a session', withPage({ hosts }, async (page) => {
  await page.clock.install();
  await page.goto(`${shop}/plain`);
  const modal = await framed(page);
  await modal.locator('.skeleton').waitFor();
  await page.clock.fastForward(handshake);
  await at(modal, 'Nothing to show here', { focused: false });
  assert.equal(await modal.getByRole('button').count(), 0);
}));

test('the modal is opened by its parent alone', withPage({ hosts }, async (page) => {
  const { key, session } = await begin();
  const open = { fincon: 'open', version: 1, clientSecret: session.client_secret, key: publishable(key), purpose: 'accounts' };

  // Who has opened it as a window is not its parent.
  await page.clock.install();
  await page.goto(`${shop}/plain`);
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.evaluate((url) => { globalThis.popup = globalThis.open(url); }, `${server}/link/modal`)]);
  await popup.waitForLoadState();
  await page.evaluate((open) => globalThis.popup.postMessage(open, '*', [new MessageChannel().port1]), open);
  await page.clock.fastForward(handshake);
  await at(popup, 'Nothing to show here', { focused: false });
  await popup.close();

  // Nor is a frame beside it.
  const modal = await framed(page);
  const beside = await framed(page);
  await beside.evaluate((open) => parent.frames[0].postMessage(open, '*', [new MessageChannel().port1]), open);
  await page.clock.fastForward(handshake);
  await at(modal, 'Nothing to show here', { focused: false }); // the other frame may have taken the focus

  // What is not said as agreed opens nothing; the first that is does, and nothing after it.
  const third = await framed(page);
  await page.evaluate((open) => {
    const frame = document.querySelectorAll('iframe')[2].contentWindow;
    const port = () => [new MessageChannel().port1];
    frame.postMessage(open, '*');
    for (const wrong of [null, 'open', { ...open, version: 2 }, { ...open, clientSecret: 1 }, { ...open, purpose: 'x' }, { ...open, key: undefined }]) {
      frame.postMessage(wrong, '*', port());
    }
    frame.postMessage({ ...open, locale: 'es' }, '*', port());
    frame.postMessage({ ...open, locale: 'en' }, '*', port());
  }, open);
  await at(third, 'Comparte tus datos bancarios', { focused: false });
}));

/** Puts the modal into a frame of the page, without the script. */
async function framed(page) {
  const frame = await page.evaluateHandle((src) => new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.className = 'bare';
    frame.onload = () => resolve(frame);
    frame.src = src;
    document.body.append(frame);
  }), `${server}/link/modal`);
  return frame.asElement().contentFrame();
}

test('the hosted flow stands in no frame', withPage({ hosts, expected: [/frame-ancestors|X-Frame-Options/] }, async (page) => {
  await page.goto(`${shop}/plain`);
  await page.evaluate((src) => new Promise((resolve) => {
    const frame = Object.assign(document.createElement('iframe'), { src, onload: resolve });
    document.body.append(frame);
  }), `${server}/link/flow`);
  await page.frames()[1].waitForURL('chrome-error://chromewebdata/');
}));
