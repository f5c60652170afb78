import { type FromFrame, type FromScript, isOpen, type Ready, version } from '../shared/messages';
import type { ErrorObject, Session } from './api';

/** What the modal is opened with. */
export interface Opening {
  clientSecret: string;
  key: string; // publishable
  account?: string; // acct_…, for a session of a connected account
  locale?: string;
}

/** Where the modal runs: in a frame over somebody's page, or as a page of its own. */
export interface Host {
  readonly framed: boolean;
  /** What to open; null when nobody says so. */
  opening(): Promise<Opening | null>;
  /** The first pane can be used. */
  shown(): void;
  /** Has `leave` called when the page around the modal asks to close it. */
  onLeave(leave: () => void): void;
  /** The flow has ended, in its result or in an error. */
  done(session: Session): void;
  failed(error: ErrorObject): void;
}

const handshakeTime = 10_000; // milliseconds until nobody will say what to open

/** In a frame: all that is said goes over the port which the script sends. */
class Framed implements Host {
  readonly framed = true;
  #port: MessagePort | null = null;
  #leave = () => {};

  opening(): Promise<Opening | null> {
    return new Promise((resolve) => {
      const giveUp = setTimeout(() => resolve(null), handshakeTime);
      const listen = (event: MessageEvent) => {
        const port = event.ports[0];
        if (event.source !== window.parent || !port || !isOpen(event.data)) return;
        removeEventListener('message', listen);
        clearTimeout(giveUp);
        this.#port = port;
        port.onmessage = ({ data }: MessageEvent<FromScript>) => { if (data?.type === 'leave') this.#leave(); };
        const { clientSecret, key, account, locale } = event.data;
        resolve({ clientSecret, key, ...(account && { account }), ...(locale && { locale }) });
      };
      addEventListener('message', listen);
      const ready: Ready = { fincon: 'ready', version };
      window.parent.postMessage(ready, '*'); // there is nothing secret in it
    });
  }

  shown() { this.#tell({ type: 'shown' }); }
  onLeave(leave: () => void) { this.#leave = leave; }
  done(session: Session) { this.#tell({ type: 'done', session }); }
  failed(error: ErrorObject) { this.#tell({ type: 'failed', error }); }

  #tell(message: FromFrame) { this.#port?.postMessage(message); }
}

/** As a page of its own: what to open stands behind the #, and the flow ends by going to where the server says. */
class Hosted implements Host {
  readonly framed = false;

  async opening(): Promise<Opening | null> {
    addEventListener('hashchange', () => location.reload());
    const fragment = new URLSearchParams(location.hash.slice(1));
    const clientSecret = fragment.get('client_secret');
    const key = fragment.get('key');
    if (!clientSecret || !key) return null;
    const [account, locale] = [fragment.get('account'), fragment.get('locale')];
    return { clientSecret, key, ...(account && { account }), ...(locale && { locale }) };
  }

  shown() {}
  onLeave() {}
  done() {}
  failed() {}
}

export const host = (): Host => (location.pathname.endsWith('/modal') ? new Framed() : new Hosted());
