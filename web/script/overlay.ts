import styles from './overlay.css';

/** A frame that lies over the page until it is removed, and what it lies in. */
export interface Overlay {
  frame: HTMLIFrameElement;
  /** Gives the page back as it was, with the focus where it was. */
  remove(): void;
}

/**
 * Lays a frame over the page, as a dialog: the rest of the page is inert and does not scroll. `leave` is called when the person
 * asks to leave while the frame does not have the focus.
 *
 * Nothing here needs more of the page's policy than that the frame may be loaded: there are no style elements or attributes.
 */
export function lay(url: string, title: string, leave: () => void): Overlay {
  const host = document.createElement('fincon-overlay');
  const root = host.attachShadow({ mode: 'open' }); // so that a page's tests can reach into the frame
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  root.adoptedStyleSheets = [sheet];

  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-label', title);
  dialog.tabIndex = -1;
  const frame = document.createElement('iframe');
  frame.title = title;
  frame.src = url;
  frame.referrerPolicy = 'no-referrer';
  dialog.append(frame);
  root.append(dialog);

  const removed = new AbortController();
  // Escape asks, and does not close.
  addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    leave();
  }, { capture: true, signal: removed.signal });
  // So does the gesture that goes back. Browsers do not let a page refuse it twice; then the dialog is opened again: the frame
  // knows whether something would be lost.
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    leave();
  });
  dialog.addEventListener('close', () => {
    dialog.showModal();
    leave();
  }, removed);

  document.body.append(host);
  const unlock = lockScroll();
  dialog.showModal();
  dialog.focus(); // and not the frame, which says nothing of keys before its page is there
  return {
    frame,
    remove() {
      removed.abort();
      dialog.close(); // gives the focus back
      host.remove();
      unlock();
    },
  };
}

/** Keeps the page from scrolling, and from moving because its scroll bar is gone. */
function lockScroll(): () => void {
  const { style } = document.documentElement;
  const { overflow, scrollbarGutter } = style;
  const hasBar = innerWidth > document.documentElement.clientWidth;
  style.overflow = 'hidden';
  if (hasBar) style.scrollbarGutter = 'stable';
  return () => {
    style.overflow = overflow;
    style.scrollbarGutter = scrollbarGutter;
  };
}
