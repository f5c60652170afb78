import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useFlow, useFlowState, useWords } from '../context';
import { Notice } from './notice';

interface Props {
  title: string;
  children?: ComponentChildren;
  footer?: ComponentChildren;
  above?: ComponentChildren;          // stands over the title
  onSubmit?: () => void;              // the pane is a form
  focus?: 'title' | 'own';            // what is focused first: the title, or something that the pane itself chooses
  loading?: boolean;                  // what is shown is not there yet
}

/** A pane: what it says, which scrolls, and a footer with what can be done, which does not. */
export function Pane({ title, children, footer, above, onSubmit, focus = 'title', loading = false }: Props) {
  const flow = useFlow();
  const { failure } = useFlowState();
  const heading = useRef<HTMLHeadingElement>(null);
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => { if (focus === 'title') heading.current?.focus({ preventScroll: true }); }, [title, focus]);
  useEffect(() => { if (!loading) flow.interactive(); }, [flow, loading]);
  useReachable(body);
  const content = (
    <>
      <div class="body" ref={body}>
        {above}
        <h1 id="title" tabIndex={-1} ref={heading}>{title}</h1>
        {failure && !failure.empty && <Failed />}
        {children}
      </div>
      {footer && <div class="footer">{footer}</div>}
    </>
  );
  if (!onSubmit) return <div class="pane">{content}</div>;
  return <form class="pane" noValidate onSubmit={(event) => { event.preventDefault(); onSubmit(); }}>{content}</form>;
}

/** Lets the keyboard scroll what does not fit and has nothing else to go to. */
function useReachable(body: { current: HTMLDivElement | null }) {
  useEffect(() => {
    const element = body.current;
    if (!element) return;
    const judge = () => {
      const scrolls = element.scrollHeight > element.clientHeight + 1;
      if (scrolls && !element.querySelector('button, a, input')) element.tabIndex = 0;
      else element.removeAttribute('tabindex');
    };
    const observer = new ResizeObserver(judge);
    observer.observe(element);
    judge();
    return () => observer.disconnect();
  });
}

/** Says that an action did not go through, and offers it again. */
function Failed() {
  const words = useWords();
  const { failure } = useFlowState();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.scrollIntoView({ block: 'nearest' }), [failure]); // the pane may have been scrolled
  if (!failure) return null;
  const { kind, reference, retry } = failure;
  const final = kind === 'selection' || kind === 'full'; // the same again would come to the same
  const text = { offline: words.offlineAction, fault: words.faultAction, selection: words.accountsPayment, full: words.manualFull }[kind];
  return (
    <div ref={box}>
      <Notice kind="danger" {...(!final && { action: words.tryAgain, onAction: retry })}>
        {text}
        {kind === 'fault' && reference && <span class="reference">{words.faultReference(reference)}</span>}
      </Notice>
    </div>
  );
}
