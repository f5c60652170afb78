import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Flow, State } from './flow';
import type { Language, Messages } from './messages/messages';

interface Surroundings { flow: Flow; language: Language }

export const Surroundings = createContext<Surroundings | null>(null);

function surroundings(): Surroundings {
  const found = useContext(Surroundings);
  if (!found) throw new Error('a pane stands outside of the modal');
  return found;
}

export const useFlow = (): Flow => surroundings().flow;
export const useWords = (): Messages => surroundings().language.words;
export const useLocale = (): string => surroundings().language.tag;

/** The flow's state, drawn anew whenever it changes. */
export function useFlowState(): State {
  const flow = useFlow();
  const [, redraw] = useState<State>(flow.state);
  useEffect(() => {
    redraw(flow.state); // it may have changed since it was drawn
    return flow.subscribe(() => redraw(flow.state));
  }, [flow]);
  return flow.state;
}
