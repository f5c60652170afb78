// The modal as a page of its own: the way to linked accounts at each kind of bank, and what the backend sees of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlled, server, withPage } from './browser.js';
import {
  agree, allow, assertSeen, at, button, choose, chooseBank, continueAtBank, finish, open, picker, seen, signIn, toAccounts,
} from './modal.js';

const refused = { expected: [/status of 400/] }; // what the server refuses, browsers write into the console

/** The events that the backend is sent, in their order. */
async function events({ key, stripe }) {
  await controlled(key, '/settle');
  const { data } = await stripe.events.list({ limit: 100 });
  return data.map(({ type }) => type.replace('financial_connections.account.', '')).reverse();
}

test('accounts at a bank with a form are linked', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['balances', 'transactions'] });
  await toAccounts(page);
  assert.match(await page.locator('.account').first().innerText(), /^Success\nChecking ••••\s+ending in\s+6789\n\$[\d,]+\.\d\d$/);
  await choose(page, 'Success', 'Savings');
  await at(page, 'Your accounts are linked');
  assert.deepEqual(await events(begun), [], 'until the flow ends');
  await finish(page);
  await assertSeen(begun, ['Success', 'Savings']);
  assert.deepEqual((await events(begun)).filter((type) => type === 'created'), ['created', 'created']);
}));

test('accounts of every other bank with a form are linked, one bank after the other', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['balances'] });
  await agree(page);
  const linked = [];
  for (const bank of ['Ownership Accounts', 'Invalid Payment Accounts', 'Tokenized Account Number', 'Inactive Accounts',
    'Immediately Requires Reauthentication', 'Eventually Requires Reauthentication', 'Data cannot be shared through Link']) {
    await picker(page);
    await chooseBank(page, bank);
    await signIn(page);
    await at(page, 'Choose accounts');
    await button(page, 'Select all').click();
    linked.push(...await page.locator('.account-name').allInnerTexts());
    await button(page, /^Link \d accounts$/).click();
    await at(page, 'Your accounts are linked');
    assert.equal(await page.locator('.linked li').count(), linked.length);
    await button(page, 'Link another account').click();
  }
  await button(page, 'Close').click();
  await page.waitForURL('**/link/success');
  assert.equal(linked.length, 19);
  await assertSeen(begun, linked);
}));

test('accounts at a bank with a page of its own are linked', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['balances'] });
  await agree(page);
  await chooseBank(page, 'Test (OAuth)');
  const bank = await continueAtBank(page, 'Test (OAuth)');
  assert.equal(await bank.evaluate(() => window.opener), null, 'the bank cannot send this page elsewhere');
  await allow(bank);
  await at(page, 'Choose accounts');
  await choose(page, 'Savings');
  await at(page, 'Your account is linked');
  await finish(page);
  await assertSeen(begun, ['Savings']);
}));

test('accounts that were chosen at the bank are linked', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['balances'] });
  await agree(page);
  await chooseBank(page, 'Bank (OAuth)');
  const bank = await continueAtBank(page, 'Bank (OAuth)');
  for (const box of await bank.getByRole('checkbox').all()) await box.uncheck();
  await bank.getByLabel(/Rainy Day Savings/).check();
  await bank.getByLabel(/Home Loan/).check();
  await allow(bank);
  await at(page, 'Your accounts are linked');
  await finish(page);
  await assertSeen(begun, ['Rainy Day Savings', 'Home Loan']);
}));

test('a return_url is where the flow ends, and not where the window at the bank does', withPage({}, async (page) => {
  const home = `${server}/link/success?from=shop`;
  const begun = await open(page, { permissions: ['balances'], return_url: home });
  await agree(page);
  await chooseBank(page, 'Test (OAuth)');
  const bank = await continueAtBank(page, 'Test (OAuth)');
  const asked = [];
  page.context().on('request', (request) => asked.push(request.url()));
  await allow(bank);
  await at(page, 'Choose accounts');
  assert.ok(asked.length > 0 && !asked.some((url) => url.startsWith(home)), asked.join());
  await choose(page, 'Savings');
  await button(page, 'Go back').click();
  await page.waitForURL(home);
  await assertSeen(begun, ['Savings']);
}));

test('the person refuses at the bank, and then does not', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['balances'] });
  await agree(page);
  await chooseBank(page, 'Test (OAuth)');
  const refusing = await continueAtBank(page, 'Test (OAuth)');
  await refusing.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('You did not sign in, and nothing was shared.').waitFor();
  await allow(await continueAtBank(page, 'Test (OAuth)'));
  await at(page, 'Choose accounts');
  await choose(page, 'Success');
  await at(page, 'Your account is linked');
  await finish(page);
  await assertSeen(begun, ['Success']);
}));

