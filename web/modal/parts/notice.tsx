import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon';

interface Props {
  children: ComponentChildren;
  kind?: 'plain' | 'danger';
  icon?: IconName;
  action?: string;
  onAction?: () => void;
}

/** A sentence that stands out. One of danger is read out when it appears. */
export function Notice({ children, kind = 'plain', icon = 'notice', action, onAction }: Props) {
  return (
    <div class={`notice ${kind}`} role={kind === 'danger' ? 'alert' : undefined}>
      <Icon name={icon} />
      <div>
        <p>{children}</p>
        {action && <button type="button" class="inline" onClick={onAction}>{action}</button>}
      </div>
    </div>
  );
}
