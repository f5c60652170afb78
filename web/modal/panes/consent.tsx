import { useState } from 'preact/hooks';
import type { Manifest } from '../api';
import { useFlow, useFlowState, useWords } from '../context';
import type { Messages } from '../messages/messages';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Icon, type IconName } from '../parts/icon';
import { Pane } from '../parts/pane';
import { Skeleton } from '../parts/skeleton';

interface Share { icon: IconName; name: string; line: string; more: string }

/** What is shared, by the permissions that the session asks for. */
function shares(manifest: Manifest, words: Messages): Share[] {
  const asked = (permission: Manifest['permissions'][number]) => manifest.permissions.includes(permission);
  const numbers = asked('payment_method') || manifest.payment_method_type !== null;
  const all: (Share | false)[] = [
    { icon: 'card', name: words.sharesDetails, line: words.sharesDetailsLine, more: words.sheetDetails },
    asked('balances') && { icon: 'balance', name: words.sharesBalances, line: words.sharesBalancesLine, more: words.sheetBalances },
    asked('transactions') && { icon: 'list', name: words.sharesTransactions, line: words.sharesTransactionsLine, more: words.sheetTransactions },
    asked('ownership') && { icon: 'person', name: words.sharesOwnership, line: words.sharesOwnershipLine, more: words.sheetOwnership },
    numbers && { icon: 'number', name: words.sharesNumbers, line: words.sharesNumbersLine, more: words.sheetNumbers },
  ];
  return all.filter((share): share is Share => share !== false);
}

export function Consent() {
  const flow = useFlow();
  const words = useWords();
  const { manifest, busy } = useFlowState();
  const [open, setOpen] = useState(false);
  if (!manifest) return <Pane title={words.title} loading><Skeleton shape="line" count={5} /></Pane>;
  const shared = shares(manifest, words);
  return (
    <Pane title={words.consentTitle(manifest.business_name)} footer={
      <>
        <Button busy={busy === 'agree'} onClick={() => flow.agree()}>{words.consentAgree}</Button>
        {manifest.allow_manual_entry && <Button kind="link" onClick={() => flow.manual()}>{words.manualInstead}</Button>}
      </>
    }>
      <p class="quiet">{words.consentLead(manifest.business_name)}</p>
      <ul class="shares">
        {shared.map(({ icon, name, line }) => (
          <li key={name}><span class="disc"><Icon name={icon} /></span><span><strong>{name}</strong><span class="quiet">{line}</span></span></li>
        ))}
      </ul>
      <button type="button" class="inline" onClick={() => setOpen(true)}>{words.consentDetails}</button>
      <p class="quiet">{words.consentStop}</p>
      {open && (
        <Dialog id="sheet" kind="sheet" title={words.sheetTitle} onClose={() => setOpen(false)}
          footer={<Button onClick={() => setOpen(false)}>{words.done}</Button>}>
          <dl>
            {shared.map(({ name, more }) => <div key={name}><dt>{name}</dt><dd>{more}</dd></div>)}
            <div><dt>{words.sheetNever}</dt><dd>{words.sheetNeverText}</dd></div>
            <div><dt>{words.sheetStop}</dt><dd>{words.sheetStopText}</dd></div>
          </dl>
        </Dialog>
      )}
    </Pane>
  );
}
