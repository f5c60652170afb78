import type { ComponentChildren } from 'preact';
import { useFlow, useFlowState, useLocale, useWords } from '../context';
import type { Messages } from '../messages/messages';
import { Button } from '../parts/button';
import { Icon, type IconName } from '../parts/icon';
import { Pane } from '../parts/pane';
import type { Trouble } from '../trouble';

interface Told { icon: IconName; title: string; text: string }

function tell(trouble: Trouble, words: Messages, locale: string): Told {
  switch (trouble.kind) {
    case 'homeless': return { icon: 'window', title: words.homelessTitle, text: words.homelessText };
    case 'used': return { icon: 'notice', title: words.usedTitle, text: words.usedText };
    case 'expired': return { icon: 'clock', title: words.expiredTitle, text: words.expiredText };
    case 'unknown': return { icon: 'notice', title: words.unknownTitle, text: words.unknownText };
    case 'down':
      if (trouble.until === null) return { icon: 'down', title: words.downTitle(trouble.bank), text: words.downText };
      return { icon: 'clock', title: words.maintenanceTitle(trouble.bank), text: words.maintenanceText(moment(trouble.until, locale)) };
    case 'broken': return { icon: 'down', title: words.brokenTitle(trouble.bank), text: words.brokenText };
    case 'failed': return { icon: 'notice', title: words.failedTitle(trouble.bank), text: words.failedText };
    case 'unsuitable': return { icon: 'card', title: words.unsuitableTitle, text: words.unsuitableText(trouble.bank, trouble.count) };
    case 'empty': return { icon: 'card', title: words.emptyTitle, text: words.emptyText(trouble.bank) };
    case 'unreadable': return { icon: 'notice', title: words.unreadableTitle, text: words.unreadableText(trouble.bank) };
    case 'noNumber': return { icon: 'number', title: words.noNumberTitle, text: words.noNumberText(trouble.bank) };
  }
}

/** A point in time, in Unix seconds, as it is written where the person lives. */
const moment = (seconds: number, locale: string) =>
  new Intl.DateTimeFormat(locale, { weekday: 'long', month: 'long', day: 'numeric', hour: 'numeric', minute: '2-digit' }).format(seconds * 1000);

export function TroublePane() {
  const words = useWords();
  const locale = useLocale();
  const { trouble } = useFlowState();
  const waysOn = useWaysOn(trouble);
  if (!trouble) return null;
  const { icon, title, text } = tell(trouble, words, locale);
  return (
    <Pane title={title} above={<span class="disc large"><Icon name={icon} /></span>} footer={waysOn}>
      <p>{text}</p>
      {'bank' in trouble && trouble.kind !== 'noNumber' && <p class="quiet">{words.nothingShared(trouble.bank)}</p>}
    </Pane>
  );
}

/** What can be done next. */
function useWaysOn(trouble: Trouble | null): ComponentChildren {
  const flow = useFlow();
  const words = useWords();
  const { manifest, busy } = useFlowState();
  const another = (kind: 'primary' | 'quiet') => (
    <Button kind={kind} busy={busy === 'anotherBank'} onClick={() => flow.anotherBank()}>{words.anotherBank}</Button>
  );
  const again = (go: () => void) => <Button busy={busy === 'signInAgain'} onClick={go}>{words.tryAgain}</Button>;
  switch (trouble?.kind) {
    case undefined: case 'homeless':
      return null;
    case 'used': case 'expired': case 'unknown':
      return flow.canLeave ? <Button onClick={() => flow.leave()}>{words.backTo(manifest?.business_name ?? null)}</Button> : null;
    case 'failed': case 'empty':
      return <>{again(() => flow.signInAgain())}{another('quiet')}</>;
    case 'unreadable':
      return <>{again(() => flow.again())}{another('quiet')}</>;
    case 'noNumber':
      return (
        <>
          {again(() => flow.again())}
          {manifest && !manifest.disable_link_more_accounts && another('quiet')}
          <Button kind="quiet" busy={busy === 'leave'} onClick={() => flow.leave()}>{words.finishAnyway}</Button>
        </>
      );
    default:
      return (
        <>
          {another('primary')}
          {manifest?.allow_manual_entry && <Button kind="quiet" onClick={() => flow.manual()}>{words.manualEnter}</Button>}
        </>
      );
  }
}

/** What was to be shown could not be loaded. */
export function FailurePane() {
  const words = useWords();
  const { failure } = useFlowState();
  if (!failure) return null;
  return (
    <Told icon={failure.kind === 'offline' ? 'offline' : 'notice'} title={failure.kind === 'offline' ? words.offlineTitle : words.faultTitle}
      footer={<Button onClick={failure.retry}>{words.tryAgain}</Button>}>
      <p>{failure.kind === 'offline' ? words.offlineText : words.faultText}</p>
      {failure.reference && <p class="quiet">{words.faultReference(failure.reference)}</p>}
    </Told>
  );
}

/** There is no way on from here but to ask the server anew. */
export function FaultPane({ onRetry }: { onRetry: () => void }) {
  const words = useWords();
  return (
    <Told icon="notice" title={words.faultTitle} footer={<Button onClick={onRetry}>{words.tryAgain}</Button>}>
      <p>{words.faultText}</p>
    </Told>
  );
}

function Told({ icon, title, footer, children }: { icon: IconName; title: string; footer: ComponentChildren; children: ComponentChildren }) {
  return <Pane title={title} above={<span class="disc large"><Icon name={icon} /></span>} footer={footer}>{children}</Pane>;
}
