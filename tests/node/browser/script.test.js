// The script that gives a page Stripe(publishableKey): what pages can call, what they are told, and how it speaks with its
// frame. The frame is a stand-in here, which does what each test has it do.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { picture, server, withPage } from './browser.js';
import { host, result, routeOfficial, shop, typeCheck } from './shop/shop.js';

const origin = new URL(server).origin;
const hosts = [host, 'js.stripe.com'];

/** A frame's page that says ready, keeps what it is told in window.told, and says over the port what tests have it say. */
const standIn = (more = '') => `<!doctype html><title>Stand-in</title><button>In the frame</button><script>
  window.told = [];
  const opened = new Promise((resolve) => addEventListener('message', (event) => {
    told.push({ from: event.origin, isParent: event.source === parent, data: event.data });
    const port = event.ports[0];
    port.onmessage = ({ data }) => told.push(data);
    resolve(port);
  }));
  window.say = async (message) => (await opened).postMessage(message);
  ${more}
  parent.postMessage({ fincon: 'ready', version: 1 }, '*');
</script>`;

const session = (more = {}) => ({
  id: 'fcsess_1', object: 'link_account_session', client_secret: 'fcsess_client_secret_1', livemode: false, status: 'succeeded',
  permissions: ['balances'], prefetch: [], accounts: { object: 'list', data: [], has_more: false, total_count: 0, url: '/' }, ...more,
});

/** Opens the shop's page and clicks, which opens a stand-in. Gives its frame when it was told what to open. */
async function open(page, options) {
  await click(page, options);
  return frameOf(page);
}

async function click(page, { button = '#accounts', more = '', query = {} } = {}) {
  await routeOfficial(page);
  await page.route(`${server}/link/modal`, (route) => route.fulfill({ contentType: 'text/html', body: standIn(more) }));
  await page.goto(`${shop}/?${new URLSearchParams({ key: 'pk_test_script', client_secret: 'fcsess_client_secret_1', ...query })}`);
  await page.click(button);
}

async function frameOf(page) {
  const frame = await (await page.waitForSelector('fincon-overlay iframe')).contentFrame();
  await frame.waitForURL(`${server}/link/modal`);
  await frame.waitForFunction(() => window.told?.length > 0);
  return frame;
}

/** Has the frame say something over its port, upon which it may be gone. */
const say = (frame, message) => frame.evaluate((message) => { setTimeout(() => window.say(message)); }, message);

const told = (frame) => frame.evaluate(() => window.told);

/** What a page's call throws or rejects with. */
const complaint = (page, call) => page.evaluate(async (call) => {
  try {
    await new Function('Stripe', `return ${call}`)(window.Stripe);
    return null;
  } catch (error) {
    return { name: error.name, isError: error instanceof Error, message: error.message };
  }
}, call);

/** A page without a policy that has the script. */
async function bare(page) {
  await page.goto(`${server}/openapi.json`);
  await page.addScriptTag({ url: `${server}/v3/` });
}

test('the page compiles against the official types', typeCheck);

test('the script is small', async () => {
  const body = Buffer.from(await (await fetch(`${server}/v3/`)).arrayBuffer());
  assert.ok(gzipSync(body).length < 10_000, `${gzipSync(body).length} bytes compressed`);
});

test('the release is the one that was asked for', withPage({}, async (page) => {
  for (const [path, version] of [['/v3', 3], ['/v3/', 3], ['/v3/stripe.js', 3], ['/stripe.js', 'endive'], ['/dahlia/stripe.js', 'dahlia']]) {
    await page.goto(`${server}/openapi.json`);
    await page.addScriptTag({ url: server + path });
    assert.equal(await page.evaluate(() => window.Stripe.version), version, path);
  }
}));

test('a second script changes nothing', withPage({}, async (page) => {
  await bare(page);
  await page.evaluate(() => { window.first = window.Stripe; });
  await page.addScriptTag({ url: `${server}/stripe.js` });
  assert.ok(await page.evaluate(() => window.first === window.Stripe));
}));

