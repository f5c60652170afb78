import type {
  BankAccountToken,
  CollectBankAccountTokenResult,
  FinancialConnectionsSession,
  FinancialConnectionsSessionResult,
  StripeError,
} from '@stripe/stripe-js';
import type { components } from '../gen/api';
import type { Session } from '../shared/messages';
import { IntegrationError } from './errors';
import { openModal } from './modal';

/** Who links: what Stripe(…) was called with. */
export interface Caller {
  key: string;
  account?: string;
  locale?: string;
}

/** Opens the flow and gives the session with the accounts that were linked in it; none when the person left. */
export function collectFinancialConnectionsAccounts(caller: Caller, options: unknown): Promise<FinancialConnectionsSessionResult> {
  const clientSecret = secretOf(options, 'collectFinancialConnectionsAccounts');
  return openModal({ ...caller, clientSecret, purpose: 'accounts' }).then((outcome) =>
    outcome.error ? failed(outcome.error) : { financialConnectionsSession: sessionOf(outcome.session) });
}

/** Opens the flow for a payout and gives the session and a token of the account that was linked; none when the person left. */
export function collectBankAccountToken(caller: Caller, options: unknown): Promise<CollectBankAccountTokenResult> {
  const clientSecret = secretOf(options, 'collectBankAccountToken');
  return openModal({ ...caller, clientSecret, purpose: 'token' }).then((outcome) => {
    if (outcome.error) return { ...failed(outcome.error), token: undefined };
    const financialConnectionsSession = sessionOf(outcome.session);
    if (outcome.session.bank_account_token) {
      return { financialConnectionsSession, token: tokenOf(outcome.session.bank_account_token) };
    }
    if (financialConnectionsSession.accounts.length > 0) {
      return { ...failed(noToken), token: undefined };
    }
    // The official types promise a token here; the service, and so this, leaves it out when nothing was linked.
    return { financialConnectionsSession } as CollectBankAccountTokenResult;
  });
}

const noToken: StripeError = {
  type: 'invalid_request_error',
  message:
    'Accounts were linked, but there is no token of them: tokens are made in sessions whose account_holder[type] is account. ' +
    'Create such a session, or call collectFinancialConnectionsAccounts.',
};

const failed = (error: StripeError) => ({ financialConnectionsSession: undefined, error });

function secretOf(options: unknown, method: string): string {
  const clientSecret = (options as { clientSecret?: unknown } | null | undefined)?.clientSecret;
  if (typeof clientSecret !== 'string' || clientSecret === '') {
    throw new IntegrationError(
      `stripe.${method}() needs {clientSecret}: create a session on your server and give its client_secret to the page.`,
    );
  }
  return clientSecret;
}

/** The session as pages know it: its accounts are an array, and it has the fields that the official types declare. */
function sessionOf({ id, accounts, permissions, return_url }: Session): FinancialConnectionsSession {
  return { id, accounts: accounts.data.map(accountOf), permissions, ...(return_url && { return_url }) };
}

function accountOf(account: components['schemas']['Account']): FinancialConnectionsSession.Account {
  return {
    id: account.id,
    object: account.object,
    balance: account.balance as FinancialConnectionsSession.Account['balance'], // a union there, one shape here
    balance_refresh: account.balance_refresh,
    category: account.category,
    created: account.created,
    display_name: account.display_name ?? '',
    institution_name: account.institution_name,
    last4: account.last4,
    livemode: account.livemode,
    ownership: account.ownership && typeof account.ownership === 'object' ? account.ownership.id : account.ownership,
    ownership_refresh: account.ownership_refresh,
    permissions: account.permissions ?? [],
    status: account.status,
    subcategory: account.subcategory,
    supported_payment_method_types: account.supported_payment_method_types,
  };
}

/** The token, with the fields of a bank account that say nothing here. */
function tokenOf(token: components['schemas']['Token']): BankAccountToken {
  const unknown = { account_holder_name: null, account_holder_type: null, fingerprint: null, status: 'new' };
  return { ...token, bank_account: { ...unknown, ...token.bank_account } };
}
