import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { type Api, Refusal, told } from './api';
import { Tabs } from './code';
import { type Kind, type KindName, kinds, time } from './kinds';
import { Record } from './record';

const every = 1000; // milliseconds between looks at the list that is shown
const pageSize = 25;

type Row = { id: string };

interface Rows { all: Row[]; more: boolean; problem: string; read: boolean }
const none: Rows = { all: [], more: false, problem: '', read: false };

/**
 * The rows of a list, as they happen. The newest page is read anew every second while the page is seen: rows change after
 * they are made (a session gains accounts, a delivery is attempted again), which asking for newer ones alone would miss.
 */
function useRows(api: Api, kind: Kind<Row>, paused: boolean): [Rows, () => Promise<void>] {
  const [rows, setRows] = useState(none);
  const wanted = useRef(0);
  useEffect(() => setRows(none), [api, kind]);
  useEffect(() => {
    const mine = ++wanted.current;
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      if (!document.hidden) {
        try {
          const { data, has_more } = await kind.list(api, { limit: pageSize });
          if (mine === wanted.current) setRows((before) => merge(before, data, has_more));
        } catch (problem) {
          if (mine === wanted.current) setRows((before) => ({ ...before, read: true, problem: told(problem) }));
        }
      }
      if (mine === wanted.current) timer = setTimeout(look, every);
    };
    if (!paused) void look();
    return () => {
      wanted.current++;
      clearTimeout(timer);
    };
  }, [api, kind, paused]);

  const older = async () => {
    const mine = wanted.current;
    const last = rows.all.at(-1);
    if (!last) return;
    try {
      const { data, has_more } = await kind.list(api, { limit: pageSize, starting_after: last.id });
      if (mine === wanted.current) setRows((before) => ({ ...before, all: join(before.all, data), more: has_more, problem: '' }));
    } catch (problem) {
      // What is kept in memory may be gone by now: then there is nothing older.
      const gone = problem instanceof Refusal && problem.error.code === 'resource_missing';
      if (mine === wanted.current) setRows((before) => ({ ...before, more: !gone, problem: gone ? '' : told(problem) }));
    }
  };
  return [rows, older];
}

const join = (before: Row[], more: Row[]) => {
  const there = new Set(before.map((row) => row.id));
  return [...before, ...more.filter((row) => !there.has(row.id))];
};

/** Puts the newest page on top of what was read before, as long as nothing is missing between them. */
function merge(before: Rows, newest: Row[], more: boolean): Rows {
  const last = newest.at(-1);
  const at = last ? before.all.findIndex((row) => row.id === last.id) : -1;
  if (at < 0) return { all: newest, more, problem: '', read: true };
  const older = before.all.slice(at + 1);
  return { all: [...newest, ...older], more: older.length > 0 ? before.more : more, problem: '', read: true };
}

const tabs = (Object.keys(kinds) as KindName[]).map((name) => ({ name, label: kinds[name].label }));

export function Live({ api }: { api: Api }) {
  const [name, choose] = useState<KindName>('requests');
  return (
    <section aria-labelledby="live" class="area live">
      <h2 id="live" tabIndex={-1}>Live</h2>
      <Tabs tabs={tabs} chosen={name} choose={choose} label="What is shown" panel="live-panel" />
      <div role="tabpanel" id="live-panel" aria-labelledby={`live-panel-${name}`}>
        <Listed key={name} api={api} kind={kinds[name]} />
      </div>
    </section>
  );
}

function Listed({ api, kind }: { api: Api; kind: Kind<Row> }) {
  const [paused, setPaused] = useState(false);
  const [rows, older] = useRows(api, kind, paused);
  const [filter, setFilter] = useState('All');
  const [text, setText] = useState('');
  const [opened, open] = useState<Row | null>(null);
  const shown = rows.all.filter((row) => kind.filters[filter]!(row) && contains(kind, row, text));
  return (
    <>
      <Filters {...{ kind, filter, setFilter, text, setText, paused, setPaused }} />
      <p class="problem" role="status">{rows.problem}</p>
      {!rows.read && <div class="skeleton" aria-hidden="true"><i /><i /><i /></div>}
      {rows.read && rows.all.length === 0 && !rows.problem && <div class="empty">{kind.empty}</div>}
      {rows.all.length > 0 && shown.length === 0 && <p class="empty">Nothing here is as you filter. {rows.all.length} are left out.</p>}
      <ul class="rows" aria-label={kind.label}>
        {shown.map((row) => <Line key={row.id} kind={kind} row={row} open={() => open(row)} />)}
      </ul>
      {rows.more && <button type="button" onClick={older}>Show older</button>}
      {opened && <Record api={api} kind={kind} row={opened} close={() => open(null)} />}
    </>
  );
}

function contains(kind: Kind<Row>, row: Row, text: string): boolean {
  const { title, detail, state } = kind.look(row);
  return `${row.id} ${state} ${title} ${detail}`.toLowerCase().includes(text.trim().toLowerCase());
}

function Filters({ kind, filter, setFilter, text, setText, paused, setPaused }: {
  kind: Kind<Row>; filter: string; setFilter: (filter: string) => void; text: string; setText: (text: string) => void;
  paused: boolean; setPaused: (paused: boolean) => void;
}) {
  const id = useId();
  return (
    <div class="filters">
      <div>
        <label for={`${id}-filter`}>Show</label>
        <select id={`${id}-filter`} value={filter} onChange={(event) => setFilter(event.currentTarget.value)}>
          {Object.keys(kind.filters).map((name) => <option key={name}>{name}</option>)}
        </select>
      </div>
      <div class="grow">
        <label for={`${id}-text`}>Containing</label>
        <input id={`${id}-text`} type="search" autocomplete="off" spellcheck={false} value={text}
          onInput={(event) => setText(event.currentTarget.value)} />
      </div>
      <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>Pause</button>
    </div>
  );
}

function Line({ kind, row, open }: { kind: Kind<Row>; row: Row; open: () => void }) {
  const { state, tone, title, detail, at } = kind.look(row);
  return (
    <li>
      <button type="button" class="row" onClick={open} aria-haspopup="dialog">
        <span class={`state ${tone}`}>{state}</span>
        <span class="title">{title}</span>
        <time dateTime={new Date(at * 1000).toISOString()}>{time(at)}</time>
        <span class="detail">{detail}</span>
      </button>
    </li>
  );
}