test('the object has what the official one has', withPage({}, async (page) => {
  await bare(page);
  const types = readFileSync(new URL('../node_modules/@stripe/stripe-js/dist/stripe-js/stripe.d.ts', import.meta.url), 'utf8');
  const declared = types.slice(types.indexOf('export interface Stripe {'), types.indexOf('\nexport type PaymentIntentResult'));
  const names = new Set([...declared.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name));
  assert.ok(names.size > 60, 'the declarations were not found');
  const absent = await page.evaluate((names) => {
    const stripe = window.Stripe('pk_test_x');
    return names.filter((name) => typeof stripe[name] !== 'function');
  }, [...names, '_registerWrapper']);
  assert.deepEqual(absent, []);

  for (const call of ['confirmCardPayment("pi_1_secret_2")', 'createToken("pii", {})', 'createPaymentMethod({})', 'paymentRequest({})',
    'elements({clientSecret: "x"}).create("card")', 'collectBankAccountForPayment({clientSecret: "x"})']) {
    const error = await complaint(page, `Stripe("pk_test_x").${call}`);
    assert.equal(error.name, 'IntegrationError');
    assert.match(error.message, /is not served here/, call);
  }
  assert.equal(await complaint(page, 'Stripe("pk_test_x").elements({mode: "setup"}).getElement("card")'), null);
  assert.equal(await complaint(page, 'new Stripe("pk_test_x").registerAppInfo({name: "x"})'), null);
}));

test('the official loader takes the script that is there, without a word', withPage({ hosts: [host] }, async (page) => {
  const warnings = [];
  page.on('console', (message) => { if (message.type() === 'warning') warnings.push(message.text()); });
  await page.route(`${server}/link/modal`, (route) => route.fulfill({ contentType: 'text/html', body: standIn() }));
  await page.goto(`${shop}/both?key=pk_test_x&client_secret=x`);
  await page.click('#accounts');
  await frameOf(page);
  assert.deepEqual(warnings, []);
}));

test('wrong use is told to whoever writes the page', withPage({}, async (page) => {
  await bare(page);
  const cases = [
    ['Stripe()', /needs your publishable key/],
    ['Stripe("")', /needs your publishable key/],
    ['Stripe({})', /needs your publishable key/],
    ['Stripe("sk_test_hidden")', /was given a secret key/],
    ['Stripe("rk_live_hidden")', /was given a secret key/],
    ['Stripe("hidden")', /begins with pk_/],
    ['Stripe("pk_test_x", "acct_1")', /object of options/],
    ['Stripe("pk_test_x", {stripeAccount: 1})', /stripeAccount/],
    ['Stripe("pk_test_x", {locale: {}})', /locale/],
    ['Stripe("pk_test_x").collectFinancialConnectionsAccounts()', /collectFinancialConnectionsAccounts\(\) needs \{clientSecret\}/],
    ['Stripe("pk_test_x").collectFinancialConnectionsAccounts({clientSecret: ""})', /needs \{clientSecret\}/],
    ['Stripe("pk_test_x").collectBankAccountToken({client_secret: "x"})', /collectBankAccountToken\(\) needs \{clientSecret\}/],
  ];
  for (const [call, message] of cases) {
    const error = await complaint(page, call);
    assert.equal(error?.name, 'IntegrationError', call);
    assert.ok(error.isError);
    assert.match(error.message, message, call);
    assert.doesNotMatch(error.message, /hidden/, 'a key is never repeated');
  }
  assert.equal(await page.locator('fincon-overlay').count(), 0);
}));

test('the frame is told what to open, and nobody else', withPage({ hosts }, async (page) => {
  const frame = await open(page, { query: { account: 'acct_1' } });
  assert.deepEqual(await told(frame), [{
    from: shop,
    isParent: true,
    data: {
      fincon: 'open', version: 1, clientSecret: 'fcsess_client_secret_1', key: 'pk_test_script', account: 'acct_1', purpose: 'accounts',
    },
  }]);
}));

test('accounts come as the official types declare them', withPage({ hosts }, async (page) => {
  const frame = await open(page);
  const account = {
    id: 'fca_1', object: 'financial_connections.account', balance: null, balance_refresh: null, category: 'cash', created: 1,
    display_name: 'Checking', institution_name: 'StripeBank', last4: '6789', livemode: false, ownership: null,
    ownership_refresh: null, permissions: ['balances'], status: 'active', subcategory: 'checking',
    supported_payment_method_types: ['us_bank_account'],
  };
  const data = [{ ...account, account_holder: { type: 'customer', customer: 'cus_1' }, account_numbers: null, subscriptions: [], transaction_refresh: null }];
  await say(frame, { type: 'done', session: session({ return_url: null, accounts: { object: 'list', data, has_more: false, total_count: 1, url: '/' } }) });
  assert.deepEqual((await result(page)).result, {
    financialConnectionsSession: { id: 'fcsess_1', accounts: [account], permissions: ['balances'] },
  });
}));

