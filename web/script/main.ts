// The script that gives a page Stripe(publishableKey).

import type { StripeConstructor } from '@stripe/stripe-js';
import { Stripe } from './stripe';

const page = window as { Stripe?: unknown };
// A page may load the script twice. The first one stays: it may have a modal open.
if (typeof page.Stripe !== 'function') page.Stripe = Stripe satisfies StripeConstructor;
