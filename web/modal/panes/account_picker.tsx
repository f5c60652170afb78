import { useEffect, useState } from 'preact/hooks';
import type { Manifest, Offer } from '../api';
import { useFlow, useFlowState, useLocale, useWords } from '../context';
import type { Messages } from '../messages/messages';
import { useAnnouncement } from '../parts/announce';
import { Button } from '../parts/button';
import { Mark } from '../parts/mark';
import { Pane } from '../parts/pane';
import { Skeleton } from '../parts/skeleton';

export function AccountPicker() {
  const flow = useFlow();
  const words = useWords();
  const { offers, busy } = useFlowState();
  if (!offers || offers.skip_account_selection) {
    return (
      <Pane title={offers || busy ? words.accountsLinking : words.accountsLoading(flow.bankName)} loading={!offers} above={<Mark name={flow.bankName} large />}>
        <Skeleton shape="row" count={5} />
      </Pane>
    );
  }
  return <Choice key={flow.state.signIn?.id} offers={offers.data} />;
}

/** How many more accounts can be linked; null when any number can. */
function remaining(manifest: Manifest | null, linked: number): number | null {
  const limit = manifest?.single_account ? 1 : manifest?.limits?.accounts;
  return limit ? Math.max(limit - linked, 0) : null;
}

function Choice({ offers }: { offers: Offer[] }) {
  const flow = useFlow();
  const words = useWords();
  const { manifest, linkedCount, busy } = useFlowState();
  const selectable = offers.filter(({ allow_selection }) => allow_selection);
  const [first] = selectable;
  const [chosen, setChosen] = useState<string[]>(selectable.length === 1 && first ? [first.id] : []);
  const limit = remaining(manifest, linkedCount);
  const one = limit === 1;
  // Accounts that are linked already do not count again.
  const counted = offers.filter(({ id, linked_account_id }) => chosen.includes(id) && !linked_account_id).length;
  const full = limit !== null && !one && counted >= limit;
  const all = chosen.length === selectable.length;
  useAnnouncement(full && limit ? words.accountsLimitReached(limit) : '');
  useEffect(() => { flow.dirty = chosen.length > 0; }, [chosen]);
  const toggle = (id: string) => {
    if (one) setChosen([id]);
    else setChosen(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  };
  return (
    <Pane title={one ? words.accountsTitleOne : words.accountsTitle} above={<Mark name={flow.bankName} large />}
      onSubmit={() => { if (chosen.length > 0) flow.select(chosen); }}
      footer={
        <Button submit busy={busy === 'select'} disabled={chosen.length === 0}>
          {chosen.length > 0 ? words.accountsLink(chosen.length) : words.accountsChoose}
        </Button>
      }>
      {limit !== null && <p class="quiet" id="limit">{full ? words.accountsLimitReached(limit) : words.accountsLimit(limit)}</p>}
      <fieldset class="accounts" aria-describedby={limit !== null ? 'limit' : undefined}>
        <legend class="hidden">{words.accountsLegend(flow.bankName)}</legend>
        {!one && selectable.length > 1 && (limit === null || limit >= selectable.length) && (
          <button type="button" class="inline" onClick={() => setChosen(all ? [] : selectable.map(({ id }) => id))}>
            {all ? words.accountsNone : words.accountsAll}
          </button>
        )}
        {offers.map((offer) => (
          <Row key={offer.id} offer={offer} one={one} chosen={chosen.includes(offer.id)}
            full={full && !offer.linked_account_id} onToggle={() => toggle(offer.id)} />
        ))}
      </fieldset>
    </Pane>
  );
}

interface RowProps { offer: Offer; one: boolean; chosen: boolean; full: boolean; onToggle: () => void }

function Row({ offer, one, chosen, full, onToggle }: RowProps) {
  const words = useWords();
  const locale = useLocale();
  const { manifest } = useFlowState();
  const reason = offer.allow_selection ? '' : refusal(offer, manifest, words);
  const out = !offer.allow_selection || full && !chosen;
  return (
    <label class={`account${out ? ' out' : ''}`}>
      <input type={one ? 'radio' : 'checkbox'} name="account" value={offer.id} checked={chosen} disabled={out} onChange={onToggle}
        aria-describedby={reason ? `${offer.id}-reason` : undefined} />
      <span class="account-text">
        <span class="account-name">{offer.name}</span>
        <span class="quiet">
          {kind(offer, words)}
          {offer.displayable_account_numbers && (
            <> <span class="number"><span aria-hidden="true">••••</span><span class="hidden">{words.accountsEnding}</span> {offer.displayable_account_numbers}</span></>
          )}
        </span>
        {reason && <span class="reason" id={`${offer.id}-reason`}>{reason}</span>}
        {offer.linked_account_id && <span class="quiet">{words.accountsLinked}</span>}
      </span>
      {typeof offer.balance_amount === 'number' && offer.currency && <span class="balance">{money(offer.balance_amount, offer.currency, locale)}</span>}
    </label>
  );
}

/** Why an account cannot be chosen, in the person's language. */
function refusal(offer: Offer, manifest: Manifest | null, words: Messages): string {
  const accepted = manifest?.account_subcategories;
  if (accepted && accepted.length > 0 && !accepted.some((subcategory) => subcategory === offer.subcategory)) return words.refusedKind;
  if (offer.status !== 'active') return words.refusedSharing;
  return offer.supported_payment_method_types.length === 0 ? words.refusedPayments : words.refusedKind;
}

export function kind({ category, subcategory }: Pick<Offer, 'category' | 'subcategory'>, words: Messages): string {
  switch (subcategory) {
    case 'checking': return words.kindChecking;
    case 'savings': return words.kindSavings;
    case 'credit_card': return words.kindCreditCard;
    case 'line_of_credit': return words.kindLineOfCredit;
    case 'mortgage': return words.kindMortgage;
  }
  return { cash: words.kindCash, credit: words.kindCredit, investment: words.kindInvestment, other: words.kindOther }[category];
}

/** An amount in the currency's minor unit, as it is written where the person lives. */
export function money(amount: number, currency: string, locale: string): string {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency: currency.toUpperCase(), currencyDisplay: 'narrowSymbol' });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
