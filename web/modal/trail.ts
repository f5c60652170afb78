interface Step { pane: string; depth: number }

/** The panes from which one can go back to the one before. */
const steps = ['partner_auth', 'account_picker', 'manual_entry'];

/** The browser's history. A pane that can be gone back from has an entry of its own, so that the browser's button does that;
 *  and the history remembers, over a reload, which pane was shown. */
export class Trail {
  #ignored = 0; // moves that were made from here

  constructor(goBack: () => void) {
    addEventListener('popstate', () => {
      if (this.#ignored > 0) this.#ignored--;
      else goBack();
    });
  }

  get #step(): Step {
    const step = history.state as Partial<Step> | null;
    return { pane: typeof step?.pane === 'string' ? step.pane : '', depth: typeof step?.depth === 'number' ? step.depth : 0 };
  }

  /** The pane at which the history stands. */
  get at(): string { return this.#step.pane; }

  /** Takes note of the pane that is shown. */
  follow(pane: string): void {
    const { pane: before, depth } = this.#step;
    if (steps.includes(pane) && before !== '' && !steps.includes(before)) history.pushState({ pane, depth: depth + 1 }, '');
    else history.replaceState({ pane, depth }, '');
  }

  /** Undoes a step back by the browser that leads nowhere. */
  stay(pane: string): void {
    if (this.#step.pane !== pane) this.follow(pane);
  }

  /** Goes back an entry, as the browser's button does, because the button of the page was pressed. */
  retrace(): void {
    if (this.#step.depth === 0) return;
    this.#ignored++;
    history.back();
  }

  /** Takes away what was added to the history. */
  async rewind(): Promise<void> {
    const { depth } = this.#step;
    if (depth === 0) return;
    this.#ignored++;
    history.go(-depth);
    await new Promise<void>((resolve) => {
      addEventListener('popstate', () => resolve(), { once: true });
      setTimeout(resolve, 300); // a history that does not move must not hold up the end
    });
  }
}
