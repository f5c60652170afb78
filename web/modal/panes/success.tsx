import { useFlow, useFlowState, useWords } from '../context';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { Mark } from '../parts/mark';
import { Pane } from '../parts/pane';
import { Skeleton } from '../parts/skeleton';
import { kind } from './account_picker';

const tick = <span class="tick"><Icon name="check" /></span>;

/** The bank is asked for the number of an account that payments are for. */
export function Attach() {
  const flow = useFlow();
  const words = useWords();
  return (
    <Pane title={words.attachTitle} above={<Mark name={flow.bankName} large />}>
      <p>{words.attachText(flow.bankName)}</p>
      <span class="waiting" aria-hidden="true"><i /><i /><i /></span>
    </Pane>
  );
}

function Footer() {
  const flow = useFlow();
  const words = useWords();
  const { manifest, busy } = useFlowState();
  return (
    <>
      <Button busy={busy === 'leave'} onClick={() => flow.leave()}>{words.backTo(manifest?.business_name ?? null)}</Button>
      {manifest && !manifest.disable_link_more_accounts && (
        <Button kind="quiet" busy={busy === 'anotherBank'} onClick={() => flow.anotherBank()}>{words.successMore}</Button>
      )}
    </>
  );
}

/** What was linked. */
export function Success() {
  const words = useWords();
  const { linked, manifest } = useFlowState();
  return (
    <Pane title={linked ? words.successTitle(linked.length) : words.loading} above={tick} footer={<Footer />} loading={!linked}>
      {linked && <p>{words.successText(manifest?.business_name ?? null)}</p>}
      {!linked ? <Skeleton shape="row" count={2} /> : (
        <ul class="linked">
          {linked.map((account) => (
            <li key={account.id}>
              <span class="account-name">{account.display_name || kind(account, words)}</span>
              <span class="quiet">
                {kind(account, words)}
                {account.last4 && <> <span class="number"><span aria-hidden="true">••••</span><span class="hidden">{words.accountsEnding}</span> {account.last4}</span></>}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Pane>
  );
}

/** An account whose numbers were typed. */
export function ManualSuccess() {
  const words = useWords();
  const { typedLast4 } = useFlowState();
  return (
    <Pane title={typedLast4 ? words.manualSuccessTitle : words.loading} above={tick} footer={<Footer />} loading={!typedLast4}>
      {typedLast4 ? <p>{words.manualSuccessText(typedLast4)}</p> : <Skeleton shape="line" count={1} />}
    </Pane>
  );
}

export function Ended() {
  const words = useWords();
  const { manifest, destination } = useFlowState();
  // Browsers may hold back what leads into an app, unless it is a link that is pressed.
  const link = destination && <a class="button primary" href={destination}><span class="label">{words.backTo(manifest?.business_name ?? null)}</span></a>;
  return <Pane title={words.leftTitle} footer={link} loading><p>{words.leftText}</p></Pane>;
}