test('leaving is no error', withPage({ hosts }, async (page) => {
  for (const button of ['#accounts', '#payouts']) {
    const frame = await open(page, { button });
    await say(frame, { type: 'done', session: session({ status: 'cancelled' }) });
    assert.deepEqual((await result(page)).result, {
      financialConnectionsSession: { id: 'fcsess_1', accounts: [], permissions: ['balances'] },
    });
    assert.equal(page.frames().length, 1, 'the frame is gone');
    await page.unrouteAll();
  }
}));

test('a session that cannot be used is an error', withPage({ hosts }, async (page) => {
  for (const button of ['#accounts', '#payouts']) {
    const frame = await open(page, { button });
    const error = { type: 'invalid_request_error', code: 'session_expired', message: 'It has expired.', param: 'client_secret' };
    await say(frame, { type: 'failed', error: { ...error, extra_fields: { reason: 'x' } } });
    assert.deepEqual((await result(page)).result, { error });
    await page.unrouteAll();
  }
}));

test('a token comes with the session', withPage({ hosts }, async (page) => {
  const frame = await open(page, { button: '#payouts' });
  const bank = { id: 'ba_1', object: 'bank_account', bank_name: 'B', country: 'US', currency: 'usd', last4: '6789', routing_number: '110000000' };
  const token = { id: 'btok_1', object: 'token', client_ip: null, created: 1, livemode: false, type: 'bank_account', used: false };
  await say(frame, { type: 'done', session: session({ bank_account_token: { ...token, bank_account: bank } }) });
  const { last4, result: { token: given } } = await result(page);
  assert.equal(last4, '6789');
  assert.deepEqual(given, {
    ...token, bank_account: { ...bank, account_holder_name: null, account_holder_type: null, fingerprint: null, status: 'new' },
  });
}));

test('a session that gives no token is an error where a token is asked for', withPage({ hosts }, async (page) => {
  const frame = await open(page, { button: '#payouts' });
  const data = [{ id: 'fca_1', ownership: null }];
  await say(frame, { type: 'done', session: session({ accounts: { object: 'list', data, has_more: false, total_count: 1, url: '/' } }) });
  assert.match((await result(page)).failed, /^invalid_request_error .*account_holder\[type\]/);
}));

test('only one can be open', withPage({ hosts }, async (page) => {
  const frame = await open(page);
  const again = `Stripe('pk_test_x').collectBankAccountToken({ clientSecret: 'x' })`;
  const { name, message } = await complaint(page, again);
  assert.equal(name, 'IntegrationError');
  assert.match(message, /open already/);
  assert.equal(page.frames().length, 2, 'the first one stays');
  await say(frame, { type: 'done', session: session() });
  await result(page);
  await page.click('#payouts');
  await frameOf(page);
}));

test('a frame that was loaded again is told again', withPage({ hosts }, async (page) => {
  const first = await open(page);
  await first.evaluate(() => location.reload());
  await page.waitForEvent('framenavigated');
  const frame = await frameOf(page);
  assert.equal((await told(frame))[0].data.clientSecret, 'fcsess_client_secret_1');
  await say(frame, { type: 'done', session: session() });
  await result(page);
}));

test('a person may take their time', withPage({ hosts }, async (page) => {
  await page.clock.install();
  const frame = await open(page);
  await page.clock.fastForward('01:00:00');
  await say(frame, { type: 'done', session: session() });
  assert.equal((await result(page)).result.financialConnectionsSession.id, 'fcsess_1');
}));

