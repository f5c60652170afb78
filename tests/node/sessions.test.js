// The official JavaScript SDK against a server. The Go test next to this folder starts the server and runs this file.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import Stripe from 'stripe';

function environment(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run this with \`go test ./tests -run TestStripeNode\``);
  return value;
}

const direct = environment('FINCON_URL');
const lossy = environment('FINCON_LOSSY_URL'); // loses the first answer under each idempotency key

function client(key, { url = direct, maxNetworkRetries = 0 } = {}) {
  const { hostname, port } = new URL(url);
  return new Stripe(key, { protocol: 'http', host: hostname, port, telemetry: false, maxNetworkRetries });
}

const stripe = client('sk_test_node');

const params = () => ({
  account_holder: { type: 'customer', customer: 'cus_123' },
  permissions: ['payment_method', 'balances'],
  prefetch: ['balances'],
  filters: { account_subcategories: ['savings', 'checking'] },
  return_url: "https://example.com/back?a=b&c=d!*()'",
});

test('creates and retrieves a session', async () => {
  const created = await stripe.financialConnections.sessions.create(params());
  assert.equal(created.object, 'financial_connections.session');
  assert.deepEqual({ ...created.account_holder }, { customer: 'cus_123', type: 'customer' });
  assert.deepEqual(created.permissions, ['balances', 'payment_method']);
  assert.deepEqual(created.prefetch, ['balances']);
  assert.deepEqual(created.filters.account_subcategories, ['checking', 'savings']);
  assert.equal(created.return_url, params().return_url);
  assert.equal(created.livemode, false);
  assert.deepEqual(created.accounts.data, []);
  assert.match(created.client_secret, /^fcsess_client_secret_/);
  assert.match(created.lastResponse.requestId, /^req_[0-9A-Za-z]{14}$/);
  assert.equal(created.lastResponse.apiVersion, Stripe.API_VERSION);

  const retrieved = await stripe.financialConnections.sessions.retrieve(created.id);
  assert.deepEqual(JSON.parse(JSON.stringify(retrieved)), JSON.parse(JSON.stringify(created)));
});

test('takes both spellings of the country', async () => {
  for (const filters of [{ country: 'US' }, { countries: ['US'] }]) {
    const created = await stripe.financialConnections.sessions.create({ ...params(), filters });
    assert.deepEqual({ ...created.filters }, filters);
  }
});

test('expands the customer', async () => {
  const created = await stripe.financialConnections.sessions.create({ ...params(), expand: ['account_holder.customer'] });
  assert.equal(created.account_holder.customer.id, 'cus_123');
  assert.equal(created.account_holder.customer.object, 'customer');
  const retrieved = await stripe.financialConnections.sessions.retrieve(created.id, { expand: ['account_holder.customer'] });
  assert.equal(retrieved.account_holder.customer.object, 'customer');
});

test('keeps the objects of connected accounts apart', async () => {
  const created = await stripe.financialConnections.sessions.create(params(), { stripeAccount: 'acct_1' });
  await stripe.financialConnections.sessions.retrieve(created.id, {}, { stripeAccount: 'acct_1' });
  await refused(stripe.financialConnections.sessions.retrieve(created.id), { statusCode: 404 });
});

const { errors } = Stripe;
const create = (key, change) => client(key).financialConnections.sessions.create({ ...params(), ...change });

const refusals = {
  'a missing parameter': [() => create('sk_test_node', { account_holder: undefined }), errors.StripeInvalidRequestError,
    { statusCode: 400, code: 'parameter_missing', param: 'account_holder', message: 'Missing required param: account_holder.' }],
  'an unknown parameter': [() => create('sk_test_node', { bogus: 1 }), errors.StripeInvalidRequestError,
    { statusCode: 400, code: 'parameter_unknown', param: 'bogus', message: 'Received unknown parameter: bogus' }],
  'a parameter that is null': [() => create('sk_test_node', { return_url: null }), errors.StripeInvalidRequestError,
    { statusCode: 400, code: 'parameter_invalid_empty', param: 'return_url' }],
  'a key that is none': [() => create('not_a_key'), errors.StripeAuthenticationError, { statusCode: 401 }],
  'a publishable key': [() => create('pk_test_node'), errors.StripePermissionError,
    { statusCode: 403, code: 'secret_key_required' }],
  'an id that does not exist': [() => stripe.financialConnections.sessions.retrieve('fcsess_x'),
    errors.StripeInvalidRequestError,
    { statusCode: 404, code: 'resource_missing', param: 'session', message: "No such session: 'fcsess_x'" }],
};

for (const [name, [call, type, want]] of Object.entries(refusals)) {
  test(`refuses ${name}`, async () => {
    const error = await refused(call(), want);
    assert.ok(error instanceof type, error.type);
    assert.equal(error.rawType, 'invalid_request_error');
  });
}

test('refuses an idempotency key that was used for something else', async () => {
  const options = { idempotencyKey: 'node-one' };
  await stripe.financialConnections.sessions.create(params(), options);
  const other = { ...params(), permissions: ['balances'] };
  const error = await refused(stripe.financialConnections.sessions.create(other, options), { statusCode: 400 });
  assert.ok(error instanceof errors.StripeIdempotencyError, error.type);
});

test('gives the same session for the same idempotency key', async () => {
  const options = { idempotencyKey: 'node-two' };
  const first = await stripe.financialConnections.sessions.create(params(), options);
  const second = await stripe.financialConnections.sessions.create(params(), options);
  assert.equal(second.id, first.id);
  assert.equal(second.lastResponse.headers['idempotent-replayed'], 'true');
  assert.equal(second.lastResponse.headers['original-request'], first.lastResponse.requestId);
});

test('tries again when the answer was lost, and gets what the first attempt made', async () => {
  const created = await client('sk_test_node', { url: lossy, maxNetworkRetries: 2 })
    .financialConnections.sessions.create(params());
  assert.equal(created.lastResponse.headers['idempotent-replayed'], 'true');
});

/** Waits for the error of a call and compares its fields. */
async function refused(call, want = {}) {
  const error = await call.then(() => assert.fail('it was not refused'), (error) => error);
  assert.ok(error instanceof errors.StripeError, String(error));
  for (const [name, value] of Object.entries(want)) assert.equal(error[name], value, name);
  if (error.statusCode) assert.match(error.requestId, /^req_[0-9A-Za-z]{14}$/);
  return error;
}
