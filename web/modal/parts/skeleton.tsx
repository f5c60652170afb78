import { useWords } from '../context';

/** The shape of what is coming. */
export function Skeleton({ shape, count }: { shape: 'line' | 'row' | 'tile'; count: number }) {
  const words = useWords();
  return (
    <div class={`skeleton of-${shape}`}>
      <span class="hidden">{words.loading}</span>
      {Array.from({ length: count }, (_, i) => <span key={i} class="bone" aria-hidden="true" />)}
    </div>
  );
}
