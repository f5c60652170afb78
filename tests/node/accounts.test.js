// The backend's story with the official JavaScript SDK: accounts, owners, transactions, events and webhooks. The Go test
// next to this folder starts the server and its control listener, and runs this file.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import Stripe from 'stripe';

function environment(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run this with \`go test ./tests -run TestStripeNode\``);
  return value;
}

const { hostname: host, port } = new URL(environment('FINCON_URL'));
const control = environment('FINCON_CONTROL_URL');
const key = 'sk_test_node_accounts';
const stripe = new Stripe(key, { protocol: 'http', host, port, telemetry: false, maxNetworkRetries: 0 });
const { accounts, sessions, transactions } = stripe.financialConnections;

/** Does what the control listener has an operation for. */
async function controlled(path, body) {
  const answer = await fetch(control + path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text);
}

const settle = () => controlled('/settle');
const advance = (seconds) => controlled('/clock/advance', { seconds });
const hours = 3600;

/** The receiver of webhooks: it keeps what it gets, and answers what it is told to. */
const received = [];
let status = 200;
const receiver = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    received.push({ body: Buffer.concat(chunks), signature: request.headers['stripe-signature'] });
    response.writeHead(status).end();
  });
});

let endpoint;
let session;
let account;

before(async () => {
  await new Promise((listening) => receiver.listen(0, '127.0.0.1', listening));
  endpoint = await stripe.webhookEndpoints.create({
    url: `http://127.0.0.1:${receiver.address().port}/webhooks`, enabled_events: ['*'], api_version: Stripe.API_VERSION,
  });
});
after(() => receiver.close());

/** Reads what was received as the SDK does, which verifies it, and forgets it. */
function events() {
  return received.splice(0).map(({ body, signature }) => stripe.webhooks.constructEvent(body, signature, endpoint.secret));
}

const types = (list) => list.map(({ type }) => type.replace('financial_connections.account.', '')).sort();

test('links accounts and lists them by session and by customer', async () => {
  session = await sessions.create({
    account_holder: { type: 'customer', customer: 'cus_1' },
    permissions: ['balances', 'ownership', 'payment_method', 'transactions'],
  });
  await controlled(`/sessions/${session.id}/link`, { institution: 'Test (Non-OAuth)', accounts: ['Success', 'Credit Card'] });
  await settle();

  const linked = (await sessions.retrieve(session.id)).accounts.data;
  const bySession = (await accounts.list({ session: session.id })).data;
  const byCustomer = (await accounts.list({ account_holder: { customer: 'cus_1' } })).data;
  assert.equal(linked.length, 2);
  assert.deepEqual(bySession.map(({ id }) => id), linked.map(({ id }) => id));
  assert.deepEqual(byCustomer.map(({ id }) => id), linked.map(({ id }) => id));
  assert.deepEqual((await accounts.list({ account_holder: { customer: 'cus_2' } })).data, []);
  account = linked.find(({ display_name }) => display_name === 'Success').id;

  const told = events();
  assert.deepEqual(types(told), ['created', 'created']);
  for (const event of told) {
    assert.equal(event.api_version, Stripe.API_VERSION);
    assert.match(event.request.id, /^req_/, 'the request that ended the flow');
    const { object } = event.data;
    assert.deepEqual([object.balance, object.ownership, object.transaction_refresh], [null, null, null]);
  }
});

test('refreshes each feature and hears of it', async () => {
  for (const [feature, refresh] of [['balance', 'balance_refresh'], ['ownership', 'ownership_refresh'],
    ['transactions', 'transaction_refresh']]) {
    const pending = await accounts.refresh(account, { features: [feature] });
    assert.equal(pending[refresh].status, 'pending');
    assert.equal(pending[refresh].next_refresh_available_at, null);
    await settle();
    const [event, ...more] = events();
    assert.deepEqual(more, []);
    assert.equal(event.type, `financial_connections.account.refreshed_${feature}`);
    assert.equal(event.request.id, pending.lastResponse.requestId);
    assert.equal(event.data.object[refresh].status, 'succeeded');
    const refreshed = await accounts.retrieve(account);
    assert.deepEqual(refreshed[refresh], event.data.object[refresh]);
    assert.equal(refreshed[refresh].next_refresh_available_at, refreshed[refresh].last_attempted_at + 1);
  }
  const refreshed = await accounts.retrieve(account);
  assert.equal(refreshed.balance.type, 'cash');
  assert.equal(typeof refreshed.balance.current.usd, 'number');
  assert.match(refreshed.ownership, /^fcaowns_/);
});

