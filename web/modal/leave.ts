import type { Manifest, Session } from './api';

/** The schemes that a browser runs or reads instead of going there. The server refuses them too. */
const unsafe = /^(about|blob|data|file|filesystem|javascript|vbscript|view-source):/i;

/** Goes to a URL that the server gave, in place of this page. */
export function go(url: string): void {
  if (isSafe(url)) location.replace(url);
}

/** Tells whether a browser may be sent to the URL. */
export function isSafe(url: string): boolean {
  // Browsers leave control characters and spaces out of schemes.
  return !unsafe.test(url.replace(/[\u0000-\u0020]/g, ''));
}

/** Tells whether the URL is a page that a window can show. */
export const isPage = (url: string): boolean => /^https?:\/\//i.test(url);

/** Where the hosted flow ends: where the session wants it, or at this server's own pages. */
export function destination(manifest: Manifest, session: Session | null): string {
  if (manifest.return_url && isSafe(manifest.return_url)) return manifest.return_url;
  return session && isLinked(session) ? manifest.success_url : manifest.cancel_url;
}

/** Tells whether anything came of the flow. */
export const isLinked = (session: Session): boolean => session.accounts.total_count > 0 || Boolean(session.payment_account);
