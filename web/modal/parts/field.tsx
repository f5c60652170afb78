import { useState } from 'preact/hooks';
import { useWords } from '../context';

interface Props {
  id: string;
  label: string;
  value: string;
  onInput: (value: string) => void;
  onBlur?: () => void;
  problem?: string;
  hint?: string;
  secret?: boolean;
  input?: { autocomplete?: string; inputMode?: 'numeric'; maxLength?: number };
}

/** A labelled field, with what is wrong with it under it. */
export function Field({ id, label, value, onInput, onBlur, problem = '', hint = '', secret = false, input = {} }: Props) {
  const words = useWords();
  const [visible, setVisible] = useState(false);
  const describedBy = [hint && !problem && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class={`control${problem ? ' wrong' : ''}`}>
        <input id={id} {...(secret && !visible ? { type: 'password' } as const : { type: 'text' } as const)} autocapitalize="none" spellcheck={false} maxLength={500} {...input}
          value={value} aria-invalid={problem !== ''} aria-describedby={describedBy || undefined} aria-required
          onInput={(event) => onInput(event.currentTarget.value)} onBlur={onBlur} />
        {secret && (
          <button type="button" class="show" aria-pressed={visible} aria-label={words.showPasswordLabel(label)} onClick={() => setVisible(!visible)}>
            {visible ? words.hidePassword : words.showPassword}
          </button>
        )}
      </div>
      {hint && !problem && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {problem && <p class="problem" id={`${id}-problem`}>{problem}</p>}
    </div>
  );
}
