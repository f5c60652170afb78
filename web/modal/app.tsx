import { useEffect, useErrorBoundary } from 'preact/hooks';
import { useFlow, useFlowState, useWords } from './context';
import { AccountPicker } from './panes/account_picker';
import { Consent } from './panes/consent';
import { InstitutionPicker } from './panes/institution_picker';
import { ManualEntry } from './panes/manual_entry';
import { SignIn } from './panes/sign_in';
import { Attach, Ended, ManualSuccess, Success } from './panes/success';
import { FailurePane, FaultPane, TroublePane } from './panes/trouble';
import { Button } from './parts/button';
import { Dialog } from './parts/dialog';
import { Icon } from './parts/icon';
import { Pane } from './parts/pane';
import { Skeleton } from './parts/skeleton';

/** The card with the pane at which the person is. */
export function App() {
  const flow = useFlow();
  const words = useWords();
  const { asking } = useFlowState();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !document.querySelector('dialog[open]')) flow.askToLeave();
    };
    const point = ({ target }: MouseEvent) => {
      const beside = target instanceof Element && target.contains(document.getElementById('modal'));
      if (flow.host.framed && beside) flow.askToLeave(); // the page around the frame was meant
    };
    addEventListener('keydown', press);
    addEventListener('mousedown', point);
    return () => {
      removeEventListener('keydown', press);
      removeEventListener('mousedown', point);
    };
  }, [flow]);
  return (
    <div class="card" role="dialog" aria-modal="true" aria-labelledby="title">
      <Header />
      <Current />
      {asking === 'leave' && (
        <Question id="leave" title={words.leaveTitle} confirm={words.leaveConfirm} onConfirm={() => flow.leave()}
          text={flow.state.pane === 'attach_linked_payment_account' ? words.leaveTextAttach : words.leaveText} />
      )}
      {asking === 'turnBack' && (
        <Question id="turn-back" title={words.turnBackTitle} text={words.turnBackText(flow.bankName)} confirm={words.turnBackConfirm}
          onConfirm={() => flow.anotherBank()} />
      )}
    </div>
  );
}

function Header() {
  const flow = useFlow();
  const words = useWords();
  const { manifest } = useFlowState();
  return (
    <header class="header">
      {flow.canGoBack
        ? <button type="button" class="icon-button" aria-label={words.back} onClick={() => flow.back()}><Icon name="back" /></button>
        : <span class="icon-space" />}
      <span class="business">{manifest?.business_name}</span>
      {flow.canLeave
        ? <button type="button" class="icon-button" aria-label={words.close} onClick={() => flow.askToLeave()}><Icon name="close" /></button>
        : <span class="icon-space" />}
    </header>
  );
}

function Current() {
  const words = useWords();
  const flow = useFlow();
  const { pane, failure } = useFlowState();
  const [broken, mend] = useErrorBoundary((error) => console.error(error));
  if (broken) return <FaultPane onRetry={() => { mend(); flow.again(); }} />;
  if (failure?.empty) return <FailurePane />;
  switch (pane) {
    case 'loading': return <Pane title={words.loading} loading focus="own"><Skeleton shape="line" count={6} /></Pane>;
    case 'consent': return <Consent />;
    case 'institution_picker': return <InstitutionPicker />;
    case 'partner_auth': return <SignIn />;
    case 'account_picker': return <AccountPicker />;
    case 'attach_linked_payment_account': return <Attach />;
    case 'manual_entry': return <ManualEntry />;
    case 'manual_entry_success': return <ManualSuccess />;
    case 'success': return <Success />;
    case 'trouble': return <TroublePane />;
    case 'ended': return <Ended />;
    case 'unexpected_error': return <FaultPane onRetry={() => flow.again()} />;
  }
  return <FaultPane onRetry={() => flow.again()} />; // a pane of a newer server
}

interface QuestionProps { id: string; title: string; text: string; confirm: string; onConfirm: () => void }

function Question({ id, title, text, confirm, onConfirm }: QuestionProps) {
  const flow = useFlow();
  const words = useWords();
  return (
    <Dialog id={id} kind="question" title={title} onClose={() => flow.stay()}
      footer={<><Button onClick={() => flow.stay()}>{words.leaveStay}</Button><Button kind="danger" onClick={onConfirm}>{confirm}</Button></>}>
      <p>{text}</p>
    </Dialog>
  );
}
