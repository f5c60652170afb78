// What the script on a company's page and the modal in its frame say to each other.
//
// The frame begins: Ready, by postMessage to its parent, to any origin, since nothing in it is secret. The script answers
// Open, to this server's origin alone, with a MessagePort. Everything else goes over that port. A frame that was loaded again
// says Ready again and gets a new port.

import type { components } from '../gen/api';

/** The session as `complete` answers it. */
export type Session = components['schemas']['LinkSession'];

/** What the API says is wrong. */
export type APIError = components['schemas']['APIError'];

/** The version of these messages. The script and the frame come from one server, but a page may keep an older script. */
export const version = 1;

/** What the linking is for: data of accounts, or a token of one account for payouts. */
export type Purpose = 'accounts' | 'token';

/** From the frame's window: a page is here that can be told what to open. */
export interface Ready {
  fincon: 'ready';
  version: typeof version;
}

/** From the script, with a port: what to open. */
export interface Open {
  fincon: 'open';
  version: typeof version;
  /** The session's client_secret. */
  clientSecret: string;
  /** The publishable key. */
  key: string;
  /** The connected account that the session belongs to (acct_…). */
  account?: string;
  /** The language to show, as a BCP 47 tag; the browser's when there is none. */
  locale?: string;
  purpose: Purpose;
}

/** Over the port, from the frame to the script. */
export type FromFrame =
  /** The first pane can be used. */
  | { type: 'shown' }
  /** The flow has ended, with accounts or without. */
  | { type: 'done'; session: Session }
  /** The flow cannot go on: the session is used, expired or unknown. */
  | { type: 'failed'; error: APIError };

/** Over the port, from the script to the frame. */
export type FromScript =
  /** The person wants to leave: ask whether that is meant when something would be lost, then end. */
  { type: 'leave' };

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Whether a message is Ready. Where it comes from is for the caller to check. */
export function isReady(value: unknown): value is Ready {
  return isObject(value) && value.fincon === 'ready' && value.version === version;
}

/** Whether a message is Open. Whom it comes from is for the caller to check. */
export function isOpen(value: unknown): value is Open {
  const optional = (text: unknown) => text === undefined || typeof text === 'string';
  return (
    isObject(value) &&
    value.fincon === 'open' &&
    value.version === version &&
    typeof value.clientSecret === 'string' &&
    typeof value.key === 'string' &&
    optional(value.account) &&
    optional(value.locale) &&
    (value.purpose === 'accounts' || value.purpose === 'token')
  );
}
