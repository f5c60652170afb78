import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from '../gen/api';
import type { Opening } from './host';

type Schemas = components['schemas'];
export type Manifest = Schemas['LinkManifest'];
export type SignIn = Schemas['LinkAuthSession'];
export type Question = Schemas['LinkQuestion'];
export type Institution = Schemas['LinkInstitution'];
export type InstitutionList = Schemas['LinkInstitutionList'];
export type Offer = Schemas['LinkPartnerAccount'];
export type OfferList = Schemas['LinkPartnerAccountList'];
export type Session = Schemas['LinkSession'];
export type Account = Schemas['Account'];
export type Pane = Schemas['LinkPane'];
export type ErrorObject = Schemas['APIError'];

/** The server refused: what it said, so that the modal can say what it means. */
export class Refusal extends Error {
  readonly code: string;
  readonly param: string;
  readonly reason: string;
  readonly fields: Record<string, unknown>;

  constructor(readonly status: number, readonly error: ErrorObject, readonly reference: string) {
    super(error.message);
    this.code = error.code ?? '';
    this.param = error.param ?? '';
    this.fields = (error.extra_fields ?? {}) as Record<string, unknown>;
    this.reason = typeof this.fields.reason === 'string' ? this.fields.reason : '';
  }
}

/** No answer came: whether the server did what it was asked is unknown. */
export class Unreachable extends Error {}

/** One attempt at an action: what is sent again in it is the same request to the server, however often it arrives. */
export class Attempt {
  readonly #name = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  #count = 0;

  /** Begins the attempt again: the requests that follow are those that were sent before. */
  rewind(): this {
    this.#count = 0;
    return this;
  }

  next(): string {
    return `modal-${this.#name}-${this.#count++}`;
  }
}

const answerTime = 25_000; // milliseconds that an answer may take: longer than a bank may
const pollPause = 250; // milliseconds between questions whose answer is not there yet
const pollTime = 180_000; // milliseconds until that is given up

export const pause = (time: number) => new Promise<void>((resolve) => { setTimeout(resolve, time); });

interface Answer<T> { data?: T | undefined; error?: unknown; response: Response }
type Found<T> = Exclude<T, { error: ErrorObject }>;

/** The client protocol of the linking flow, for one session. */
export class Api {
  readonly #client: Client<paths>;
  readonly #secret: string;
  readonly #locale: string;

