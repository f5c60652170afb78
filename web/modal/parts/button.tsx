import type { ComponentChildren } from 'preact';

interface Props {
  children: ComponentChildren;
  onClick?: () => void;
  busy?: boolean;   // what it does is under way: it keeps its width and its focus
  kind?: 'primary' | 'quiet' | 'danger' | 'link';
  submit?: boolean;
  disabled?: boolean;
  describedBy?: string;
}

export function Button({ children, onClick, busy = false, kind = 'primary', submit = false, disabled = false, describedBy }: Props) {
  const idle = busy || disabled;
  return (
    <button type={submit ? 'submit' : 'button'} class={`button ${kind}`} aria-busy={busy} aria-disabled={idle} aria-describedby={describedBy}
      onClick={(event) => {
        if (idle) event.preventDefault();
        else onClick?.();
      }}>
      <span class="label">{children}</span>
      {busy && <span class="spinner" aria-hidden="true" />}
    </button>
  );
}
