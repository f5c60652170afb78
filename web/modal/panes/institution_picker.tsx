import { useEffect, useRef, useState } from 'preact/hooks';
import type { Institution, InstitutionList } from '../api';
import { useFlow, useFlowState, useWords } from '../context';
import { useAnnouncement } from '../parts/announce';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { Mark } from '../parts/mark';
import { Pane } from '../parts/pane';
import { Skeleton } from '../parts/skeleton';

const typingPause = 150; // milliseconds until a search is made

/** What there is for a text that was typed; for the empty text, what is shown at first. */
interface Found { query: string; list: InstitutionList }

function useInstitutions(query: string): Found | null {
  const flow = useFlow();
  const [found, setFound] = useState<Found | null>(null);
  useEffect(() => {
    let wanted = true;
    const ask = async () => {
      try {
        const list = await (query ? flow.api?.search(query) : flow.api?.featured());
        if (!wanted || !list) return;
        setFound({ query, list });
        flow.report();
      } catch (error) {
        if (wanted) flow.report(error, () => void ask());
      }
    };
    const later = setTimeout(() => void ask(), query ? typingPause : 0);
    return () => {
      wanted = false;
      clearTimeout(later);
    };
  }, [flow, query]);
  return found;
}

export function InstitutionPicker() {
  const flow = useFlow();
  const words = useWords();
  const { manifest, busy, failure } = useFlowState();
  const [text, setText] = useState('');
  const [at, setAt] = useState(-1); // the result that the arrow keys have come to
  const field = useRef<HTMLInputElement>(null);
  const query = text.trim();
  const found = useInstitutions(query);
  const results = found?.query ? found.list.data : [];
  const searched = query !== '' && Boolean(found?.query);
  useAnnouncement(searched && found?.query === query ? results.length > 0 ? words.pickerFound(results.length) : words.pickerNothing(query) : '');
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  useEffect(() => setAt(-1), [found]);
  useEffect(() => document.getElementById(`bank-${at}`)?.scrollIntoView({ block: 'nearest' }), [at]);

  const choose = (institution: Institution | undefined) => { if (institution) flow.choose(institution); };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && text) { // what was typed goes first
      setText('');
      return event.preventDefault();
    }
    if (!searched || results.length === 0) return;
    const last = results.length - 1;
    if (event.key === 'ArrowDown') setAt(at >= last ? 0 : at + 1);
    else if (event.key === 'ArrowUp') setAt(at <= 0 ? last : at - 1);
    else if (event.key === 'Home' && at >= 0) setAt(0);
    else if (event.key === 'End' && at >= 0) setAt(last);
    else if (event.key === 'Enter') {
      if (found?.query === query) choose(results[Math.max(at, 0)]); // and not one of an earlier search
    } else return;
    event.preventDefault();
  };
  return (
    <Pane title={words.pickerTitle} focus="own" loading={!found}>
      <div class="search">
        <Icon name="search" />
        <input ref={field} type="text" role="combobox" aria-label={words.pickerSearch} placeholder={words.pickerSearch} value={text}
          autocomplete="off" autocapitalize="none" spellcheck={false} maxLength={200} enterkeyhint="search"
          aria-autocomplete="list" aria-expanded={searched && results.length > 0} aria-controls="results"
          aria-activedescendant={searched && at >= 0 ? `bank-${at}` : undefined}
          onInput={(event) => setText(event.currentTarget.value)} onKeyDown={press} />
        {query && found?.query !== query && !failure && <span class="spinner" aria-hidden="true" />}
        {text && (
          <button type="button" class="icon-button" aria-label={words.pickerClear} onClick={() => { setText(''); field.current?.focus(); }}>
            <Icon name="close" />
          </button>
        )}
      </div>
      {manifest && !manifest.livemode && <p class="quiet">{words.pickerTest}</p>}
      {!found && <Skeleton shape="tile" count={6} />}
      {found && !searched && <Featured list={found.query ? null : found.list} choose={choose} busy={busy} />}
      <div id="results" role="listbox" aria-label={words.pickerResults} hidden={!searched || results.length === 0}>
        {searched && results.map((institution, i) => (
          <div key={institution.id} id={`bank-${i}`} role="option" aria-selected={i === at} class={`bank-row${i === at ? ' current' : ''}`}
            onMouseDown={(event) => event.preventDefault()} onClick={() => choose(institution)}>
            <Mark name={institution.name} />
            <span class="bank-name"><Emphasised text={institution.name} match={found?.query ?? ''} /></span>
            {busy === `choose ${institution.id}` && <span class="spinner" aria-hidden="true" />}
          </div>
        ))}
      </div>
      {searched && results.length === 0 && <Nothing query={found?.query ?? ''} manual={Boolean(found?.list.show_manual_entry)} />}
    </Pane>
  );
}

function Featured({ list, choose, busy }: { list: InstitutionList | null; choose: (institution: Institution) => void; busy: string }) {
  const words = useWords();
  if (!list) return <Skeleton shape="tile" count={6} />;
  if (list.data.length === 0) return <p class="quiet">{words.pickerNone}</p>;
  return (
    <ul class="tiles" aria-label={words.pickerFeatured}>
      {list.data.map((institution) => (
        <li key={institution.id}>
          <button type="button" class="tile" aria-busy={busy === `choose ${institution.id}`} onClick={() => choose(institution)}>
            <Mark name={institution.name} />
            <span class="bank-name">{institution.name}</span>
            {busy === `choose ${institution.id}` && <span class="spinner" aria-hidden="true" />}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Nothing({ query, manual }: { query: string; manual: boolean }) {
  const flow = useFlow();
  const words = useWords();
  return (
    <div class="nothing">
      <p><strong>{words.pickerNothing(query)}</strong></p>
      <p class="quiet">{words.pickerNothingText}{manual && <> {words.pickerNothingManual}</>}</p>
      {manual && <Button kind="quiet" onClick={() => flow.manual()}>{words.manualEnter}</Button>}
    </div>
  );
}

/** A name in which what was typed stands out. */
function Emphasised({ text, match }: { text: string; match: string }) {
  const start = text.toLowerCase().indexOf(match.toLowerCase());
  if (!match || start < 0) return <>{text}</>;
  const end = start + match.length;
  return <>{text.slice(0, start)}<mark>{text.slice(start, end)}</mark>{text.slice(end)}</>;
}
