import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Snippet } from './snippets';

/** Copies a text, and says so for a moment. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [result, setResult] = useState('');
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    setResult(await put(text) ? 'Copied' : 'Select and copy it by hand');
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setResult(''), 2000) as unknown as number;
  };
  return (
    <button type="button" class="copy" onClick={copy}>
      <span aria-live="polite">{result || 'Copy'}</span><span class="hidden"> {what}</span>
    </button>
  );
}

/** navigator.clipboard is there on https and on this machine alone; elsewhere the browser's older way is. */
async function put(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
  }
}

/** A text to read and to copy, as it is. */
export function Code({ text, what }: { text: string; what: string }) {
  return (
    <div class="code">
      <Copy text={text} what={what} />
      <pre tabIndex={0} role="region" aria-label={what}><code>{text}</code></pre>
    </div>
  );
}

export interface Tab<Name extends string> { name: Name; label: string }

/** Tabs as the keyboard expects them: arrow keys move, one is in the tab order. */
export function Tabs<Name extends string>({ tabs, chosen, choose, label, panel }: {
  tabs: Tab<Name>[]; chosen: Name; choose: (name: Name) => void; label: string; panel: string;
}) {
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.name === chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(tabs[to % tabs.length]!.name);
    (list.current?.children[to % tabs.length] as HTMLElement).focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
      {tabs.map(({ name, label }) => (
        <button type="button" role="tab" key={name} id={`${panel}-${name}`} aria-selected={name === chosen} aria-controls={panel}
          tabIndex={name === chosen ? 0 : -1} onClick={() => choose(name)}>{label}</button>
      ))}
    </div>
  );
}

/** The same in several languages. */
export function Snippets({ all, what }: { all: Snippet[]; what: string }) {
  const panel = useId();
  const [chosen, choose] = useState(all[0]!.name);
  return (
    <div class="snippets">
      <Tabs tabs={all.map(({ name }) => ({ name, label: name }))} chosen={chosen} choose={choose} label={what} panel={panel} />
      <div role="tabpanel" id={panel} aria-labelledby={`${panel}-${chosen}`}>
        <Code text={all.find(({ name }) => name === chosen)!.text} what={`${what} in ${chosen}`} />
      </div>
    </div>
  );
}
