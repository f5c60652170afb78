import { useEffect, useState } from 'preact/hooks';
import type { Question, SignIn as Session } from '../api';
import { useFlow, useFlowState, useWords } from '../context';
import type { Messages } from '../messages/messages';
import { Button } from '../parts/button';
import { Field } from '../parts/field';
import { Mark } from '../parts/mark';
import { Notice } from '../parts/notice';
import { Pane } from '../parts/pane';
import { BankPage } from './bank_page';

/** Signing in: at the bank's own page, or by the questions that it asks here. */
export function SignIn() {
  const { signIn } = useFlowState();
  if (!signIn) return null;
  if (signIn.is_oauth) return <BankPage key={signIn.id} signIn={signIn} />;
  // Each step is a form of its own, so that nothing of one stays in the next.
  return <Form key={`${signIn.id} ${signIn.questions.map(({ name }) => name).join(' ')}`} signIn={signIn} />;
}

/** What is asked, in the person's language: a bank's own questions are shown as it asks them. */
function label({ name, label: told }: Pick<Question, 'name' | 'label'>, words: Messages): string {
  const known: Record<string, string> = {
    username: words.questionUsername, password: words.questionPassword, code: words.questionCode,
    confirmation: words.questionConfirmation, security_answer: words.questionSecurity, option: words.questionProfile,
  };
  return known[name] ?? told;
}

function optionLabel({ value, label: told }: Question['options'][number], words: Messages): string {
  const known: Record<string, string> = { personal: words.optionPersonal, business: words.optionBusiness, confirmed: words.optionConfirmed };
  return known[value] ?? told;
}

function Form({ signIn }: { signIn: Session }) {
  const flow = useFlow();
  const words = useWords();
  const { manifest, busy } = useFlowState();
  const [answers, setAnswers] = useState<Record<string, string>>({});
  const [problems, setProblems] = useState<Record<string, string>>({});
  const { questions } = signIn;
  useEffect(() => { // what the bank says of the answers that it got
    const wrong = questions.filter(({ error }) => error !== null);
    setProblems(Object.fromEntries(wrong.map(({ name }) => [name, answers[name] === '' ? words.signInNeeded : words.signInWrong])));
  }, [questions]);
  const problem = questions.some(({ name }) => problems[name]);
  useEffect(() => {
    const first = questions.findIndex(({ name }) => problems[name]);
    if (first >= 0) document.querySelector<HTMLElement>(`#question-${first}, [name="question-${first}"]`)?.focus();
  }, [problems]);

  const put = (name: string, value: string) => {
    flow.dirty = true;
    setAnswers({ ...answers, [name]: value });
    setProblems({ ...problems, [name]: '' });
  };
  const submit = (more: Record<string, string> = {}) => {
    const all = { ...answers, ...more };
    const missing = questions.filter(({ name }) => !all[name]?.trim());
    if (missing.length > 0) return setProblems(Object.fromEntries(missing.map(({ name }) => [name, words.signInNeeded])));
    flow.answer(Object.fromEntries(questions.map(({ name }) => [name, all[name] ?? ''])));
  };

  const [only] = questions;
  const [confirmed] = only?.options ?? [];
  const confirmation = questions.length === 1 && only?.type === 'confirmation' && only.options.length === 1 && confirmed;
  return (
    <Pane title={words.signInTitle(signIn.institution.name)} above={<Mark name={signIn.institution.name} large />}
      onSubmit={() => submit(confirmation && only ? { [only.name]: confirmed.value } : {})}
      footer={<Button submit busy={busy === 'answer'}>{confirmation ? optionLabel(confirmed, words) : words.signInContinue}</Button>}>
      {problem && <Notice kind="danger">{words.signInProblem}</Notice>}
      {confirmation && only ? (
        <>
          <p>{label(only, words)}</p>
          {problems[only.name] && <p class="problem">{problems[only.name]}</p>}
        </>
      ) : questions.map((question, i) => (
        <Asked key={question.name} id={`question-${i}`} question={question} value={answers[question.name] ?? ''}
          problem={problems[question.name] ?? ''} onInput={(value) => put(question.name, value)} />
      ))}
      <Hint questions={questions} live={manifest?.livemode ?? true} />
    </Pane>
  );
}

/** What helps to answer. */
function Hint({ questions, live }: { questions: Question[]; live: boolean }) {
  const words = useWords();
  const asks = (type: Question['type']) => questions.some((question) => question.type === type);
  if (live) return asks('password') ? <p class="quiet">{words.signInPrivate}</p> : null;
  if (asks('password')) return <p class="quiet">{words.signInTest}</p>;
  return asks('code') ? <p class="quiet">{words.signInTestCode}</p> : null;
}

interface AskedProps { id: string; question: Question; value: string; problem: string; onInput: (value: string) => void }

function Asked({ id, question, value, problem, onInput }: AskedProps) {
  const words = useWords();
  if (question.options.length > 0) {
    return (
      <fieldset aria-describedby={problem ? `${id}-problem` : undefined}>
        <legend>{label(question, words)}</legend>
        {question.options.map((option) => (
          <label key={option.value} class="choice">
            <input type="radio" name={id} value={option.value} checked={value === option.value} onChange={() => onInput(option.value)} />
            <span>{optionLabel(option, words)}</span>
          </label>
        ))}
        {problem && <p class="problem" id={`${id}-problem`}>{problem}</p>}
      </fieldset>
    );
  }
  const input = question.type === 'code' ? { autocomplete: 'one-time-code', inputMode: 'numeric' as const }
    : question.type === 'password' ? { autocomplete: 'current-password' }
    : { autocomplete: question.name === 'username' ? 'username' : 'off' };
  return (
    <Field id={id} label={label(question, words)} value={value} onInput={onInput} problem={problem} secret={question.type === 'password'}
      input={input} />
  );
}
