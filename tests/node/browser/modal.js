// The modal in tests: opening it as a hosted page, and going through it as a person does.

import assert from 'node:assert/strict';
import Stripe from 'stripe';
import { createSession, server } from './browser.js';

let tenants = 0;

/** A key of a tenant of its own, a session in it, and the official SDK for it. `holder` is the account holder. */
export async function begin(params = {}) {
  const tenant = `modal_${process.pid}_${++tenants}`;
  const key = `sk_test_${tenant}`;
  const session = await createSession(key, params);
  const { hostname: host, port } = new URL(server);
  const stripe = new Stripe(key, { protocol: 'http', host, port, telemetry: false, maxNetworkRetries: 0 });
  const hash = new URLSearchParams({ client_secret: session.client_secret, key: `pk_test_${tenant}` });
  return { key, session, stripe, url: `${server}/link/flow#${hash}` };
}

/** Opens the modal as a page of its own. */
export async function open(page, params) {
  const begun = await begin(params);
  await page.goto(begun.url);
  return begun;
}

export const button = (page, name) => page.getByRole('button', { name, exact: typeof name === 'string' });

/** Waits for the pane with the title, which has the focus unless the pane gives it to something else. */
export async function at(page, title, { focused = true } = {}) {
  await page.getByRole('heading', { level: 1, name: title, exact: typeof title === 'string' }).waitFor();
  if (focused) await until(page, () => document.activeElement?.id === 'title');
}

/** Asks a page or frame until something is so. It is asked from here, for a test may have stopped the page's clock. */
async function until(page, isSo) {
  for (const deadline = Date.now() + 10_000; !await page.evaluate(isSo);) {
    assert.ok(Date.now() < deadline, `${isSo} does not come true; the focus is on ${await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200))}`);
    await new Promise((later) => { setTimeout(later, 25); });
  }
}

export const picker = (page) => at(page, 'Choose your bank', { focused: false });

export async function agree(page) {
  await at(page, 'Share your bank data');
  await button(page, 'Agree and continue').click();
  await picker(page);
}

/** Chooses a bank: from the tiles if it is featured, else by searching for it. */
export async function chooseBank(page, name) {
  const tile = button(page, name);
  await page.locator('.tile').first().waitFor();
  if (await tile.count()) return tile.click();
  await page.getByRole('combobox').fill(name);
  await page.getByRole('option', { name, exact: true }).click();
}

export async function signIn(page, password = 'secret') {
  await page.getByLabel('User name').fill('someone');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await button(page, 'Continue').click();
}

/** From the beginning to the choice of the accounts at a bank with a form. */
export async function toAccounts(page, bank = 'Test (Non-OAuth)') {
  await agree(page);
  await chooseBank(page, bank);
  await at(page, `Sign in at ${bank}`);
  await signIn(page);
  await at(page, /^Choose (an account|accounts)$/);
  await page.locator('.account').first().waitFor();
}

export async function choose(page, ...names) {
  for (const name of names) await page.locator('.account').filter({ has: page.getByText(name, { exact: true }) }).locator('input').check();
  await button(page, /^Link \d+ accounts?$/).click();
}

/** Ends the flow at its last pane, and waits for where it leads. */
export async function finish(page, where = '/link/success') {
  await button(page, 'Go back').click();
  await page.waitForURL((url) => url.pathname === where);
}

/** What the backend sees of the session, by the official SDK: the names of the accounts, in alphabetical order. */
export async function seen({ stripe, session }) {
  const { accounts } = await stripe.financialConnections.sessions.retrieve(session.id);
  return accounts.data.map(({ display_name }) => display_name).sort();
}

export async function assertSeen(begun, names) {
  assert.deepEqual(await seen(begun), [...names].sort());
}

/** Goes on to the bank's own page, and gives back the window with it. */
export async function continueAtBank(page, bank) {
  const [opened] = await Promise.all([page.waitForEvent('popup'), button(page, `Continue to ${bank}`).click()]);
  await opened.getByRole('button', { name: 'Allow' }).waitFor();
  await at(page, `Waiting for ${bank}`);
  return opened;
}

/** Allows what the bank's page asks for. The window closes by itself. */
export async function allow(bank) {
  await Promise.all([bank.waitForEvent('close'), bank.getByRole('button', { name: 'Allow' }).click()]);
}
