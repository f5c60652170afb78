// The modal for everyone: by keyboard alone, in Spanish, enlarged, and quick to be there.

import assert from 'node:assert/strict';
import { get } from 'node:http';
import { test } from 'node:test';
import { axe, picture, server, withPage } from './browser.js';
import { agree, allow, assertSeen, at, begin, button, chooseBank, open, picker, signIn, toAccounts } from './modal.js';

/** Presses Tab until what has the focus is called so. */
async function tabTo(page, name) {
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab');
    const found = await page.evaluate(() => {
      const { activeElement: element } = document;
      return element.getAttribute('aria-label') ?? element.labels?.[0]?.innerText ?? element.innerText;
    });
    if (typeof name === 'string' ? found === name : name.test(found)) return;
  }
  assert.fail(`nothing that is called ${name} can be reached by Tab`);
}

test('the whole flow by keyboard alone', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['balances'] });
  await at(page, 'Share your bank data');
  await tabTo(page, 'What exactly is shared?');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'What is shared' }).waitFor();
  await tabTo(page, 'Done');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.innerText === 'What exactly is shared?'); // the focus comes back
  await tabTo(page, 'Agree and continue');
  await page.keyboard.press('Enter');
  await picker(page);
  await page.keyboard.type('bank');
  await page.getByRole('option').nth(1).waitFor();
  await page.locator('mark', { hasText: /^bank$/i }).first().waitFor(); // what is found is of all that was typed
  await page.waitForFunction(() => document.getElementById('announcements').textContent === '2 banks found');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  const current = page.getByRole('option', { selected: true });
  assert.equal(await current.innerText().then((text) => text.split('\n').at(-1)), 'Bank (Non-OAuth)');
  assert.equal(await page.getByRole('combobox').getAttribute('aria-activedescendant'), await current.getAttribute('id'));
  await page.keyboard.press('Enter');
  await at(page, 'Sign in at Bank (Non-OAuth)');
  await tabTo(page, 'User name');
  await page.keyboard.type('someone');
  await tabTo(page, 'Password');
  await page.keyboard.type('options');
  await page.keyboard.press('Enter');
  await page.getByRole('radio').first().waitFor();
  await tabTo(page, 'Personal');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await at(page, 'Choose accounts');
  await tabTo(page, /^Everyday Checking/);
  await page.keyboard.press('Space');
  await tabTo(page, /^Home Loan/);
  await page.keyboard.press('Space');
  await tabTo(page, 'Link 2 accounts');
  await page.keyboard.press('Enter');
  await at(page, 'Your accounts are linked');
  await tabTo(page, 'Go back');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/link/success');
  await assertSeen(begun, ['Everyday Checking', 'Home Loan']);
}));

test('Enter in the search chooses the first bank, and never one of an earlier search', withPage({}, async (page) => {
  await open(page);
  await agree(page);
  await page.getByRole('combobox').fill('own');
  await page.getByRole('option', { name: 'Ownership Accounts' }).waitFor();
  await page.getByRole('combobox').fill('token');
  await page.keyboard.press('Enter'); // the results are still those of the earlier search
  await page.getByRole('option', { name: 'Tokenized Account Number' }).waitFor();
  await page.keyboard.press('Enter');
  await at(page, 'Sign in at Tokenized Account Number');
}));

// English words that no Spanish text has. Names of banks and accounts are as the bank gives them.
const english = /\b(the|your|you|and|with|account|accounts|sign|choose|what|back|try|again|this|number|password|name|is|are|of)\b/i;

async function inSpanish(page, name) {
  const text = await page.evaluate(() => {
    const copy = document.body.cloneNode(true);
    for (const given of copy.querySelectorAll('.bank-name, .account-name')) given.remove();
    const labels = [...document.querySelectorAll('[aria-label], [placeholder]')]
      .flatMap((element) => [element.getAttribute('aria-label'), element.getAttribute('placeholder')]);
    return [copy.textContent, ...labels, document.title].join('\n').replaceAll(/\S+ \((Non-)?OAuth\)|Down \(\w+\)|Ownership Accounts|JavaScript|Linking accounts needs/g, '');
  });
  assert.doesNotMatch(text, english, name);
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 640 });
    await picture(page, `modal spanish ${name} ${width}`);
    const wide = await page.evaluate(() => [...document.querySelectorAll('.body, .footer, .header')].some((part) => part.scrollWidth > part.clientWidth));
    assert.ok(!wide, `${name} is wider than ${width}`);
  }
}

