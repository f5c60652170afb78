// Every pane of the modal, pictured on a telephone and on a desk, light and dark, and looked at by axe-core.

import { test } from 'node:test';
import { axe, controlled, picture, server, withPage } from './browser.js';
import { agree, at, button, choose, chooseBank, open, picker, signIn, toAccounts } from './modal.js';

const sizes = [{ width: 1280, height: 800 }, { width: 320, height: 640 }];

async function show(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const size of sizes) {
      await page.setViewportSize(size);
      await picture(page, `modal ${name} ${size.width} ${colorScheme}`);
    }
    await axe(page);
  }
  await page.setViewportSize(sizes[0]);
}

const still = { reducedMotion: true };
const manual = { manual_entry: { mode: 'automatic' } };

test('consent, its details, and leaving', withPage(still, async (page) => {
  await open(page, manual);
  await at(page, 'Share your bank data');
  await show(page, 'consent');
  await button(page, 'What exactly is shared?').click();
  await page.getByRole('heading', { name: 'What is shared' }).waitFor();
  await show(page, 'consent details');
}));

test('the choice of the bank', withPage(still, async (page) => {
  await open(page, manual);
  await agree(page);
  await page.locator('.tile').first().waitFor();
  await show(page, 'banks');
  await page.getByRole('combobox').fill('ac');
  await page.getByRole('option').first().waitFor();
  await page.keyboard.press('ArrowDown');
  await show(page, 'banks found');
  await page.getByRole('combobox').fill('zzz');
  await page.getByText('No bank is called “zzz”', { exact: true }).first().waitFor();
  await show(page, 'banks none');
}));

test('the hosted form', withPage(still, async (page) => {
  await open(page);
  await agree(page);
  await chooseBank(page, 'Bank (Non-OAuth)');
  await at(page, 'Sign in at Bank (Non-OAuth)');
  await show(page, 'form');
  await signIn(page, 'incorrect');
  await page.getByText('This is not right. Try again.').waitFor();
  await show(page, 'form wrong');
  await button(page, 'Close').click();
  await page.getByRole('heading', { name: 'Leave without linking?' }).waitFor();
  await show(page, 'leave');
  await button(page, 'Stay here').click();
  await signIn(page, 'options');
  await page.getByRole('radio').first().waitFor();
  await show(page, 'form options');
  await page.getByLabel('Business').check();
  await button(page, 'Continue').click();
  await at(page, 'Choose accounts');
}));

for (const [word, text] of [['mfa', 'Enter the six digits'], ['confirm_mfa', 'Confirm the sign-in'], ['security_question', 'What was the name']]) {
  test(`the hosted form asks: ${word}`, withPage(still, async (page) => {
    await open(page);
    await agree(page);
    await chooseBank(page, 'Bank (Non-OAuth)');
    await signIn(page, word);
    await page.getByText(text).waitFor();
    await show(page, `form ${word}`);
  }));
}

test('the page of the bank', withPage(still, async (page) => {
  await page.addInitScript(() => { // the first window is held back
    const real = window.open;
    window.open = () => { window.open = real; return null; };
  });
  await open(page);
  await agree(page);
  await chooseBank(page, 'Test (OAuth)');
  await at(page, 'Continue to Test (OAuth)');
  await show(page, 'bank page');
  await button(page, 'Continue to Test (OAuth)').click();
  await at(page, 'Your browser held back the window');
  await show(page, 'bank page held back');
  const [first] = await Promise.all([page.waitForEvent('popup'), page.getByRole('link', { name: 'Open the window' }).click()]);
  await at(page, 'Waiting for Test (OAuth)');
  await show(page, 'bank page waiting');
  await first.close();
  const [second] = await Promise.all([page.waitForEvent('popup'), button(page, 'Open the window again').click()]);
  await second.getByRole('button', { name: 'Cancel' }).waitFor();
  await second.close();
  await at(page, 'The window was closed');
  await show(page, 'bank page closed');
  const [third] = await Promise.all([page.waitForEvent('popup'), button(page, 'Open the window again').click()]);
  await third.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('You did not sign in').waitFor();
  await show(page, 'bank page denied');
}));

test('the choice of accounts', withPage(still, async (page) => {
  await open(page, { limits: { accounts: 2 }, filters: { account_subcategories: ['checking', 'savings'] } });
  await toAccounts(page);
  await show(page, 'accounts');
  await page.locator('.account input').nth(0).check();
  await page.locator('.account input').nth(1).check();
  await show(page, 'accounts limit');
  await button(page, 'Back').click();
  await page.getByRole('heading', { name: 'Choose another bank?' }).waitFor();
  await show(page, 'accounts turn back');
  await button(page, 'Stay here').click();
  await button(page, 'Link 2 accounts').click();
  await at(page, 'Your accounts are linked');
  await page.locator('.linked').waitFor();
  await show(page, 'success');
}));

