import type { StripeError } from '@stripe/stripe-js';
import type { APIError } from '../shared/messages';

/** The page has used the script in a way that cannot work. It is thrown, for whoever writes the page. */
export class IntegrationError extends Error {
  override name = 'IntegrationError';
}

/** What the API said is wrong, as results hold it: the fields that the official types declare. */
export function stripeError({ type, code, doc_url, message, param }: APIError): StripeError {
  return {
    type,
    message,
    ...(code !== undefined && { code }),
    ...(doc_url !== undefined && { doc_url }),
    ...(param !== undefined && { param }),
  };
}
