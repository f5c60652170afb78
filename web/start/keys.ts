/** The keys that the page calls the server with. */
export interface Keys {
  secret: string;
  publishable: string;
}

const place = 'fincon.tenant';
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Keys of a tenant of this browser's own, for servers that take any key. */
export function ownKeys(): Keys {
  return keysOf(kept() ?? keep(random()));
}

const keysOf = (tenant: string): Keys => ({ secret: `sk_test_${tenant}`, publishable: `pk_test_${tenant}` });

function kept(): string | null {
  try {
    return localStorage.getItem(place);
  } catch {
    return null; // the browser keeps nothing: the tenant lasts as long as the page
  }
}

function keep(tenant: string): string {
  try {
    localStorage.setItem(place, tenant);
  } catch {
    // see kept
  }
  return tenant;
}

function random(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join('');
}

/** What is wrong with the keys that a person entered, by field. */
export type KeyFaults = Partial<Record<keyof Keys, string>>;

const fault = (key: string, prefixes: string[], name: string): string | undefined => {
  if (/^[spr]k_live_/.test(key)) return 'This is a live key. The page works in test mode alone.';
  if (!prefixes.some((prefix) => key.startsWith(prefix) && key.length > prefix.length)) {
    return `A ${name} of test mode begins with ${prefixes[0]}.`;
  }
  if (/[^\w.~-]/.test(key)) return 'This is no key: it has characters that need quoting.';
  return undefined;
};

/** Takes the keys that a person entered. Where any key is taken, the publishable key follows from the secret one. */
export function enteredKeys(secret: string, publishable: string, any: boolean): Keys | KeyFaults {
  const faults: KeyFaults = {};
  const wrong = fault(secret, ['sk_test_', 'rk_test_'], 'secret key');
  if (wrong) faults.secret = wrong;
  if (any) return wrong ? faults : { secret, publishable: keysOf(secret.slice('sk_test_'.length)).publishable };
  const other = fault(publishable, ['pk_test_'], 'publishable key');
  if (other) faults.publishable = other;
  return wrong || other ? faults : { secret, publishable };
}