test('in Spanish, nothing is English', withPage({ locale: 'es-MX', reducedMotion: true, expected: [/status of 400/] }, async (page) => {
  await open(page, { limits: { accounts: 2 }, filters: { account_subcategories: ['checking', 'savings'] }, manual_entry: { mode: 'automatic' } });
  await at(page, 'Comparte tus datos bancarios');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'es-MX');
  await inSpanish(page, 'consent');
  await button(page, '¿Qué se comparte exactamente?').click();
  await inSpanish(page, 'details');
  await axe(page);
  await button(page, 'Listo').click();
  await button(page, 'Introducir los números de cuenta').click();
  await at(page, 'Introduce los números de cuenta');
  await page.getByRole('textbox', { name: 'Número de ruta' }).fill('110000001');
  await button(page, 'Continuar').click();
  await inSpanish(page, 'numbers');
  await button(page, 'Atrás').click();
  await button(page, 'Aceptar y continuar').click();
  await page.locator('.tile').first().waitFor();
  await inSpanish(page, 'banks');
  await page.getByRole('combobox').fill('xyz');
  await page.getByText('Ningún banco se llama').first().waitFor();
  await inSpanish(page, 'none');
  for (const bank of ['Down (Scheduled)', 'Down (Unscheduled)', 'Down (Error)']) {
    await page.getByRole('combobox').fill('');
    await chooseBank(page, bank);
    await button(page, 'Elegir otro banco').waitFor();
    await inSpanish(page, bank);
    await button(page, 'Elegir otro banco').click();
    await at(page, 'Elige tu banco', { focused: false });
  }
  await chooseBank(page, 'Test (OAuth)');
  await at(page, 'Continúa en Test (OAuth)');
  await inSpanish(page, 'bank page');
  const [bank] = await Promise.all([page.waitForEvent('popup'), button(page, 'Continuar en Test (OAuth)').click()]);
  await at(page, 'Esperando a Test (OAuth)');
  await inSpanish(page, 'waiting');
  await bank.close();
  await at(page, 'La ventana se ha cerrado');
  await inSpanish(page, 'closed');
  await button(page, 'Cancelar').click();
  await chooseBank(page, 'Bank (Non-OAuth)');
  for (const word of ['incorrect', 'options', 'mfa', 'security_question', 'confirm_mfa']) {
    await at(page, 'Inicia sesión en Bank (Non-OAuth)', { focused: false });
    await page.getByLabel('Usuario').fill('x');
    await page.getByLabel('Contraseña', { exact: true }).fill(word);
    await button(page, 'Continuar').click();
    if (word === 'incorrect') {
      await page.getByText('Esto no es correcto.').waitFor();
      await inSpanish(page, word);
      continue;
    }
    await page.getByLabel('Contraseña', { exact: true }).waitFor({ state: 'detached' });
    await inSpanish(page, word);
    if (word === 'confirm_mfa') break;
    await button(page, 'Atrás').click();
    await at(page, 'Elige tu banco', { focused: false });
    await chooseBank(page, 'Bank (Non-OAuth)');
  }
  await button(page, 'Ya lo he confirmado').click();
  await at(page, 'Elige cuentas');
  await page.locator('.account').first().waitFor();
  await inSpanish(page, 'accounts');
  await button(page, 'Cerrar').click();
  await inSpanish(page, 'leave');
  await button(page, 'Seguir aquí').click();
  await page.locator('.account input').first().check();
  await button(page, 'Vincular 1 cuenta').click();
  await at(page, 'Tu cuenta está vinculada');
  await inSpanish(page, 'success');
}));

test('the language that the page around it asks for comes first', withPage({ locale: 'en-US' }, async (page) => {
  const { url } = await begin();
  for (const [locale, title] of [['es', 'Comparte tus datos bancarios'], ['fr', 'Share your bank data'], ['es_ES', 'Comparte tus datos bancarios'], ['xx-!', 'Share your bank data']]) {
    await page.goto('about:blank');
    await page.goto(`${url}&locale=${locale}`);
    await at(page, title);
  }
}));

test('enlarged to 200 % and on a small telephone on its side, all can be reached', withPage({ reducedMotion: true, width: 640, height: 360 }, async (page) => {
  await open(page, { permissions: ['balances'], manual_entry: { mode: 'automatic' } });
  for (const [width, height] of [[640, 400], [568, 320], [320, 256]]) {
    await page.setViewportSize({ width, height });
    await page.reload();
    await at(page, 'Share your bank data');
    await picture(page, `modal enlarged ${width}x${height}`);
    await button(page, 'Agree and continue').click({ trial: true });
    await button(page, 'What exactly is shared?').click();
    await button(page, 'Done').click();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), 'nothing is cut off sideways');
  }
  await page.reload();
  await toAccounts(page);
  await page.locator('.account input').last().check();
  await picture(page, 'modal enlarged accounts');
  await button(page, 'Link 1 account').click();
  await at(page, 'Your account is linked');
}));

test('the modal waits for a bank that takes its time without moving', withPage({ reducedMotion: true }, async (page) => {
  await page.route('**/auth_sessions/accounts', async (route) => {
    await new Promise((later) => { setTimeout(later, 600); });
    await route.continue();
  });
  await open(page, { permissions: ['balances'] });
  await agree(page);
  await chooseBank(page, 'Test (Non-OAuth)');
  await signIn(page);
  await at(page, 'Reading your accounts at Test (Non-OAuth)');
  await picture(page, 'modal accounts loading 1280 light');
  const before = await page.locator('.card').boundingBox();
  await page.locator('.account').first().waitFor();
  assert.deepEqual(await page.locator('.card').boundingBox(), before);
}));

test('all that the modal loads is small', async (t) => {
  let total = 0;
  for (const path of ['/link/flow', '/link/static/modal.css', '/link/static/modal.js']) {
    const answer = await new Promise((resolve) => { get(server + path, { headers: { 'Accept-Encoding': 'gzip' } }, resolve); });
    assert.equal(answer.statusCode, 200, path);
    assert.equal(answer.headers['content-encoding'], 'gzip');
    for await (const chunk of answer) total += chunk.length;
  }
  t.diagnostic(`${total} bytes, compressed`);
  assert.ok(total > 10_000 && total < 60_000, `${total} bytes`);
});

// From the start of the navigation to the first pane that can be used, with nothing cached; the page marks that moment. The best
// of some tries counts, for it is the modal that is measured and not what else the machine does.
test('the first pane can be used soon', async (t) => {
  const times = [];
  while (times.length < 15 && !(Math.min(...times) < 300)) {
    await withPage({}, async (page) => {
      await open(page);
      await at(page, 'Share your bank data');
      times.push(await page.evaluate(() => performance.getEntriesByName('modal-interactive')[0].startTime));
    })(t);
  }
  t.diagnostic(`${times.map(Math.round)} ms`);
  assert.ok(Math.min(...times) < 300, `${times} ms`);
});