  constructor(opening: Opening, base: string, locale: string) {
    this.#secret = opening.clientSecret;
    this.#locale = locale;
    this.#client = createClient<paths>({
      baseUrl: base,
      headers: { Authorization: `Bearer ${opening.key}`, ...(opening.account && { 'Stripe-Account': opening.account }) },
      credentials: 'omit',
      fetch: (request) => fetch(request, { signal: AbortSignal.timeout(answerTime) }),
    });
  }

  async synchronize(): Promise<Manifest> {
    const body = { client_secret: this.#secret, locale: this.#locale };
    return (await this.#ask(() => this.#client.POST('/v1/financial_connections/sessions/synchronize', { body }))).manifest;
  }

  agree(attempt: Attempt): Promise<Manifest> {
    const once = this.#once(attempt);
    return this.#ask(() => this.#client.POST('/v1/link_account_sessions/consent_acquired', once));
  }

  featured(): Promise<InstitutionList> {
    const query = { client_secret: this.#secret, limit: 20 };
    return this.#ask(() => this.#client.GET('/v1/connections/featured_institutions', { params: { query } }));
  }

  search(text: string): Promise<InstitutionList> {
    const query = { client_secret: this.#secret, query: text.slice(0, 500), limit: 20 };
    return this.#ask(() => this.#client.GET('/v1/connections/institutions', { params: { query } }));
  }

  signIn(attempt: Attempt, institution: string): Promise<SignIn> {
    const once = this.#once(attempt, { institution, return_url: 'page' });
    return this.#ask(() => this.#client.POST('/v1/connections/auth_sessions', once));
  }

  answer(attempt: Attempt, id: string, answers: Record<string, string>): Promise<SignIn> {
    const once = this.#once(attempt, { id, answers });
    return this.#ask(() => this.#client.POST('/v1/connections/auth_sessions/answers', once));
  }

  /** How the sign-in at the bank ended: nothing while the person is away. */
  async oauthResults(id: string): Promise<Schemas['LinkOAuthResults'] | null> {
    const body = { client_secret: this.#secret, id };
    return this.#read(await this.#send(() => this.#client.POST('/v1/connections/auth_sessions/oauth_results', { body })));
  }

  authorized(attempt: Attempt, id: string): Promise<SignIn> {
    const once = this.#once(attempt, { id });
    return this.#ask(() => this.#client.POST('/v1/connections/auth_sessions/authorized', once));
  }

  cancel(attempt: Attempt, id: string): Promise<SignIn> {
    const once = this.#once(attempt, { id });
    return this.#ask(() => this.#client.POST('/v1/connections/auth_sessions/cancel', once));
  }

  offers(id: string, wanted: () => boolean): Promise<OfferList> {
    const body = { client_secret: this.#secret, id };
    return this.#ask(() => this.#client.POST('/v1/connections/auth_sessions/accounts', { body }), wanted);
  }

  select(attempt: Attempt, id: string, selected_accounts: string[]): Promise<OfferList> {
    const once = this.#once(attempt, { id, selected_accounts });
    return this.#ask(() => this.#client.POST('/v1/connections/auth_sessions/selected_accounts', once));
  }

  attachLinked(attempt: Attempt, id: string, wanted: () => boolean): Promise<Schemas['LinkPaymentAccount']> {
    const once = this.#once(attempt, { type: 'linked_account' as const, linked_account: { id } });
    return this.#ask(() => this.#client.POST('/v1/link_account_sessions/attach_payment_account', once), wanted);
  }

  attachTyped(attempt: Attempt, routing_number: string, account_number: string): Promise<Schemas['LinkPaymentAccount']> {
    const typed = { type: 'bank_account' as const, bank_account: { routing_number, account_number } };
    const once = this.#once(attempt, typed);
    return this.#ask(() => this.#client.POST('/v1/link_account_sessions/attach_payment_account', once));
  }

  linkMore(attempt: Attempt): Promise<Manifest> {
    const once = this.#once(attempt);
    return this.#ask(() => this.#client.POST('/v1/link_account_sessions/link_more_accounts', once));
  }

  complete(attempt: Attempt): Promise<Session> {
    const once = this.#once(attempt);
    return this.#ask(() => this.#client.POST('/v1/link_account_sessions/complete', once));
  }

  receipt(): Promise<Session> {
    const query = { client_secret: this.#secret };
    return this.#ask(() => this.#client.GET('/v1/link_account_sessions/session_receipt', { params: { query } }));
  }

  linked(): Promise<Schemas['LinkAccountList']> {
    const query = { client_secret: this.#secret };
    return this.#ask(() => this.#client.GET('/v1/link_account_sessions/list_accounts', { params: { query } }));
  }

  /** A request that changes something: it carries a key, so that the server does it once. */
  #once<Params extends object>(attempt: Attempt, params?: Params) {
    return {
      params: { header: { 'Idempotency-Key': attempt.next() } },
      body: { client_secret: this.#secret, ...params } as { client_secret: string } & Params,
    };
  }

  /** Sends a request until its answer is there. */
  async #ask<T>(send: () => Promise<Answer<T>>, wanted = () => true): Promise<Found<T>> {
    for (const deadline = Date.now() + pollTime; ;) {
      const answer = this.#read(await this.#send(send));
      if (answer) return answer;
      if (!wanted() || Date.now() > deadline) throw new Unreachable('the answer does not come');
      await pause(pollPause);
    }
  }

  /** Sends a request, and once more when it gets lost. */
  async #send<T>(send: () => Promise<Answer<T>>): Promise<Answer<T>> {
    try {
      return await send();
    } catch {
      await pause(pollPause);
    }
    try {
      return await send();
    } catch (cause) {
      throw new Unreachable('no answer', { cause });
    }
  }

  #read<T>({ data, error, response }: Answer<T>): Found<T> | null {
    // 409 says that the same request is still being worked on: it was sent again too soon.
    if (response.status === 202 || response.status === 409) return null;
    if (response.ok) return data as Found<T>;
    const told = (error as { error?: ErrorObject } | undefined)?.error;
    throw new Refusal(response.status, told ?? { type: 'api_error', message: '' }, response.headers.get('Request-Id') ?? '');
  }
}
