import { type Account, Api, Attempt, type Institution, type Manifest, type OfferList, type Pane, Refusal, type Session, type SignIn, Unreachable } from './api';
import { BankWindow } from './bank_window';
import type { Host } from './host';
import { destination, go } from './leave';
import { Trail } from './trail';
import { isFinal, type Trouble, troubleOf } from './trouble';

/** An action or a load that did not go through, and how to go on. */
export interface Failure {
  kind: 'offline' | 'fault' | 'selection' | 'full'; // the last two: what was chosen, or typed, cannot be linked here
  reference: string; // of the request, in the server's log; '' when there is none
  retry: () => void;
  empty: boolean;    // nothing can be shown before it has gone through
}

/** What the person sees. */
export interface State {
  pane: Pane | 'loading' | 'trouble' | 'ended';
  manifest: Manifest | null;
  signIn: SignIn | null;
  offers: OfferList | null;
  linked: Account[] | null;
  linkedCount: number;
  typedLast4: string;
  trouble: Trouble | null;
  failure: Failure | null;
  destination: string;                // where the hosted flow ends, when it has
  busy: string;                       // the action under way; '' when there is none
  asking: '' | 'leave' | 'turnBack';
  denied: boolean;                    // the person came back from the bank without signing in
}

/** Milliseconds in which what does not fit, asked about once, is taken for a fault. */
const resumePause = 2000;

const resting = { offers: null, trouble: null, failure: null, asking: '' as const, denied: false };

/** The way of a person through the linking flow. The server decides every next pane; what is decided here is how to show it. */
export class Flow {
  state: State = {
    pane: 'loading', manifest: null, signIn: null, linked: null, linkedCount: 0, typedLast4: '', destination: '', busy: '', ...resting,
  };
  readonly window = new BankWindow(() => this.#set({}));
  dirty = false; // something was typed that would be lost
  #turn = 0;     // counts panes: what was asked for an earlier one is not wanted any more
  #listeners = new Set<() => void>();
  #readyToLeave = false;
  #shown = false;
  readonly #trail: Trail;

  constructor(readonly api: Api | null, readonly host: Host) {
    this.#trail = new Trail(() => this.back(true));
    host.onLeave(() => this.askToLeave());
    addEventListener('pageshow', (event) => { if (event.persisted) void this.#resume(); });
    addEventListener('online', () => { if (this.state.failure?.kind === 'offline' && this.state.failure.empty) this.state.failure.retry(); });
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #set(change: Partial<State>) {
    this.state = { ...this.state, ...change };
    for (const listener of this.#listeners) listener();
  }

  get #protocol(): Api {
    if (!this.api) throw new Error('there is no session');
    return this.api;
  }

  get bankName(): string { return this.state.signIn?.institution.name ?? this.#picked; }
  #resumed = 0; // when the server was last asked where the person is, because what is shown did not fit
  #picked = ''; // the name of the bank that was chosen last

  // --- Where the person is ---

  begin(): void {
    if (!this.api) this.#arrive('trouble', { trouble: { kind: 'homeless' } });
    else void this.#load(async () => this.#resumeAt(await this.#protocol.synchronize()));
  }

  /** The first pane can be used. */
  interactive(): void {
    if (this.#shown) return;
    this.#shown = true;
    performance.mark('modal-interactive');
    this.host.shown();
  }

  /** Asks the server where the person is, and goes there. */
  async #resume() {
    await this.#load(async (current) => {
      const manifest = await this.#protocol.synchronize();
      if (current()) this.#obey(manifest);
    });
  }

  /** Takes up where a page was left that is loaded again: the server knows of every pane but one. */
  #resumeAt(manifest: Manifest) {
    const early = manifest.next_pane === 'consent' || manifest.next_pane === 'institution_picker';
    if (this.#trail.at === 'manual_entry' && manifest.allow_manual_entry && early) this.#arrive('manual_entry', { manifest });
    else this.#obey(manifest);
  }

  #obey(manifest: Manifest) {
    this.#arrive(manifest.next_pane, { manifest, signIn: manifest.active_auth_session ?? null, linked: null });
  }

  #follow(signIn: SignIn) {
    if (signIn.next_pane !== 'institution_picker') this.#arrive(signIn.next_pane, { signIn });
    else this.#arrive('trouble', { signIn, trouble: { kind: 'failed', bank: signIn.institution.name } });
  }

