import { useEffect, useId, useMemo, useState } from 'preact/hooks';
import { Api, type Server, told } from './api';
import { enteredKeys, type KeyFaults, type Keys, ownKeys } from './keys';
import { Live } from './live';
import { Reference } from './reference';
import { Try } from './try';

/** The start page. any is whether the server takes any key; else it shows nothing before a person has entered theirs. */
export function Page({ any }: { any: boolean }) {
  const [keys, setKeys] = useState<Keys | null>(() => any ? ownKeys() : null);
  const [own, setOwn] = useState(any);
  const [asking, setAsking] = useState(false);
  const api = useMemo(() => keys && new Api(keys.secret), [keys]);
  const [server, setServer] = useState<Server | null>(null);
  useEffect(() => { api?.server().then(setServer, () => setServer(null)); }, [api]);
  const take = (keys: Keys) => {
    setKeys(keys);
    setOwn(false);
    setAsking(false);
  };
  return (
    <>
      <header class="top">
        <h1>fincon</h1>
        <nav aria-label="Areas"><a href="#try">Try it</a><a href="#live">Live</a><a href="#reference">Reference</a></nav>
        <strong class="mode">Test mode</strong>
      </header>
      <main>
        {(!keys || asking) && <AskForKeys any={any} take={take} cancel={keys ? () => setAsking(false) : undefined} />}
        {keys && !asking &&
          <p class="tenant">
            {own ? 'Each key has data of its own. This page made one for this browser.' : 'You look at the data of the key that you entered.'}{' '}
            <button type="button" class="link" onClick={() => setAsking(true)}>Use another key</button>
          </p>}
        <div class="areas">
          {api && keys && <Try key={keys.secret} api={api} any={any} keys={keys} server={server} />}
          {api && keys && <Live key={keys.secret} api={api} />}
          <Reference keys={keys} />
        </div>
      </main>
    </>
  );
}

/** Asks for keys, which stay in this page's memory. */
function AskForKeys({ any, take, cancel }: { any: boolean; take: (keys: Keys) => void; cancel?: (() => void) | undefined }) {
  const [secret, setSecret] = useState('');
  const [publishable, setPublishable] = useState('');
  const [faults, setFaults] = useState<KeyFaults>({});
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const entered = enteredKeys(secret.trim(), publishable.trim(), any);
    if (!isKeys(entered)) return setFaults(entered);
    setBusy(true);
    try {
      await new Api(entered.secret).server();
      take(entered);
    } catch (problem) {
      setFaults({ secret: told(problem) });
    }
    setBusy(false);
  };
  return (
    <form class="area keys" onSubmit={submit} noValidate>
      <h2>{any ? 'Use another key' : 'Enter your test keys'}</h2>
      <p>{any ? 'Any key that begins with sk_test_ will do. Enter the one that your backend uses, to see what it does.'
        : 'This server takes registered keys. `fincon keys create` prints a secret and a publishable one.'} Keys stay in
        this page and are gone when you close it.</p>
      <Field label="Secret key" hint="sk_test_…" value={secret} set={setSecret} fault={faults.secret} />
      {!any && <Field label="Publishable key" hint="pk_test_…" value={publishable} set={setPublishable} fault={faults.publishable} />}
      <p class="buttons">
        <button type="submit" class="primary" disabled={busy}>Use {any ? 'this key' : 'these keys'}</button>
        {cancel && <button type="button" onClick={cancel}>Cancel</button>}
      </p>
    </form>
  );
}

const isKeys = (entered: Keys | KeyFaults): entered is Keys =>
  /^[sr]k_test_/.test(entered.secret ?? '') && /^pk_test_/.test(entered.publishable ?? '');

function Field({ label, hint, value, set, fault }: {
  label: string; hint: string; value: string; set: (value: string) => void; fault: string | undefined;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} value={value} placeholder={hint} autocomplete="off" autocapitalize="off" spellcheck={false}
        aria-invalid={Boolean(fault)} aria-describedby={`${id}-fault`} onInput={(event) => set(event.currentTarget.value)} />
      <p id={`${id}-fault`} class="problem" role="alert">{fault}</p>
    </div>
  );
}