test('only the frame is heard', withPage({ hosts: [...hosts, 'elsewhere.example'] }, async (page) => {
  // A frame that says nothing by itself.
  await routeOfficial(page);
  const silent = standIn().replace('parent.postMessage', '// parent.postMessage');
  await page.route(`${server}/link/modal`, (route) => route.fulfill({ contentType: 'text/html', body: silent }));
  const elsewhere = 'https://elsewhere.example/';
  await page.route(elsewhere, (route) => route.fulfill({ contentType: 'text/html', body: silent }));
  await page.goto(`${shop}/?key=pk_test_x&client_secret=fcsess_client_secret_1&frames=${encodeURIComponent(`${server} ${elsewhere}`)}`);
  await page.click('#accounts');
  const frame = await (await page.waitForSelector('fincon-overlay iframe')).contentFrame();
  await frame.waitForFunction(() => window.told);

  // The page itself, another frame of the right origin, and one of another.
  await page.evaluate(() => postMessage({ fincon: 'ready', version: 1 }, '*'));
  for (const src of [`${server}/link/modal`, elsewhere]) {
    const other = await page.evaluateHandle((src) => new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.src = src;
      frame.onload = () => resolve(frame);
      document.body.append(frame);
    }), src);
    const inside = await other.asElement().contentFrame();
    await inside.evaluate(() => {
      window.heard = 0;
      addEventListener('message', () => { window.heard += 1; });
      parent.postMessage({ fincon: 'ready', version: 1 }, '*');
      parent.postMessage({ type: 'done', session: { accounts: { data: [] } } }, '*');
    });
    await roundTrip(page, inside);
    assert.equal(await inside.evaluate(() => window.heard), 0, src);
  }
  // Messages of the right window that are not Ready.
  for (const message of [null, 'ready', 1, {}, { fincon: 'ready' }, { fincon: 'ready', version: 2 }, { fincon: 'open', version: 1 }, ['ready']]) {
    await frame.evaluate((message) => parent.postMessage(message, '*'), message);
  }
  await roundTrip(page, frame);
  assert.deepEqual(await told(frame), []);
  assert.equal(await page.locator('output').textContent(), '');

  // The right window, from which another site speaks.
  await navigate(frame, elsewhere);
  await frame.evaluate(() => {
    window.heard = 0;
    addEventListener('message', () => { window.heard += 1; });
    parent.postMessage({ fincon: 'ready', version: 1 }, '*');
  });
  await roundTrip(page, frame);
  assert.equal(await frame.evaluate(() => window.heard), 0);

  // The frame, at last.
  await navigate(frame, `${server}/link/modal`);
  await frame.evaluate(() => parent.postMessage({ fincon: 'ready', version: 1 }, '*'));
  await frame.waitForFunction(() => window.told.length === 1);
}));

async function navigate(frame, url) {
  await frame.evaluate((url) => { setTimeout(() => location.replace(url)); }, url);
  await frame.waitForURL(url);
}

test('a frame in which another site speaks is one that cannot be loaded', withPage({ hosts: [...hosts, 'elsewhere.example'] }, async (page) => {
  const elsewhere = 'https://elsewhere.example/';
  await page.clock.install();
  await routeOfficial(page);
  await page.route(elsewhere, (route) => route.fulfill({ contentType: 'text/html', body: standIn() }));
  await page.route(`${server}/link/modal`, (route) => route.fulfill({ contentType: 'text/html', body: '<p>No script</p>' }));
  await page.goto(`${shop}/?key=pk_test_x&client_secret=x&frames=${encodeURIComponent(`${server} ${elsewhere}`)}`);
  await page.click('#accounts');
  const frame = await (await page.waitForSelector('fincon-overlay iframe')).contentFrame();
  await frame.getByText('No script').waitFor();
  await navigate(frame, elsewhere);
  await roundTrip(page, frame);
  await page.clock.fastForward(20_000);
  assert.match((await result(page)).failed, /^api_connection_error /);
}));

/** Waits until the page has taken what the frame has posted before, and the frame what the page has answered. */
async function roundTrip(page, frame) {
  await page.evaluate(() => {
    window.asked = new Promise((resolve) => addEventListener('message', ({ data }) => data === 'round trip' && resolve()));
  });
  await frame.evaluate(() => parent.postMessage('round trip', '*'));
  await page.evaluate(() => window.asked);
  await frame.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
}

test('the frame lies over everything, whatever the page says of its elements', withPage({ hosts, height: 700 }, async (page) => {
  const frame = await open(page, { more: 'document.documentElement.style.colorScheme = "light dark"' });
  assert.deepEqual(await page.locator('fincon-overlay iframe').boundingBox(), { x: 0, y: 0, width: 1280, height: 700 });
  assert.ok(await page.locator('fincon-overlay iframe').isVisible());
  await frame.click('button');
  assert.equal(await page.evaluate(() => document.elementFromPoint(40, 90).localName), 'fincon-overlay');
  await picture(page, 'script-over-page');
}));