/** All transactions by the SDK's own paging. */
const all = (params) => transactions.list({ account, limit: 100, ...params }).autoPagingToArray({ limit: 10000 });

test('pages through all transactions, forward and backward', async () => {
  const whole = await all();
  assert.ok(whole.length > 200);
  for (let i = 1; i < whole.length; i++) assert.ok(whole[i - 1].transacted_at >= whole[i].transacted_at);
  assert.equal(new Set(whole.map(({ id }) => id)).size, whole.length);
  assert.deepEqual(await all({ limit: 7 }), whole);
  assert.deepEqual(await all({ starting_after: whole[9].id, limit: 13 }), whole.slice(10));
  const backward = await all({ ending_before: whole.at(-1).id, limit: 7 }); // the SDK goes from the cursor up
  assert.deepEqual(backward.reverse(), whole.slice(0, -1));
  assert.deepEqual({ ...await transactions.retrieve(whole[3].id) }, { ...whole[3] });
  const since = whole[20].transacted_at;
  assert.deepEqual(await all({ transacted_at: { gte: since } }), whole.filter(({ transacted_at }) => transacted_at >= since));
});

test('picks up exactly what changed', async () => {
  const earlier = new Map((await all()).map((one) => [one.id, JSON.stringify(one)]));
  const { transaction_refresh: { id: first } } = await accounts.retrieve(account);
  await advance(25 * hours);
  await accounts.refresh(account, { features: ['transactions'] });
  await settle();
  const changed = (await all()).filter((one) => earlier.get(one.id) !== JSON.stringify(one));
  assert.ok(changed.some(({ id }) => earlier.has(id)), 'some have settled');
  assert.ok(changed.some(({ id }) => !earlier.has(id)), 'some are new');
  assert.deepEqual(await all({ transaction_refresh: { after: first }, limit: 2 }), changed);
  const { transaction_refresh: { id: second } } = await accounts.retrieve(account);
  assert.deepEqual(await all({ transaction_refresh: { after: second } }), []);
});

test('expands the owners everywhere, and lists them', async () => {
  const { ownership } = await accounts.retrieve(account);
  const { data: owners } = await accounts.listOwners(account, { ownership });
  assert.equal(owners.length, 1);
  assert.equal(owners[0].ownership, ownership);
  await settle();
  await advance(1);
  const find = (list) => list.data.find(({ id }) => id === account);
  const expanded = [
    await accounts.retrieve(account, { expand: ['ownership'] }),
    find(await accounts.list({ session: session.id, expand: ['data.ownership'] })),
    find((await sessions.retrieve(session.id, { expand: ['accounts.data.ownership'] })).accounts),
    await accounts.refresh(account, { features: ['balance'], expand: ['ownership'] }),
  ];
  for (const one of expanded) {
    assert.equal(one.ownership.id, ownership);
    assert.deepEqual(one.ownership.owners.data, owners);
  }
  await settle();
});

test('subscribes and hears of the next day', async () => {
  events();
  const subscribed = await accounts.subscribe(account, { features: ['transactions'] });
  assert.deepEqual(subscribed.subscriptions, ['transactions']);
  await advance(25 * hours);
  const told = events();
  assert.deepEqual(types(told), ['refreshed_transactions', 'refreshed_transactions']);
  assert.deepEqual(told.map(({ request }) => request.id), [subscribed.lastResponse.requestId, null]);
  const ended = await accounts.unsubscribe(account, { features: ['transactions'] });
  assert.deepEqual(ended.subscriptions, []);
  await advance(50 * hours);
  assert.deepEqual(events(), []);
});

