import { useState } from 'preact/hooks';
import { useFlow, useFlowState, useWords } from '../context';
import type { Messages } from '../messages/messages';
import { Button } from '../parts/button';
import { Field } from '../parts/field';
import { Notice } from '../parts/notice';
import { Pane } from '../parts/pane';

interface Numbers { routing: string; account: string; again: string }
type Name = keyof Numbers;

const testNumbers: Numbers = { routing: '110000000', account: '000123456789', again: '000123456789' };

/** Tells whether nine digits are a routing number: weighted by three, seven and one in turn, they add up to a multiple of ten. */
export function isRoutingNumber(digits: string): boolean {
  const sum = [...digits].reduce((total, digit, i) => total + Number(digit) * [3, 7, 1][i % 3]!, 0);
  return /^\d{9}$/.test(digits) && sum > 0 && sum % 10 === 0;
}

/** What is wrong with a number; '' when nothing is. */
function judge(name: Name, { routing, account, again }: Numbers, words: Messages): string {
  switch (name) {
    case 'routing':
      if (routing.length !== 9) return words.manualRoutingLength;
      return isRoutingNumber(routing) ? '' : words.manualRoutingWrong;
    case 'account': return account.length < 4 || account.length > 17 ? words.manualAccountLength : '';
    case 'again': return again !== account ? words.manualConfirmWrong : '';
  }
}

export function ManualEntry() {
  const flow = useFlow();
  const words = useWords();
  const { manifest, busy } = useFlowState();
  const [numbers, setNumbers] = useState<Numbers>({ routing: '', account: '', again: '' });
  const [judged, setJudged] = useState<Name[]>([]); // of what is wrong is said: what was left once, or was submitted
  const [submitted, setSubmitted] = useState(false);
  const names: Name[] = ['routing', 'account', 'again'];
  const problem = (name: Name) => (judged.includes(name) ? judge(name, numbers, words) : '');
  const put = (name: Name) => (value: string) => {
    flow.dirty = true;
    setNumbers({ ...numbers, [name]: value.replace(/\D/g, '') }); // people type spaces and hyphens
  };
  const left = (name: Name) => () => { if (numbers[name]) setJudged([...judged, name]); };
  const submit = () => {
    setJudged(names);
    setSubmitted(true);
    const wrong = names.find((name) => judge(name, numbers, words));
    if (wrong) document.getElementById(wrong)?.focus();
    else flow.type(numbers.routing, numbers.account);
  };
  const field = (name: Name, label: string, hint = '') => (
    <Field id={name} label={label} hint={hint} value={numbers[name]} problem={problem(name)} onInput={put(name)} onBlur={left(name)}
      input={{ inputMode: 'numeric', autocomplete: 'off', maxLength: name === 'routing' ? 11 : 24 }} />
  );
  return (
    <Pane title={words.manualTitle} onSubmit={submit} footer={<Button submit busy={busy === 'type'}>{words.manualSubmit}</Button>}>
      <p>{words.manualLead}</p>
      <Check label={words.manualPicture} />
      {submitted && names.some(problem) && <Notice kind="danger">{words.manualProblem}</Notice>}
      {manifest && !manifest.livemode && (
        <Notice action={words.manualFill} onAction={() => { setNumbers(testNumbers); setJudged([]); setSubmitted(false); flow.dirty = true; }}>
          {words.manualTest}
        </Notice>
      )}
      {field('routing', words.manualRouting, words.manualRoutingHint)}
      {field('account', words.manualAccount)}
      {field('again', words.manualConfirm)}
    </Pane>
  );
}

/** Where the numbers stand on a check. */
function Check({ label }: { label: string }) {
  return (
    <svg class="check-picture" viewBox="0 0 320 116" role="img" aria-label={label}>
      <rect class="paper" x="1" y="1" width="318" height="114" rx="8" />
      <path class="ink" d="M18 22h74M18 34h48M232 22h70M18 62h204M18 80h92M196 80h106" />
      <rect class="ink-box" x="240" y="48" width="62" height="18" rx="3" />
      <rect class="spot" x="14" y="90" width="96" height="18" rx="4" />
      <rect class="spot other" x="122" y="90" width="112" height="18" rx="4" />
      <text x="62" y="103" text-anchor="middle">123456789</text>
      <text x="178" y="103" text-anchor="middle">000123456789</text>
      <text class="faint" x="270" y="103" text-anchor="middle">1001</text>
    </svg>
  );
}