test('a window that was closed or held back is a state with a way on', withPage({}, async (page) => {
  await page.addInitScript(() => {
    const real = window.open;
    window.open = () => { window.open = real; return null; };
  });
  await open(page);
  await agree(page);
  await chooseBank(page, 'Test (OAuth)');
  await button(page, 'Continue to Test (OAuth)').click();
  await at(page, 'Your browser held back the window');
  const [linked] = await Promise.all([page.waitForEvent('popup'), page.getByRole('link', { name: 'Open the window' }).click()]);
  await at(page, 'Waiting for Test (OAuth)');
  await linked.close();
  const [again] = await Promise.all([page.waitForEvent('popup'), button(page, 'Open the window again').click()]);
  await again.close();
  await at(page, 'The window was closed');
  await button(page, 'Cancel').click();
  await picker(page);
  await chooseBank(page, 'Test (OAuth)');
  await allow(await continueAtBank(page, 'Test (OAuth)'));
  await at(page, 'Choose accounts');
}));

test('every further question of the form leads on', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['balances'] });
  await agree(page);
  await chooseBank(page, 'Bank (Non-OAuth)');
  await button(page, 'Continue').click();
  assert.equal(await page.getByText('This is needed to sign in.').count(), 2);
  await signIn(page, 'incorrect');
  await page.getByText('This is not right. Try again.').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-invalid')), 'true');
  await signIn(page, 'mfa');
  const code = page.getByLabel('Enter the six digits that your bank has sent to your phone');
  assert.equal(await code.getAttribute('autocomplete'), 'one-time-code');
  assert.equal(await code.inputValue(), '');
  await code.fill('12');
  await button(page, 'Continue').click();
  await page.getByText('This is not right. Try again.').waitFor();
  await code.fill('security_question');
  await button(page, 'Continue').click();
  await page.getByLabel('What was the name of your first pet?').fill('confirm_mfa');
  await button(page, 'Continue').click();
  await button(page, 'I have confirmed it').click();
  await at(page, 'Choose accounts');
  await choose(page, 'Everyday Checking', 'Home Loan');
  await at(page, 'Your accounts are linked');
  await finish(page);
  await assertSeen(begun, ['Everyday Checking', 'Home Loan']);
}));

test('the password can be seen when the person wants', withPage({}, async (page) => {
  await open(page);
  await agree(page);
  await chooseBank(page, 'Bank (Non-OAuth)');
  const password = page.getByLabel('Password', { exact: true });
  assert.equal(await password.getAttribute('type'), 'password');
  await button(page, 'Show Password').click();
  assert.equal(await password.getAttribute('type'), 'text');
}));

test('limits and filters', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['balances'], limits: { accounts: 3 }, filters: { account_subcategories: ['checking', 'savings'] } });
  await toAccounts(page);
  await page.getByText('You can link up to 3 accounts.').waitFor();
  assert.equal(await button(page, 'Select all').count(), 0);
  const card = page.locator('.account', { hasText: 'Credit Card' });
  await card.getByText('This kind of account is not accepted here').waitFor();
  assert.ok(await card.locator('input').isDisabled());
  for (const name of ['Success', 'Savings', 'Account Closed']) await page.getByLabel(name).check();
  await page.getByText('These are 3 accounts, as many as can be linked.').first().waitFor();
  assert.ok(await page.getByLabel('Insufficient Funds').isDisabled());
  await page.getByLabel('Account Closed').uncheck();
  assert.ok(await page.getByLabel('Insufficient Funds').isEnabled());
  await button(page, 'Link 2 accounts').click();
  await at(page, 'Your accounts are linked');
  await button(page, 'Link another account').click();
  await picker(page);
  await chooseBank(page, 'Ownership Accounts');
  await signIn(page);
  await at(page, 'Choose an account');
  await page.getByText('You can link 1 account.').waitFor();
  await choose(page, 'Joint Owners');
  await at(page, 'Your accounts are linked');
  await page.getByText('Joint Owners').waitFor();
  assert.equal(await button(page, 'Link another account').count(), 0, 'there is room for no more');
  await finish(page);
  await assertSeen(begun, ['Success', 'Savings', 'Joint Owners']);
}));

test('at least one account must be one that can be used for payments', withPage(refused, async (page) => {
  const begun = await open(page, { permissions: ['balances'], filters: { require_payment_method_support: 'at_least_one' } });
  await toAccounts(page);
  await choose(page, 'Credit Card');
  await page.getByText('Choose at least one account that can be used for payments.').waitFor();
  assert.equal(await button(page, 'Try again').count(), 0);
  await choose(page, 'Savings');
  await at(page, 'Your accounts are linked');
  await finish(page);
  await assertSeen(begun, ['Credit Card', 'Savings']);
}));

