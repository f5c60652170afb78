import { useEffect, useState } from 'preact/hooks';
import { pause, type SignIn } from '../api';
import { useFlow, useFlowState, useWords } from '../context';
import { isPage } from '../leave';
import { useAnnouncement } from '../parts/announce';
import { Button } from '../parts/button';
import { Mark } from '../parts/mark';
import { Notice } from '../parts/notice';
import { Pane } from '../parts/pane';

const resultPause = 1000; // milliseconds between questions whether the person is back
const idlePause = 3000;   // the same before they have gone: they may be at the bank in a window of before this page was loaded
const windowPause = 300;  // milliseconds between looks at the window
const lostAfter = 3;      // questions without an answer until that is said

/** Watches for how the sign-in ends, wherever the person finishes it. True while the server cannot be asked. */
function useReturn(id: string): boolean {
  const flow = useFlow();
  const [lost, setLost] = useState(false);
  useEffect(() => {
    let watching = true;
    let failures = 0;
    const ask = async () => {
      try {
        const ended = await flow.returned(id);
        failures = 0;
        if (watching) setLost(false);
        return ended;
      } catch (error) {
        if (watching && ++failures >= lostAfter) setLost(true);
        return false;
      }
    };
    const watch = async () => {
      let asked = Date.now();
      while (watching) {
        await pause(windowPause);
        const closed = flow.window.check();
        const wait = flow.window.state === 'none' ? idlePause : resultPause;
        if (!watching || !closed && Date.now() - asked < wait) continue;
        asked = Date.now();
        if (await ask()) return;
        if (closed) flow.window.lost();
      }
    };
    void watch();
    return () => { watching = false; };
  }, [flow, id]);
  return lost;
}

/** Signing in at the bank's own page, in a window. */
export function BankPage({ signIn }: { signIn: SignIn }) {
  const flow = useFlow();
  const words = useWords();
  const { denied, busy } = useFlowState();
  const lost = useReturn(signIn.id);
  const bank = signIn.institution.name;
  const url = signIn.url && isPage(signIn.url) ? signIn.url : '';
  const open = () => flow.window.open(url);
  const above = <Mark name={bank} large />;
  const cancel = <Button kind="quiet" busy={busy === 'anotherBank'} onClick={() => flow.back()}>{words.oauthCancel}</Button>;
  const { state } = flow.window;
  useAnnouncement(lost ? words.oauthReconnecting : '');
  if (busy === 'returned' || !url) return <Waiting key="waiting" title={words.oauthWaitingTitle(bank)} text={words.oauthWaiting} lost={false} above={above} />;
  switch (state) {
    case 'none':
      return (
        <Pane title={words.oauthTitle(bank)} above={above} footer={<Button onClick={open} busy={busy === 'signInAgain'}>{words.oauthContinue(bank)}</Button>}>
          {denied && <Notice>{words.oauthDenied}</Notice>}
          <ol class="steps">
            <li>{words.oauthWindow}</li>
            <li>{words.oauthThere}</li>
            <li>{words.oauthReturn}</li>
          </ol>
          {lost && <Notice icon="offline">{words.oauthReconnecting}</Notice>}
        </Pane>
      );
    case 'open':
      return (
        <Waiting title={words.oauthWaitingTitle(bank)} text={words.oauthWaiting} lost={lost} above={above}
          footer={<><Button kind="quiet" onClick={open}>{words.oauthAgain}</Button>{cancel}</>} />
      );
    case 'closed':
      return (
        <Pane title={words.oauthClosedTitle} above={above} footer={<><Button onClick={open}>{words.oauthAgain}</Button>{cancel}</>}>
          <p>{words.oauthClosed(bank)}</p>
          {lost && <Notice icon="offline">{words.oauthReconnecting}</Notice>}
        </Pane>
      );
    case 'blocked':
      return (
        <Pane title={words.oauthBlockedTitle} above={above} footer={
          <>
            <a class="button primary" href={url} target="_blank" rel="noopener noreferrer" onClick={() => setTimeout(() => flow.window.opened())}>
              <span class="label">{words.oauthOpen}</span>
            </a>
            {cancel}
          </>
        }>
          <p>{words.oauthBlocked(bank)}</p>
        </Pane>
      );
  }
}

interface WaitingProps { title: string; text: string; lost: boolean; above: preact.ComponentChildren; footer?: preact.ComponentChildren }

function Waiting({ title, text, lost, above, footer }: WaitingProps) {
  const words = useWords();
  return (
    <Pane title={title} above={above} footer={footer}>
      <p>{text}</p>
      {lost ? <Notice icon="offline">{words.oauthReconnecting}</Notice> : <span class="waiting" aria-hidden="true"><i /><i /><i /></span>}
    </Pane>
  );
}
