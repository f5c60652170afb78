import { useEffect, useRef, useState } from 'preact/hooks';
import { type Api, told } from './api';
import { Code } from './code';
import type { Kind, Part } from './kinds';

/** The full record of a row, in a dialog over the page. */
export function Record<T extends { id: string }>({ api, kind, row, close }: {
  api: Api; kind: Kind<T>; row: T; close: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const [parts] = useState(() => kind.record(api, row));
  return (
    <dialog ref={dialog} aria-labelledby="record" onClose={close}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}>
      <div class="record">
        <header>
          <h2 id="record">{kind.one} <code>{row.id}</code></h2>
          <button type="button" onClick={() => dialog.current?.close()}>Close</button>
        </header>
        {parts.map((part) => <Shown key={part.title} part={part} />)}
      </div>
    </dialog>
  );
}

function Shown({ part }: { part: Part }) {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  useEffect(() => {
    let wanted = true;
    part.text().then((text) => wanted && setText(text), (problem) => wanted && setProblem(told(problem)));
    return () => { wanted = false; };
  }, [part]);
  return (
    <section>
      <h3>{part.title}</h3>
      {problem ? <p class="problem" role="alert">{problem}</p>
        : text ? <Code text={text} what={part.title} /> : <div class="skeleton" aria-hidden="true"><i /><i /></div>}
    </section>
  );
}
