import type { Account, Api, Delivery, Event, List, Page, Request, SessionSummary } from './api';

export type KindName = 'requests' | 'events' | 'deliveries' | 'accounts' | 'sessions';

/** Parts of a full record. */
export interface Part { title: string; text: () => Promise<string> }

/** How a row looks: a state in a word, what it is, more about it, and when. */
export interface Look { state: string; tone: 'good' | 'bad' | 'quiet'; title: string; detail: string; at: number }

/** A kind of what happens: how its rows are listed, filtered, shown and opened. */
export interface Kind<T extends { id: string }> {
  label: string;
  one: string;
  list: (api: Api, page: Page) => Promise<List<T>>;
  look: (row: T) => Look;
  filters: Record<string, (row: T) => boolean>;
  record: (api: Api, row: T) => Part[];
  empty: preact.ComponentChildren;
}

const now = (row: unknown) => () => Promise.resolve(`${JSON.stringify(row, null, 2)}\n`);

const milliseconds = (microseconds: number) =>
  `${(microseconds / 1000).toLocaleString('en', { maximumSignificantDigits: microseconds < 1_000_000 ? 2 : 4 })} ms`;

const requests: Kind<Request> = {
  label: 'Requests',
  one: 'Request',
  list: (api, page) => api.requests(page),
  look: (row) => ({
    state: String(row.status), tone: row.status < 400 ? 'good' : 'bad', at: row.created,
    title: `${row.method} ${row.path}`,
    detail: [row.operation, milliseconds(row.duration), row.idempotency_key && 'idempotency key', row.error?.message]
      .filter(Boolean).join(' · '),
  }),
  filters: {
    All: () => true,
    Failed: (row) => row.status >= 400,
    Changes: (row) => row.method !== 'GET',
    'From the linking flow': (row) => /^\/v1\/(connections|link_account_sessions)\/|\/synchronize$/.test(row.path),
  },
  record: (_, row) => [{ title: 'Request', text: now(row) }],
  empty: <p>No requests yet. Send one from your backend with the key above, or press “Create a session and link an account”.
    The latest 200 are shown; they are kept in memory.</p>,
};

const events: Kind<Event> = {
  label: 'Events',
  one: 'Event',
  list: (api, page) => api.events(page),
  look: (row) => ({
    state: row.pending_webhooks > 0 ? `${row.pending_webhooks} pending` : 'Told', tone: row.pending_webhooks > 0 ? 'bad' : 'quiet',
    at: row.created, title: row.type, detail: `${row.id} · ${(row.data.object as { id?: string }).id ?? ''}`,
  }),
  filters: {
    All: () => true,
    Accounts: (row) => row.type.startsWith('financial_connections.account.'),
    Authorizations: (row) => row.type.startsWith('financial_connections.authorization.'),
    'Not delivered yet': (row) => row.pending_webhooks > 0,
  },
  record: (api, row) => [{ title: 'Event', text: () => api.lookAtEvent(row.id) }],
  empty: <p>No events yet. They happen when accounts are linked, refreshed or disconnected: link one first.</p>,
};

const deliveries: Kind<Delivery> = {
  label: 'Deliveries',
  one: 'Delivery',
  list: (api, page) => api.deliveries(page),
  look: (row) => ({
    state: { delivered: 'Delivered', failed: 'Failed', pending: 'Pending' }[row.status],
    tone: row.status === 'delivered' ? 'good' : row.status === 'failed' ? 'bad' : 'quiet', at: row.created,
    title: row.event_type,
    detail: [
      `to ${row.webhook_endpoint}`, `${row.attempts} ${row.attempts === 1 ? 'attempt' : 'attempts'}`,
      row.last_attempt && (row.last_attempt.error ?? `last answer ${row.last_attempt.status}`),
      row.next_attempt && `next at ${time(row.next_attempt)}`,
    ].filter(Boolean).join(' · '),
  }),
  filters: {
    All: () => true,
    Pending: (row) => row.status === 'pending',
    Failed: (row) => row.status === 'failed',
    Delivered: (row) => row.status === 'delivered',
  },
  record: (api, row) => [
    { title: 'Delivery', text: now(row) }, { title: 'What is delivered', text: () => api.lookAtEvent(row.event) },
  ],
  empty: <p>No deliveries yet. Register a webhook endpoint, as under “Receive events”, and link an account: each event is
    delivered to it.</p>,
};

const accounts: Kind<Account> = {
  label: 'Accounts',
  one: 'Account',
  list: (api, page) => api.accounts(page),
  look: (row) => ({
    state: row.status === 'active' ? 'Active' : row.status === 'inactive' ? 'Inactive' : 'Disconnected',
    tone: row.status === 'active' ? 'good' : 'bad', at: row.created,
    title: `${row.institution_name} ${row.display_name ?? ''} ${row.last4 ? `•••• ${row.last4}` : ''}`.trim(),
    detail: `${row.id} · ${row.category}, ${row.subcategory}`,
  }),
  filters: {
    All: () => true,
    Active: (row) => row.status === 'active',
    'Not active': (row) => row.status !== 'active',
  },
  record: (api, row) => [{ title: 'Account', text: () => api.lookAtAccount(row.id) }],
  empty: <p>No accounts yet. Press “Create a session and link an account” and choose “Test (Non-OAuth)”.</p>,
};

const sessions: Kind<SessionSummary> = {
  label: 'Sessions',
  one: 'Session',
  list: (api, page) => api.sessions(page),
  look: (row) => ({
    state: row.accounts === 1 ? '1 account' : `${row.accounts} accounts`, tone: row.accounts > 0 ? 'good' : 'quiet', at: row.created,
    title: row.id, detail: row.permissions.join(', '),
  }),
  filters: {
    All: () => true,
    'With accounts': (row) => row.accounts > 0,
    'Without accounts': (row) => row.accounts === 0,
  },
  record: (api, row) => [{ title: 'Session', text: () => api.lookAtSession(row.id) }],
  empty: <p>No sessions yet. Create one with the button, or from your backend with one of the snippets.</p>,
};

export const kinds: { [Name in KindName]: Kind<any> } = { requests, events, deliveries, accounts, sessions };

/** A time of the server, in Unix seconds, as a person reads it. */
export function time(at: number): string {
  const date = new Date(at * 1000);
  const clock = date.toLocaleTimeString('en-GB');
  return date.toDateString() === new Date().toDateString() ? clock : `${date.toLocaleDateString('en-CA')} ${clock}`;
}
