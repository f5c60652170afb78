import type { Stripe as StripeObject, StripeConstructorOptions } from '@stripe/stripe-js';
import { type Caller, collectBankAccountToken, collectFinancialConnectionsAccounts } from './collect';
import { elements, elsewhere } from './elsewhere';
import { IntegrationError } from './errors';
import { server } from './server';

/** Gives the object that links accounts. It can be called with `new` and without. */
export function Stripe(publishableKey: string, options?: StripeConstructorOptions): StripeObject {
  const caller = callerOf(publishableKey, options);
  return {
    ...elsewhere,
    elements,
    registerAppInfo() {},
    _registerWrapper() {},
    collectFinancialConnectionsAccounts: (given: unknown) => collectFinancialConnectionsAccounts(caller, given),
    collectBankAccountToken: (given: unknown) => collectBankAccountToken(caller, given),
  } as unknown as StripeObject; // what is elsewhere has names alone
}

/** The release, as the official loader compares it. */
Stripe.version = server.release === 'v3' ? 3 : server.release;

function callerOf(key: unknown, options: unknown): Caller {
  if (typeof key !== 'string' || key === '') {
    throw new IntegrationError('Stripe() needs your publishable key, a text that begins with pk_.');
  }
  if (/^(sk|rk)_/.test(key)) {
    throw new IntegrationError(
      'Stripe() was given a secret key. Give it your publishable key, which begins with pk_. Everybody can read what is in a ' +
      'page: a secret key that was in one has to be replaced.',
    );
  }
  if (!key.startsWith('pk_')) throw new IntegrationError('Stripe() was given no publishable key: yours begins with pk_.');
  const { stripeAccount, locale } = optionsOf(options);
  return {
    key,
    ...(stripeAccount !== undefined && { account: stripeAccount }),
    ...(locale !== undefined && locale !== 'auto' && { locale }),
  };
}

function optionsOf(options: unknown): { stripeAccount?: string; locale?: string } {
  if (options === undefined || options === null) return {};
  if (typeof options !== 'object') throw new IntegrationError('The second argument of Stripe() is an object of options.');
  for (const name of ['stripeAccount', 'locale']) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined && typeof value !== 'string') throw new IntegrationError(`The option ${name} of Stripe() is a text.`);
  }
  return options;
}
