import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface Props {
  id: string;
  title: string;
  children: ComponentChildren;
  footer: ComponentChildren;
  onClose: () => void;
  kind: 'sheet' | 'question';
}

/** Something over the pane. The browser keeps the focus inside, and gives it back afterwards. */
export function Dialog({ id, title, children, footer, onClose, kind }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    heading.current?.focus(); // in a frame of another site, browsers do not heed autofocus
    return () => {
      element?.close(); // while it is open, nothing outside of it can have the focus
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} class={`dialog ${kind}`} aria-labelledby={`${id}-title`}
      onCancel={(event) => { event.preventDefault(); onClose(); }}
      onClick={(event) => { if (event.target === dialog.current) onClose(); }}>
      <div class="dialog-body">
        <h2 id={`${id}-title`} tabIndex={-1} ref={heading}>{title}</h2>
        {children}
      </div>
      <div class="footer">{footer}</div>
    </dialog>
  );
}
