import { en } from './en';
import { es } from './es';

/** The keys of a catalogue, with what each takes. */
export type Messages = {
  [Key in keyof typeof en]: (typeof en)[Key] extends (...args: infer Taken) => string ? (...args: Taken) => string : string;
};

/** A catalogue, and the locale by which numbers and times are written. */
export interface Language { tag: string; words: Messages }

const catalogues: Record<string, Messages> = { en, es };

/** The first language of the person for which there is a catalogue; English if there is none. */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const written of wanted) {
    const tag = written.replaceAll('_', '-');
    const words = catalogues[tag.toLowerCase().split('-')[0] ?? ''];
    if (words && isLocale(tag)) return { tag, words };
  }
  return { tag: 'en-US', words: en };
}

/** Tells whether numbers can be written in it: what a page gives as a locale may be anything. */
function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
