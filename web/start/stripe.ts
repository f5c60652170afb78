import type {} from '@stripe/stripe-js'; // what window.Stripe is

let loading: Promise<void> | undefined;

/** Loads this server's own script, once. */
function load(): Promise<void> {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = '/stripe.js';
    script.onload = () => resolve();
    script.onerror = () => {
      loading = undefined;
      script.remove();
      reject(new Error('The script /stripe.js could not be loaded. Is the server still running?'));
    };
    document.head.append(script);
  });
  return loading;
}

/** Opens the modal for a session and resolves when the person is done: with the ids of the accounts that were linked. */
export async function link(publishableKey: string, clientSecret: string): Promise<string[]> {
  await load();
  if (!window.Stripe) throw new Error('The script /stripe.js did not give this page Stripe.');
  const { financialConnectionsSession, error } =
    await window.Stripe(publishableKey).collectFinancialConnectionsAccounts({ clientSecret });
  if (error) throw new Error(error.message ?? 'The linking flow failed.');
  return (financialConnectionsSession?.accounts ?? []).map((account) => account.id);
}
