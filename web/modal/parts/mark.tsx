const colors = 6;

/** The bank's mark: its initial on a colour that is always the same, and the same on the sandbox bank's own pages (FNV-1a). */
export function Mark({ name, large = false }: { name: string; large?: boolean }) {
  let sum = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) sum = Math.imul(sum ^ byte, 0x01000193) >>> 0;
  const initial = [...name][0]?.toUpperCase() ?? '';
  return <span class={`mark mark-${sum % colors}${large ? ' mark-large' : ''}`} aria-hidden="true">{initial}</span>;
}