test('a payout asks for one account and its number', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['balances'], account_holder: { type: 'account', account: 'acct_1234' } });
  await page.getByText('Account numbers').waitFor();
  await toAccounts(page);
  await page.locator('.account', { hasText: 'Credit Card' }).getByText('Cannot be used for payments').waitFor();
  await choose(page, 'Success');
  await at(page, 'Your account is linked');
  await finish(page);
  const session = await begun.stripe.financialConnections.sessions.retrieve(begun.session.id);
  assert.equal(session.bank_account_token.bank_account.last4, '6789');
}));

test('account numbers are typed', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['payment_method'], manual_entry: { mode: 'automatic' } });
  await button(page, 'Enter account numbers instead').click();
  await at(page, 'Enter account numbers');
  const routing = page.getByRole('textbox', { name: 'Routing number' });
  await routing.fill('11000000');
  await routing.blur();
  await page.getByText('A routing number has nine digits.').waitFor();
  await routing.fill('110-000-001');
  assert.equal(await routing.inputValue(), '110000001');
  await page.getByText('These digits do not add up').waitFor();
  await button(page, 'Back').click();
  await at(page, 'Share your bank data');
  await button(page, 'Enter account numbers instead').click();
  await button(page, 'Fill in test numbers').click();
  await button(page, 'Continue').click();
  await at(page, 'Your account was added');
  await page.getByText('ending in 6789').waitFor();
  await finish(page);
  const receipt = await fetch(`${server}/v1/link_account_sessions/session_receipt?client_secret=${begun.session.client_secret}`,
    { headers: { Authorization: `Bearer ${begun.key.replace('sk_', 'pk_')}` } });
  assert.equal((await receipt.json()).payment_account.last4, '6789');
}));

test('nothing found leads to account numbers', withPage({}, async (page) => {
  await open(page, { manual_entry: { mode: 'automatic' } });
  await agree(page);
  await page.getByRole('combobox').fill('no such bank');
  await button(page, 'Enter account numbers').click();
  await at(page, 'Enter account numbers');
  await button(page, 'Back').click();
  await picker(page);
}));

test('no account is suitable: another bank is chosen', withPage(refused, async (page) => {
  const begun = await open(page, { permissions: ['balances'], filters: { account_subcategories: ['mortgage'] } });
  await agree(page);
  await chooseBank(page, 'Ownership Accounts');
  await signIn(page);
  await at(page, 'No account can be used here');
  await button(page, 'Choose another bank').click();
  await picker(page);
  await chooseBank(page, 'Test (Non-OAuth)');
  await signIn(page);
  await at(page, 'Choose accounts');
  assert.ok(await page.locator('.account', { hasText: 'Mortgage' }).locator('input').isChecked(), 'the only one that can be');
  await button(page, 'Link 1 account').click();
  await at(page, 'Your account is linked');
  await finish(page);
  await assertSeen(begun, ['Mortgage']);
}));

test('a number that cannot be had does not lose the account', withPage(refused, async (page) => {
  const begun = await open(page, { permissions: ['payment_method'] });
  await toAccounts(page);
  await controlled(begun.key, '/clock/advance', { seconds: 60 }); // the account is closed by now
  await choose(page, 'Account Closed');
  await at(page, 'The account number could not be fetched');
  await button(page, 'Finish without it').click();
  await page.waitForURL('**/link/success');
  await assertSeen(begun, ['Account Closed']);
}));

test('leaving: asked when something would be lost, and only then', withPage(refused, async (page) => {
  const begun = await open(page);
  await at(page, 'Share your bank data');
  await page.keyboard.press('Escape');
  await page.waitForURL('**/link/cancel');
  assert.deepEqual(await seen(begun), []);

  const other = await open(page);
  await toAccounts(page);
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Leave without linking?' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Leave without linking?' }).waitFor({ state: 'detached' });
  await button(page, 'Close').click();
  await button(page, 'Leave').click();
  await page.waitForURL('**/link/cancel');
  assert.deepEqual(await seen(other), []);
  await page.goto(other.url);
  await page.reload(); // the fragment alone loads nothing anew
  await at(page, 'This was finished already');
}));

test('leaving after accounts were linked keeps them', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['balances'] });
  await toAccounts(page);
  await choose(page, 'Savings');
  await at(page, 'Your account is linked');
  await button(page, 'Link another account').click();
  await picker(page);
  await button(page, 'Close').click();
  await page.waitForURL('**/link/success');
  await assertSeen(begun, ['Savings']);
}));
