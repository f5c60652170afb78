// A company's page, as the official documentation has one written: it knows nothing of fincon. The test compiles it against the
// official types, and gives it what a backend would by the query.

import { loadStripe } from '@stripe/stripe-js';
import type { FinancialConnectionsSession, Stripe, StripeError } from '@stripe/stripe-js';

const given = new URLSearchParams(location.search);
const clientSecret = given.get('client_secret') ?? '';
const stripeAccount = given.get('account');

const loaded: Promise<Stripe | null> = loadStripe(given.get('key') ?? '', stripeAccount ? { stripeAccount } : {});

function show(result: unknown) {
  document.querySelector('output')!.textContent = JSON.stringify(result);
}

function describe(session: FinancialConnectionsSession): string[] {
  return session.accounts.map((account) => `${account.display_name} ${account.last4 ?? ''} ${account.status}`);
}

function explain(error: StripeError): string {
  return `${error.type} ${error.code ?? ''}: ${error.message ?? ''}`;
}

async function linkAccounts() {
  const stripe = await loaded;
  if (!stripe) throw new Error('there is no window');
  const result = await stripe.collectFinancialConnectionsAccounts({ clientSecret });
  if (result.error) show({ failed: explain(result.error), result });
  else show({ linked: describe(result.financialConnectionsSession), result });
}

async function linkForPayouts() {
  const stripe = await loaded;
  if (!stripe) throw new Error('there is no window');
  const result = await stripe.collectBankAccountToken({ clientSecret });
  if (result.error) show({ failed: explain(result.error), result });
  // A person who leaves gives no token, though the types do not say so.
  else show({ linked: describe(result.financialConnectionsSession), last4: result.token?.bank_account.last4, result });
}

document.querySelector('#accounts')!.addEventListener('click', () => void linkAccounts());
document.querySelector('#payouts')!.addEventListener('click', () => void linkForPayouts());