test('the choice of one account, whose number cannot be had', withPage({ ...still, expected: [/status of 400/] }, async (page) => {
  const { key } = await open(page, { limits: { accounts: 1 } });
  await toAccounts(page);
  await show(page, 'accounts one');
  await controlled(key, '/clock/advance', { seconds: 60 }); // the account is closed by now
  await choose(page, 'Account Closed');
  await at(page, 'The account number could not be fetched');
  await show(page, 'number not told');
}));

test('all accounts can be chosen', withPage(still, async (page) => {
  await open(page);
  await toAccounts(page, 'Ownership Accounts');
  await button(page, 'Select all').click();
  await show(page, 'accounts all');
}));

test('account numbers', withPage(still, async (page) => {
  await open(page, manual);
  await button(page, 'Enter account numbers instead').click();
  await at(page, 'Enter account numbers');
  await show(page, 'numbers');
  await page.getByRole('textbox', { name: 'Routing number' }).fill('110000001');
  await page.getByLabel('Account number', { exact: true }).fill('000123456789');
  await page.getByLabel('Account number, once more').fill('123');
  await button(page, 'Continue').click();
  await page.getByText('The two account numbers differ.').waitFor();
  await show(page, 'numbers wrong');
  await button(page, 'Fill in test numbers').click();
  await button(page, 'Continue').click();
  await at(page, 'Your account was added');
  await page.getByText('6789').waitFor();
  await show(page, 'numbers taken');
}));

for (const [bank, title] of [['Down (Scheduled)', 'Down (Scheduled) is being maintained'],
  ['Down (Unscheduled)', 'Down (Unscheduled) cannot be reached'], ['Down (Error)', 'Something is wrong at Down (Error)']]) {
  test(`trouble: ${bank}`, withPage({ ...still, expected: [/status of 400/] }, async (page) => {
    await open(page, manual);
    await agree(page);
    await chooseBank(page, bank);
    await at(page, title);
    await show(page, bank);
    await button(page, 'Choose another bank').click();
    await picker(page);
  }));
}

test('trouble: no account can be used', withPage({ ...still, expected: [/status of 400/] }, async (page) => {
  await open(page, { filters: { account_subcategories: ['mortgage'] } });
  await agree(page);
  await chooseBank(page, 'Invalid Payment Accounts');
  await signIn(page);
  await at(page, 'No account can be used here');
  await show(page, 'no account');
}));

test('trouble: the bank does not let the person in', withPage(still, async (page) => {
  await open(page);
  await agree(page);
  await chooseBank(page, 'Bank (Non-OAuth)');
  await signIn(page, 'error');
  await at(page, 'Signing in at Bank (Non-OAuth) did not work');
  await show(page, 'not let in');
  await button(page, 'Try again').click();
  await at(page, 'Sign in at Bank (Non-OAuth)');
}));

test('trouble: accounts cannot be read', withPage({ ...still, expected: [/status of 400/] }, async (page) => {
  // No test institution has this trouble: what a bank that has it makes the server answer.
  const refusal = { error: { extra_fields: { reason: 'account_retrieval_failed' }, message: 'x', type: 'invalid_request_error' } };
  const path = '**/v1/connections/auth_sessions/accounts';
  await page.route(path, (route) => route.fulfill({ status: 400, json: refusal }));
  await open(page);
  await agree(page);
  await chooseBank(page, 'Test (Non-OAuth)');
  await signIn(page);
  await at(page, 'Your accounts could not be read');
  await show(page, 'accounts unreadable');
  await page.unroute(path);
  await button(page, 'Try again').click();
  await at(page, 'Choose accounts');
}));

test('trouble: the session cannot go on', withPage({ ...still, expected: [/status of 400/] }, async (page) => {
  await page.goto(`${server}/link/flow`);
  await at(page, 'Nothing to show here');
  await show(page, 'homeless');
  await page.goto(`${server}/link/flow#client_secret=fcsess_client_secret_x&key=pk_test_x`);
  await at(page, 'This link does not work');
  await show(page, 'unknown');
}));

test('trouble: the connection', withPage({ ...still, expected: [/ERR_INTERNET_DISCONNECTED|ERR_FAILED/, /status of 500/] }, async (page) => {
  await open(page);
  await at(page, 'Share your bank data');
  await page.context().setOffline(true);
  await button(page, 'Agree and continue').click();
  await page.getByText('there is no connection').waitFor();
  await show(page, 'action lost');
  await page.context().setOffline(false);
  await button(page, 'Try again').click();
  await picker(page);
  const broken = { error: { message: 'x', type: 'api_error' } };
  const path = '**/sessions/synchronize';
  await page.route(path, (route) => route.fulfill({ status: 500, json: broken, headers: { 'Request-Id': 'req_1234' } }));
  await page.reload();
  await at(page, 'Something went wrong here');
  await show(page, 'server fault');
  await page.unroute(path);
  await page.route(path, (route) => route.abort());
  await button(page, 'Try again').click();
  await at(page, 'There is no connection');
  await show(page, 'offline');
  await page.unroute(path);
  await button(page, 'Try again').click();
  await picker(page);
}));
