import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from '../gen/api';

type Schemas = components['schemas'];
export type Account = Schemas['Account'];
export type Delivery = Schemas['Delivery'];
export type Event = Schemas['Event'];
export type Request = Schemas['Request'];
export type Server = Schemas['Server'];
export type SessionSummary = Schemas['SessionSummary'];
export type ErrorObject = Schemas['APIError'];

/** The server refused. */
export class Refusal extends Error {
  constructor(readonly status: number, readonly error: ErrorObject) {
    super(error.message);
  }
}

/** No answer came. */
export class Unreachable extends Error {}

export interface Page { limit: number; starting_after?: string }
export interface List<T> { data: T[]; has_more: boolean }

const sessions = '/v1/financial_connections/sessions';
const accounts = '/v1/financial_connections/accounts';

/** What the page asks for a session; the same in the snippets. */
export const asked = {
  account_holder: { type: 'customer' as const, customer: 'cus_123' },
  permissions: ['balances' as const, 'ownership' as const, 'payment_method' as const, 'transactions' as const],
};

/**
 * The server, as one secret key sees it. Texts are answers exactly as they were sent. What only looks on is not listed
 * among the requests: it is sent every second.
 */
export class Api {
  readonly #client: Client<paths>;
  readonly #unlisted = { headers: { 'Fincon-Unlisted': 'true' } };

  constructor(secret: string) {
    this.#client = createClient<paths>({
      baseUrl: location.origin,
      headers: { Authorization: `Bearer ${secret}` },
      credentials: 'omit',
      cache: 'no-store',
    });
  }

  server(): Promise<Server> {
    return read(this.#client.GET('/v1/fincon/server', this.#unlisted));
  }

  sessions(query: Page): Promise<List<SessionSummary>> {
    return read(this.#client.GET('/v1/fincon/sessions', { params: { query }, ...this.#unlisted }));
  }

  accounts(query: Page): Promise<List<Account>> {
    return read(this.#client.GET(accounts, { params: { query }, ...this.#unlisted }));
  }

  events(query: Page): Promise<List<Event>> {
    return read(this.#client.GET('/v1/events', { params: { query }, ...this.#unlisted }));
  }

  deliveries(query: Page): Promise<List<Delivery>> {
    return read(this.#client.GET('/v1/fincon/deliveries', { params: { query }, ...this.#unlisted }));
  }

  requests(query: Page): Promise<List<Request>> {
    return read(this.#client.GET('/v1/fincon/requests', { params: { query }, ...this.#unlisted }));
  }

  /** The full record of a session. */
  lookAtSession(session: string): Promise<string> {
    return read(this.#client.GET(`${sessions}/{session}`, {
      params: { path: { session } }, parseAs: 'text', ...this.#unlisted,
    }));
  }

  lookAtEvent(id: string): Promise<string> {
    return read(this.#client.GET('/v1/events/{id}', { params: { path: { id } }, parseAs: 'text', ...this.#unlisted }));
  }

  lookAtAccount(account: string): Promise<string> {
    return read(this.#client.GET(`${accounts}/{account}`, {
      params: { path: { account } }, parseAs: 'text', ...this.#unlisted,
    }));
  }

  // What follows is what a person's backend would send: it is listed.

  createSession(): Promise<string> {
    return read(this.#client.POST(sessions, { body: asked, parseAs: 'text' }));
  }

  retrieveSession(session: string): Promise<string> {
    return read(this.#client.GET(`${sessions}/{session}`, { params: { path: { session } }, parseAs: 'text' }));
  }

  refreshAccount(account: string): Promise<string> {
    const body = { features: ['balance' as const, 'ownership' as const, 'transactions' as const] };
    return read(this.#client.POST(`${accounts}/{account}/refresh`, { params: { path: { account } }, body, parseAs: 'text' }));
  }
}

async function read<T>(sent: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let answer;
  try {
    answer = await sent;
  } catch (cause) {
    throw new Unreachable('no answer', { cause });
  }
  if (answer.response.ok) return answer.data as T;
  const told = typeof answer.error === 'string' ? parse(answer.error) : answer.error;
  const error = (told as { error?: ErrorObject } | undefined)?.error;
  throw new Refusal(answer.response.status, error ?? { type: 'api_error', message: `The server answered ${answer.response.status}.` });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What to tell a person about something that did not work. */
export function told(problem: unknown): string {
  if (problem instanceof Refusal) return problem.message;
  if (problem instanceof Unreachable) return 'The server does not answer. Is it still running? Try again when it is.';
  return problem instanceof Error ? problem.message : String(problem);
}
