// The modal among pages, links and answers that mean harm.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlled, server, withPage } from './browser.js';
import { agree, at, begin, button, chooseBank, open } from './modal.js';

const refused = { expected: [/status of 400/] };
const markup = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}';

test('what banks and businesses are called is text', withPage({}, async (page) => {
  page.on('dialog', () => assert.fail('a script ran'));
  const name = (object) => {
    if (typeof object !== 'object' || object === null) return;
    for (const [key, value] of Object.entries(object)) {
      if (['name', 'display_name', 'business_name', 'label', 'institution_name', 'displayable_account_numbers', 'last4'].includes(key)) {
        if (key !== 'name' || !('label' in object)) object[key] = markup;
      } else name(value);
    }
  };
  await page.route('**/v1/**', async (route) => {
    const answer = await route.fetch();
    const json = await answer.json();
    name(json);
    await route.fulfill({ response: answer, json });
  });
  const { url } = await begin({ permissions: ['balances'] });
  await page.goto(url.replace('/link/flow', `/link/flow?${encodeURIComponent(markup)}=${encodeURIComponent(markup)}`) + `&locale=${encodeURIComponent(markup)}`);
  await page.getByText(markup).first().waitFor();
  await button(page, 'Agree and continue').click();
  await page.getByRole('combobox').fill('test');
  await page.getByRole('option').first().click();
  await page.getByLabel('User name').fill('x');
  await page.getByLabel('Password', { exact: true }).fill('x');
  await button(page, 'Continue').click();
  await page.getByRole('heading', { name: 'Choose accounts' }).waitFor();
  await page.locator('.account input').first().check();
  await button(page, 'Link 1 account').click();
  await page.getByRole('heading', { name: 'Your account is linked' }).waitFor();
  await page.getByText(markup).first().waitFor();
  assert.equal(await page.locator('img, iframe, main script').count(), 0);
}));

test('nobody is sent to a place that a browser would run', withPage({}, async (page) => {
  page.on('dialog', () => assert.fail('a script ran'));
  const evil = ['javascript:alert(1)', ' JavaScript:alert(1)', 'java\tscript:alert(1)', 'data:text/html,<script>alert(1)</script>', 'vbscript:x', 'blob:x'];
  for (const target of evil) {
    await page.route('**/sessions/synchronize', async (route) => {
      const answer = await route.fetch();
      const json = await answer.json();
      json.manifest.return_url = target;
      await route.fulfill({ response: answer, json });
    });
    const begun = await begin();
    await page.goto('about:blank');
    await page.goto(begun.url);
    await at(page, 'Share your bank data');
    await button(page, 'Close').click();
    await page.waitForURL(`${server}/link/cancel`);
    await page.unroute('**/sessions/synchronize');
  }
  await page.route('**/connections/auth_sessions', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...await answer.json(), url: 'javascript:alert(1)' } });
  });
  await page.goto('about:blank');
  await open(page);
  await agree(page);
  await chooseBank(page, 'Test (OAuth)');
  await at(page, 'Waiting for Test (OAuth)');
  assert.equal(await page.getByRole('link').count(), 0);
}));

test('what stands behind the # is not believed', withPage({ expected: [/status of 40/] }, async (page) => {
  page.on('dialog', () => assert.fail('a script ran'));
  const { key } = await begin();
  for (const fragment of ['', '#', '#client_secret=x', '#key=pk_test_x', `#client_secret=${encodeURIComponent(markup)}&key=${encodeURIComponent(markup)}`,
    `#client_secret=x&key=${key}`, '#client_secret=x&key=pk_test_x&account=../../x', '#%', `#return_url=javascript:alert(1)&success_url=javascript:alert(1)`]) {
    await page.goto('about:blank');
    await page.goto(`${server}/link/flow${fragment}`);
    await at(page, /^(Nothing to show here|This link does not work)$/);
  }
}));

test('a session that is used, or expired', withPage(refused, async (page) => {
  const used = await begin();
  await page.goto(used.url);
  await button(page, 'Close').click();
  await page.waitForURL('**/link/cancel');
  await page.goto(used.url);
  await at(page, 'This was finished already');
  const old = await open(page);
  await at(page, 'Share your bank data');
  await controlled(old.key, '/clock/advance', { seconds: 25 * 3600 });
  await button(page, 'Agree and continue').click();
  await at(page, 'This took too long');
  await button(page, 'Go back').click();
  await page.waitForURL('**/link/cancel');
}));

test('the page of its own stands in no frame', withPage({ expected: [/frame-ancestors|X-Frame-Options|Refused to (display|frame)/i] }, async (page) => {
  const { url } = await begin();
  await page.route(`${server}/around`, (route) => route.fulfill({ contentType: 'text/html', body: `<title>Around</title><iframe src="${url.replaceAll('&', '&amp;')}"></iframe>` }));
  await page.goto(`${server}/around`);
  await page.waitForTimeout(500);
  assert.ok(page.frames().every((frame) => !frame.url().includes('/link/flow')));
}));

test('the framed page shows nothing until it is told what to', withPage({}, async (page) => {
  await page.route(`${server}/around`, (route) => route.fulfill({ contentType: 'text/html', body: '<title>Around</title><iframe src="/link/modal"></iframe><iframe></iframe>' }));
  await page.clock.install();
  await page.goto(`${server}/around`);
  const frame = page.frameLocator('iframe[src]');
  await frame.locator('.skeleton').waitFor();
  await page.evaluate(() => { // what comes without a port, or has another shape, is nothing
    const target = document.querySelector('iframe').contentWindow;
    for (const message of [{ fincon: 'open', version: 1, clientSecret: 'x', key: 'x', purpose: 'accounts' }, null, 'open', { fincon: 'open' }]) target.postMessage(message, '*');
    target.postMessage({ fincon: 'open', version: 2, clientSecret: 'x', key: 'x', purpose: 'accounts' }, '*', [new MessageChannel().port1]);
    window.frames[1].eval(`parent.frames[0].postMessage({ fincon: 'open', version: 1, clientSecret: 'x', key: 'pk_test_x', purpose: 'accounts' },
      '*', [new MessageChannel().port1])`); // from another window than the one around it
    target.postMessage({ fincon: 'open', version: 1, clientSecret: 1, key: 'x', purpose: 'accounts' }, '*', [new MessageChannel().port1]);
  });
  await page.evaluate(() => new Promise((done) => { setTimeout(done); })); // they have been delivered
  assert.equal(await frame.getByRole('heading').count(), 0);
  await page.clock.fastForward(10_000);
  await frame.getByRole('heading', { name: 'Nothing to show here' }).waitFor();
}));
