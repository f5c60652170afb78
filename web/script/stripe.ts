import { server } from './server';

/** Gives an object that links accounts with a publishable key. */
export const Stripe = Object.assign((publishableKey: string) => ({ publishableKey }), {
  version: server.release === 'v3' ? 3 : server.release,
});
