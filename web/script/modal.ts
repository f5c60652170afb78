import type { StripeError } from '@stripe/stripe-js';
import { type FromFrame, type FromScript, isReady, type Open, type Session, version } from '../shared/messages';
import { IntegrationError, stripeError } from './errors';
import { lay } from './overlay';
import { server } from './server';

/** How the flow ended. */
export type Outcome = { session: Session; error?: undefined } | { session?: undefined; error: StripeError };

/** How long the frame's page may take to say that it is there, in milliseconds. */
const patience = 20_000;

let isOpen = false;

/** Opens the modal over the page, and gives its outcome when it is gone. Only one can be open. */
export function openModal(what: Omit<Open, 'fincon' | 'version'>): Promise<Outcome> {
  if (isOpen) {
    throw new IntegrationError(
      'The linking flow is open already: wait for the result of the first call before you open it again.',
    );
  }
  if (!document.body) {
    throw new IntegrationError('The page has no body yet: open the linking flow after it was parsed, when somebody asks for it.');
  }
  isOpen = true;
  return new Promise<Outcome>((resolve) => converse(what, resolve)).finally(() => {
    isOpen = false;
  });
}

/** Lays the frame over the page and speaks with it, as shared/messages.ts tells, until the flow has ended. */
function converse(what: Omit<Open, 'fincon' | 'version'>, resolve: (outcome: Outcome) => void) {
  const { origin } = new URL(server.url);
  const ended = new AbortController();
  let port: MessagePort | undefined;

  const end = (outcome: Outcome) => {
    if (ended.signal.aborted) return;
    ended.abort();
    clearTimeout(timer);
    port?.close();
    overlay.remove();
    resolve(outcome);
  };
  const unreachable = (message: string) => end({ error: { type: 'api_connection_error', message } });
  const timer = setTimeout(
    () => unreachable(`The linking flow could not be loaded from ${server.url}. Check that it can be reached from this browser.`),
    patience,
  );

  const spanish = /^es\b/i.test(what.locale ?? navigator.language);
  const overlay = lay(`${server.url}/link/modal`, spanish ? 'Vincular cuentas' : 'Link accounts', () => {
    if (port) port.postMessage({ type: 'leave' } satisfies FromScript);
    else unreachable('The linking flow was left before it was loaded.');
  });

  addEventListener(
    'message',
    ({ data, origin: from, source }) => {
      const frame = overlay.frame.contentWindow;
      if (!frame || source !== frame || from !== origin || !isReady(data)) return;
      clearTimeout(timer);
      port?.close();
      const channel = new MessageChannel();
      port = channel.port1;
      port.onmessage = (event: MessageEvent<FromFrame>) => {
        if (event.data.type === 'done') end({ session: event.data.session });
        else if (event.data.type === 'failed') end({ error: stripeError(event.data.error) });
      };
      overlay.frame.focus();
      frame.postMessage({ fincon: 'open', version, ...what } satisfies Open, origin, [channel.port2]);
    },
    ended,
  );
  addEventListener(
    'securitypolicyviolation',
    ({ blockedURI, effectiveDirective }) => {
      if (!/^(frame|child|default)-src$/.test(effectiveDirective) || !blockedURI.startsWith(origin)) return;
      unreachable(`This page's Content-Security-Policy does not let it show the linking flow: add ${origin} to its frame-src.`);
    },
    ended,
  );
}
