import { isPage } from './leave';

/** The window in which the person signs in at the bank's own page. */
export class BankWindow {
  state: 'none' | 'open' | 'closed' | 'blocked' = 'none';
  #window: Window | null = null;

  constructor(private readonly changed: () => void) {}

  /** Opens the window. Browsers allow that in the click of a person only. */
  open(url: string): void {
    if (!isPage(url)) return;
    this.#window?.close();
    const [width, height] = [480, 720];
    const place = `left=${screenX + Math.max(0, (outerWidth - width) / 2)},top=${screenY + Math.max(0, (outerHeight - height) / 2)}`;
    // On a telephone it is a tab, not a window.
    this.#window = matchMedia('(min-width: 600px)').matches
      ? window.open('about:blank', '_blank', `popup,width=${width},height=${height},${place}`)
      : window.open('about:blank', '_blank');
    if (!this.#window) return this.#become('blocked');
    this.#window.opener = null; // the bank's page cannot send this one elsewhere
    this.#window.location.replace(url);
    this.#become('open');
  }

  /** The person has opened it by a link, which no browser holds back; it cannot be seen from here. */
  opened(): void { this.#become('open'); }

  /** Looks whether the person has closed it. */
  check(): boolean { return this.state === 'open' && this.#window !== null && this.#window.closed; }

  lost(): void { if (this.state === 'open') this.#become('closed'); }

  /** Closes the window: it is not needed any more. */
  leave(): void {
    this.#window?.close();
    this.#window = null;
    this.state = 'none';
  }

  #become(state: BankWindow['state']) {
    this.state = state;
    this.changed();
  }
}