test('is sent what it did not receive again', async () => {
  await advance(1);
  status = 500;
  await accounts.refresh(account, { features: ['balance'] });
  await settle();
  const [failed] = events();
  assert.equal((await stripe.events.retrieve(failed.id)).pending_webhooks, 1);
  status = 200;
  await advance(hours);
  const [again, ...more] = events();
  assert.deepEqual(more, []);
  assert.equal(again.id, failed.id);
  assert.equal((await stripe.events.retrieve(failed.id)).pending_webhooks, 0);
  await advance(100 * hours);
  assert.deepEqual(events(), []);
});

test('refuses what was tampered with', async () => {
  await accounts.refresh(account, { features: ['balance'] });
  await settle();
  const [{ body, signature }] = received;
  const { constructEvent } = stripe.webhooks;
  const verify = (...args) => constructEvent.apply(stripe.webhooks, args);
  const tampered = Buffer.from(body.toString().replace('"livemode": false', '"livemode": true'));
  assert.notDeepEqual(tampered, body);
  for (const args of [[tampered, signature, endpoint.secret], [body, signature, `${endpoint.secret}x`], [body, '', endpoint.secret],
    [body, signature.replace(/v1=./, 'v1=x'), endpoint.secret]]) {
    assert.throws(() => verify(...args), Stripe.errors.StripeSignatureVerificationError);
  }
  assert.equal(verify(body, signature, endpoint.secret).type, 'financial_connections.account.refreshed_balance');
  await stripe.webhooks.constructEventAsync(body, signature, endpoint.secret);
  events();
});

test('disconnects once', async () => {
  const { ownership } = await accounts.retrieve(account);
  for (let i = 0; i < 2; i++) {
    const gone = await accounts.disconnect(account);
    assert.equal(gone.status, 'disconnected');
    assert.equal(gone.balance, null);
    await settle();
  }
  assert.deepEqual(types(events()), ['disconnected']);
  const want = { statusCode: 400, rawType: 'invalid_request_error' };
  await refused(all(), want);
  await refused(accounts.listOwners(account, { ownership }), want);
  await refused(accounts.refresh(account, { features: ['balance'] }), want);
});

test('gets the errors that programs decide by', async () => {
  await refused(accounts.retrieve('fca_x'), { statusCode: 404, code: 'resource_missing', param: 'account' });
  await refused(transactions.list({ account: 'fca_x' }), { statusCode: 400, code: 'resource_missing', param: 'account' });
  await refused(accounts.list({ starting_after: 'fca_x' }), { statusCode: 404, code: 'resource_missing', param: 'starting_after' });
  await refused(accounts.list({ limit: 101 }), { statusCode: 400, code: 'parameter_invalid_integer', param: 'limit' });
  await refused(accounts.list({ expand: ['ownership'] }), {
    statusCode: 400,
    message: "This property cannot be expanded (ownership). You may want to try expanding 'data.ownership' instead.",
  });
  const other = (await accounts.list({ session: session.id })).data.find(({ id }) => id !== account).id;
  await refused(transactions.list({ account: other }),
    { statusCode: 400, code: 'financial_connections_no_successful_transaction_refresh' });
});

test('manages webhook endpoints', async () => {
  const changed = await stripe.webhookEndpoints.update(endpoint.id, { disabled: true, metadata: { a: 'b' }, description: 'Ledger' });
  assert.equal(changed.status, 'disabled');
  assert.equal(changed.secret, undefined);
  assert.deepEqual({ ...changed.metadata }, { a: 'b' });
  assert.equal((await stripe.webhookEndpoints.retrieve(endpoint.id)).description, 'Ledger');
  assert.deepEqual((await stripe.webhookEndpoints.list()).data.map(({ id }) => id), [endpoint.id]);
  const deleted = await stripe.webhookEndpoints.del(endpoint.id);
  assert.equal(deleted.deleted, true);
  await refused(stripe.webhookEndpoints.retrieve(endpoint.id), { statusCode: 404, param: 'webhook_endpoint' });
});

/** Waits for the error of a call and compares its fields. */
async function refused(call, want) {
  const error = await call.then(() => assert.fail('it was not refused'), (error) => error);
  assert.ok(error instanceof Stripe.errors.StripeInvalidRequestError, String(error));
  for (const [name, value] of Object.entries(want)) assert.equal(error[name], value, name);
}