test('it lies over a dialog of the page', withPage({ hosts }, async (page) => {
  await page.route(`${server}/link/modal`, (route) => route.fulfill({ contentType: 'text/html', body: standIn() }));
  await page.goto(`${shop}/plain`);
  await page.evaluate(() => {
    const dialog = document.createElement('dialog');
    dialog.id = 'own';
    const button = document.createElement('button');
    button.onclick = () => Stripe('pk_test_x', { locale: 'es-MX' }).collectFinancialConnectionsAccounts({ clientSecret: 'x' });
    dialog.append(button);
    document.body.append(dialog);
    dialog.style.display = 'block';
    dialog.showModal();
    button.click();
  });
  const frame = await frameOf(page);
  assert.equal((await told(frame))[0].data.locale, 'es-MX');
  assert.equal(await page.getByRole('dialog', { name: 'Vincular cuentas' }).count(), 1);
  await frame.click('button');
  await say(frame, { type: 'done', session: session() });
  await page.waitForFunction(() => document.activeElement.parentElement?.id === 'own');
}));

test('the page is still and out of reach while the frame is there, and as it was after', withPage({ hosts }, async (page) => {
  const frame = await open(page);
  const dialog = page.getByRole('dialog', { name: 'Link accounts' });
  assert.equal(await dialog.count(), 1);
  await page.evaluate(() => document.querySelector('#payouts').focus());
  for (let i = 0; i < 5; i += 1) {
    assert.notEqual(await page.evaluate(() => document.activeElement.localName), 'button', 'the focus stays in the frame');
    await page.keyboard.press('Tab');
  }
  await page.mouse.move(600, 400);
  await page.mouse.wheel(0, 500);
  await frame.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  assert.equal(await page.evaluate(() => scrollY), 0);

  await say(frame, { type: 'done', session: session() });
  await result(page);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'accounts', 'the focus is where it was');
  assert.equal(await page.locator('fincon-overlay').count(), 0);
  assert.equal(await page.evaluate(() => document.documentElement.getAttribute('style') ?? ''), '');
  await page.mouse.wheel(0, 500);
  await page.waitForFunction(() => scrollY > 0);
}));

test('Escape asks the frame to leave, and closes nothing', withPage({ hosts }, async (page) => {
  const frame = await open(page);
  await page.evaluate(() => document.activeElement.shadowRoot.activeElement.blur());
  for (let asked = 1; asked <= 3; asked += 1) {
    await page.keyboard.press('Escape');
    await frame.waitForFunction((asked) => window.told.length === asked + 1, asked);
  }
  assert.deepEqual((await told(frame)).slice(1), [{ type: 'leave' }, { type: 'leave' }, { type: 'leave' }]);
  assert.equal(await page.getByRole('dialog').count(), 1);
}));

test('Escape before the frame is there ends it', withPage({ hosts }, async (page) => {
  await routeOfficial(page);
  await page.route(`${server}/link/modal`, () => {}); // is never answered
  await page.goto(`${shop}/?key=pk_test_x&client_secret=x`);
  await page.click('#accounts');
  await page.waitForSelector('fincon-overlay iframe');
  await page.keyboard.press('Escape');
  assert.match((await result(page)).failed, /^api_connection_error .*left before it was loaded/);
}));

test('a frame that cannot be loaded is an error', withPage({ hosts }, async (page) => {
  await page.clock.install();
  await routeOfficial(page);
  await page.route(`${server}/link/modal`, (route) => route.abort('connectionrefused'));
  await page.goto(`${shop}/?key=pk_test_x&client_secret=x`);
  await page.click('#accounts');
  await page.waitForSelector('fincon-overlay iframe');
  await page.clock.fastForward(20_000);
  assert.match((await result(page)).failed, /^api_connection_error .*could not be loaded from http/);
}));

test('a policy of the page that forbids the frame is named', withPage({ hosts, expected: [/Content Security Policy/] }, async (page) => {
  await click(page, { query: { frames: 'https://js.stripe.com' } });
  assert.match((await result(page)).failed, new RegExp(`^api_connection_error .*add ${origin} to its frame-src`));
}));