  /** Goes to a pane and begins to load what it shows. */
  #arrive(pane: State['pane'], change: Partial<State>) {
    const stays = pane === 'partner_auth' && this.state.pane === pane && change.signIn?.id === this.state.signIn?.id;
    if (!stays) {
      this.#turn++;
      this.dirty = false;
      this.window.leave();
    }
    this.#set({ ...resting, ...change, pane });
    this.#trail.follow(pane);
    switch (pane) {
      case 'account_picker': void this.#loadOffers(); break;
      case 'attach_linked_payment_account': void this.#attach(); break;
      case 'success': void this.#loadLinked(); break;
      case 'manual_entry_success': void this.#loadTyped(); break;
    }
  }

  // --- Actions: one at a time ---

  /** Runs an action that a person asked for. While one is under way, another is not begun. */
  async #act(name: string, work: (attempt: Attempt) => Promise<void>, attempt = new Attempt()) {
    if (this.state.busy) return;
    this.#set({ busy: name, failure: null });
    const turn = this.#turn;
    try {
      await work(attempt.rewind());
    } catch (error) {
      // What was answered is not asked again under the same key; what was lost is.
      const again = error instanceof Unreachable ? attempt : new Attempt();
      if (turn === this.#turn) this.#failed(error, () => void this.#act(name, work, again), false);
    } finally {
      this.#set({ busy: '' });
    }
  }

  /** Loads what a pane shows. */
  async #load(work: (current: () => boolean) => Promise<void>) {
    const turn = this.#turn;
    this.#set({ failure: null });
    try {
      await work(() => turn === this.#turn);
    } catch (error) {
      if (turn === this.#turn) this.#failed(error, () => void this.#load(work), true);
    }
  }

  /** Shows what an error means, with a way on. */
  #failed(error: unknown, retry: () => void, empty: boolean) {
    if (error instanceof Refusal) {
      const trouble = troubleOf(error, this.bankName);
      if (trouble === 'resume') {
        if (Date.now() - this.#resumed > resumePause) {
          this.#resumed = Date.now();
          return void this.#resume();
        }
      } else if (trouble) return this.#trouble(trouble);
    } else if (!(error instanceof Unreachable)) {
      console.error(error); // a fault of this page
    }
    const reference = error instanceof Refusal ? error.reference : '';
    this.#set({ failure: { kind: failureOf(error), reference, retry, empty } });
  }

  #trouble(trouble: Trouble) {
    if (isFinal(trouble) && 'error' in trouble && this.host.framed && !this.#shown) this.host.failed(trouble.error);
    else this.#arrive('trouble', { trouble });
  }

  /** Says that a search could not be made, or, with nothing, that it could. */
  report(error?: unknown, retry = () => {}): void {
    if (error) this.#failed(error, retry, false);
    else if (this.state.failure) this.#set({ failure: null });
  }

  agree(): void {
    void this.#act('agree', async (attempt) => this.#obey(await this.#protocol.agree(attempt)));
  }

  choose({ id, name }: Pick<Institution, 'id' | 'name'>): void {
    void this.#act(`choose ${id}`, async (attempt) => {
      this.#picked = name;
      this.#set({ signIn: null });
      this.#follow(await this.#protocol.signIn(attempt, id));
    });
  }

  /** Begins another sign-in at the same bank. */
  signInAgain(denied = false): void {
    const institution = this.state.signIn?.institution;
    if (!institution) return this.anotherBank();
    void this.#act('signInAgain', async (attempt) => {
      const signIn = await this.#protocol.signIn(attempt, institution.id);
      this.#arrive(signIn.next_pane, { signIn, denied });
    });
  }

  answer(answers: Record<string, string>): void {
    const { signIn } = this.state;
    if (signIn) void this.#act('answer', async (attempt) => this.#follow(await this.#protocol.answer(attempt, signIn.id, answers)));
  }

  /** The person is back from the bank: takes up how the sign-in there ended. False while they are still away. */
  async returned(id: string): Promise<boolean> {
    const turn = this.#turn;
    const results = await this.#protocol.oauthResults(id);
    if (!results || turn !== this.#turn || this.state.busy) return false;
    if (results.status === 'success') await this.#act('returned', async (attempt) => this.#follow(await this.#protocol.authorized(attempt, id)));
    else if (results.error === 'access_denied') this.signInAgain(true);
    else if (results.error === 'sign_in_failed') this.#trouble({ kind: 'failed', bank: this.bankName });
    else await this.#resume(); // given up elsewhere
    return true;
  }

  select(ids: string[]): void {
    const { signIn } = this.state;
    if (signIn) void this.#act('select', async (attempt) => this.#linked((await this.#protocol.select(attempt, signIn.id, ids)).next_pane));
  }

  /** Goes on from accounts that are linked. What there is to say of them is fetched first, so that it is there at once. */
  async #linked(pane: Pane) {
    if (pane !== 'success') return this.#arrive(pane, { linked: null });
    const [{ data }, manifest] = await Promise.all([this.#protocol.linked(), this.#protocol.synchronize()]);
    this.#arrive(pane, { linked: data, manifest });
  }

  manual(): void { this.#arrive('manual_entry', {}); }

  type(routing: string, account: string): void {
    void this.#act('type', async (attempt) => {
      const { next_pane } = await this.#protocol.attachTyped(attempt, routing, account);
      this.#arrive(next_pane, { typedLast4: account.slice(-4) });
    });
  }

  /** Goes to the choice of the bank; a sign-in of which nothing was chosen ends. */
  anotherBank(): void {
    void this.#act('anotherBank', async (attempt) => this.#obey(await this.#protocol.linkMore(attempt)));
  }

  /** Tries again what could not be had of the bank. */
  again(): void { void this.#resume(); }

  // --- What panes show ---

  async #loadOffers() {
    const { signIn } = this.state;
    if (!signIn) return;
    await this.#load(async (current) => {
      const limited = this.state.manifest?.limits || this.state.manifest?.single_account;
      const [offers, linked] = await Promise.all([
        this.#protocol.offers(signIn.id, current), limited ? this.#protocol.linked() : null,
      ]);
      if (!current()) return;
      if (offers.next_pane !== 'account_picker') return this.#linked(offers.next_pane);
      this.#set({ offers, linkedCount: linked?.total_count ?? 0 });
      if (offers.skip_account_selection) this.select(offers.data.map(({ id }) => id));
    });
  }

  async #attach() {
    const { signIn } = this.state;
    if (!signIn) return;
    const attempt = new Attempt();
    await this.#load(async (current) => {
      const { data } = await this.#protocol.offers(signIn.id, current);
      const payable = data.find((offer) => offer.linked_account_id && offer.supported_payment_method_types.length > 0);
      if (!payable?.linked_account_id) return this.#trouble({ kind: 'noNumber', bank: this.bankName });
      const { next_pane } = await this.#protocol.attachLinked(attempt.rewind(), payable.linked_account_id, current);
      if (current()) await this.#linked(next_pane);
    });
  }

  async #loadLinked() {
    if (!this.state.linked) await this.#load(async (current) => { if (current()) await this.#linked('success'); });
  }

  async #loadTyped() {
    await this.#load(async (current) => {
      const [session, manifest] = await Promise.all([this.#protocol.receipt(), this.#protocol.synchronize()]);
      if (current()) this.#set({ typedLast4: session.payment_account?.last4 ?? this.state.typedLast4, manifest });
    });
  }

  // --- Back and away ---

  get canGoBack(): boolean {
    const { pane, trouble, manifest } = this.state;
    if (pane === 'trouble') return Boolean(trouble && !isFinal(trouble) && trouble.kind !== 'noNumber');
    return pane === 'partner_auth' || pane === 'account_picker' || pane === 'manual_entry' && Boolean(manifest);
  }

  /** Goes back a pane: the person pressed the button here, or the browser's. */
  back(byBrowser = false): void {
    if (!this.canGoBack || this.state.busy) return this.#trail.stay(this.state.pane);
    if (this.state.pane === 'account_picker') {
      this.#set({ asking: 'turnBack' });
      return this.#trail.stay(this.state.pane);
    }
    if (!byBrowser) this.#trail.retrace();
    if (this.state.pane === 'manual_entry') return void this.#resume();
    this.anotherBank();
  }

  get #atStake(): boolean {
    const { pane } = this.state;
    if (pane === 'partner_auth') return this.dirty || this.window.state !== 'none';
    return pane === 'account_picker' || pane === 'attach_linked_payment_account' || pane === 'manual_entry' && this.dirty;
  }

  askToLeave(): void {
    if (this.state.asking) this.stay();
    else if (this.#atStake) this.#set({ asking: 'leave' });
    else this.leave();
  }

  stay(): void { this.#set({ asking: '' }); }

  /** Ends the flow: what was linked stays linked. */
  leave(): void {
    const { trouble, manifest } = this.state;
    this.#set({ asking: '' });
    if (this.state.pane === 'ended') return;
    if (trouble?.kind === 'used' && manifest && !this.#readyToLeave) {
      this.#readyToLeave = true;
      return void this.#act('leave', async () => this.#end(await this.#protocol.receipt())); // it ended elsewhere: with what?
    }
    if (trouble && isFinal(trouble)) return this.#abandon('error' in trouble ? trouble.error : null);
    if (!manifest || this.#readyToLeave) return this.#abandon({ type: 'api_error', message: 'The server cannot be reached.' });
    void this.#act('leave', async (attempt) => {
      this.#readyToLeave = true; // if this cannot be told to the server, the next time is the last
      this.#end(await this.#protocol.complete(attempt));
    });
  }

  #end(session: Session) {
    const { manifest } = this.state;
    const target = manifest && !this.host.framed ? destination(manifest, session) : '';
    this.#arrive('ended', { destination: target });
    void this.#trail.rewind().then(() => {
      if (this.host.framed) this.host.done(session);
      else if (target) go(target);
    });
  }

  /** Ends without the server: it does not know of the session, or cannot be reached. */
  #abandon(error: Refusal['error'] | null) {
    const { manifest } = this.state;
    if (this.host.framed) {
      if (error) this.host.failed(error);
    } else if (manifest) go(destination(manifest, null));
  }

  /** Tells whether leaving leads anywhere. */
  get canLeave(): boolean { return this.api !== null && (this.host.framed || this.state.manifest !== null); }
}

function failureOf(error: unknown): Failure['kind'] {
  if (error instanceof Unreachable) return 'offline';
  if (error instanceof Refusal && error.status === 400) {
    if (error.param.startsWith('selected_accounts')) return 'selection';
    if (error.param === 'type') return 'full';
  }
  return 'fault';
}
