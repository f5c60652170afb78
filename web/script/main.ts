// The script that gives a page Stripe(publishableKey).

import { Stripe } from './stripe';

// A page may load the script twice. The first one stays: it may have a modal open.
if (!('Stripe' in window)) Object.assign(window, { Stripe });
