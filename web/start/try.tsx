import { useState } from 'preact/hooks';
import { type Api, type Server, told } from './api';
import { Code, Copy, Snippets } from './code';
import type { Keys } from './keys';
import { snippets, webhookSnippet } from './snippets';
import { link } from './stripe';

const databases: Record<Server['database'], string> = {
  memory: 'In memory: it is gone when the server ends',
  sqlite: 'In an SQLite file',
  postgresql: 'In PostgreSQL',
};

/** What is running. */
function Running({ server, secret }: { server: Server | null; secret: string | undefined }) {
  return (
    <dl class="running">
      <dt>Address</dt>
      <dd><code>{location.origin}</code><Copy text={location.origin} what="the address" /></dd>
      <dt>Secret key</dt>
      <dd>{secret ? <><code>{secret}</code><Copy text={secret} what="the secret key" /></> : 'The one that you entered'}</dd>
      <dt>Data</dt>
      <dd>{server ? databases[server.database] : '…'}</dd>
      <dt>Version</dt>
      <dd>{server ? `${server.version}, API ${server.api_version}` : '…'}</dd>
    </dl>
  );
}

/** An object that the API answered, as text. */
interface Answered { title: string; text: string }

type State =
  | { at: 'start' }
  | { at: 'busy'; doing: string; created?: string }
  | { at: 'done'; created: string; session: string; accounts: Answered[] }
  | { at: 'failed'; created?: string; problem: string };

/** any is whether the server takes any key. Where it does not, keys are not shown. */
export function Try({ api, any, keys, server }: { api: Api; any: boolean; keys: Keys; server: Server | null }) {
  const [state, setState] = useState<State>({ at: 'start' });

  const run = async () => {
    let created: string | undefined;
    try {
      setState({ at: 'busy', doing: 'Creating a session…' });
      created = await api.createSession();
      const { id, client_secret } = JSON.parse(created) as { id: string; client_secret: string };
      setState({ at: 'busy', doing: 'Waiting for you in the window that opened…', created });
      const linked = await link(keys.publishable, client_secret);
      setState({ at: 'busy', doing: 'Reading what was linked…', created });
      const session = await api.retrieveSession(id);
      const accounts = await Promise.all(linked.map(async (account) =>
        ({ title: account, text: await api.lookAtAccount(account) })));
      setState({ at: 'done', created, session, accounts });
    } catch (problem) {
      setState({ at: 'failed', problem: told(problem), ...(created && { created }) });
    }
  };

  const busy = state.at === 'busy';
  const shown = any ? keys.secret : 'YOUR_SECRET_KEY';
  return (
    <section aria-labelledby="try" class="area try">
      <h2 id="try" tabIndex={-1}>Try it</h2>
      <p>One press does what your backend and your page would do: create a session, open the linking flow for it, and read what was
        linked. Choose the bank “Test (Non-OAuth)”; any user name and password will do.</p>
      <button type="button" class="primary" onClick={run} aria-disabled={busy || undefined} disabled={busy}>
        Create a session and link an account
      </button>
      <div aria-live="polite" class="status">
        {busy && <p>{state.doing}</p>}
        {state.at === 'failed' && <p class="problem">{state.problem}</p>}
        {state.at === 'done' && <p>{outcome(state.accounts.length)}</p>}
      </div>
      {state.at === 'done' && <Results state={state} api={api} />}
      {state.at !== 'done' && state.at !== 'start' && state.created &&
        <Answer open title="The session" text={state.created} />}
      <h3>What is running</h3>
      <Running server={server} secret={any ? keys.secret : undefined} />
      <h3>From your backend</h3>
      <p>The same request, with the SDK that you use already:</p>
      <Snippets all={snippets(location.origin, shown)} what="Create a session" />
      <details>
        <summary>Receive events</summary>
        <p>Register the address at which your backend listens. The answer has the secret that events are signed with.</p>
        <Code text={webhookSnippet(location.origin, shown)} what="Register a webhook endpoint" />
      </details>
    </section>
  );
}

const outcome = (linked: number) =>
  linked === 0 ? 'Nothing was linked. The session is as you left it; press again for another one.'
    : linked === 1 ? 'One account was linked.' : `${linked} accounts were linked.`;

function Results({ state, api }: { state: State & { at: 'done' }; api: Api }) {
  const [accounts, setAccounts] = useState(state.accounts);
  const [problem, setProblem] = useState('');
  const refresh = async (at: number) => {
    try {
      const text = await api.refreshAccount(accounts[at]!.title);
      setAccounts((all) => all.map((account, i) => i === at ? { ...account, text } : account));
      setProblem('');
    } catch (problem) {
      setProblem(told(problem));
    }
  };
  return (
    <div class="results">
      <Answer title="The session as it was created" text={state.created} />
      <Answer open title="The session now" text={state.session} />
      {accounts.map((account, i) => (
        <Answer key={account.title} title={`The account ${account.title}`} text={account.text}>
          <p class="next">
            <button type="button" onClick={() => refresh(i)}>Refresh balances, owners and transactions</button>
          </p>
        </Answer>
      ))}
      <p role="alert" class="problem">{problem}</p>
    </div>
  );
}

function Answer({ title, text, open, children }: {
  title: string; text: string; open?: boolean; children?: preact.ComponentChildren;
}) {
  return (
    <details open={open}>
      <summary>{title}</summary>
      <Code text={text} what={title} />
      {children}
    </details>
  );
}
