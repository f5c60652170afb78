// The modal, as a page of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe, picture, withPage } from './browser.js';
import { agree, assertSeen, at, button, choose, chooseBank, finish, open, signIn, toAccounts } from './modal.js';

test('accounts are linked', withPage({}, async (page) => {
  const begun = await open(page, { permissions: ['balances'] });
  await toAccounts(page);
  await choose(page, 'Success', 'Savings');
  await at(page, 'Your accounts are linked');
  await finish(page);
  await assertSeen(begun, ['Success', 'Savings']);
}));
