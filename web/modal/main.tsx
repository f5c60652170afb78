import '../shared/tokens.css';
import './modal.css';
import { render } from 'preact';
import { Api } from './api';
import { App } from './app';
import { Surroundings } from './context';
import { Flow } from './flow';
import { host } from './host';
import { chooseLanguage } from './messages/messages';

/** The path of this server's pages may be behind others: the API is beside this one. */
const base = location.pathname.replace(/\/link\/(flow|modal)\/?$/, '');

async function start(root: HTMLElement) {
  const where = host();
  if (!where.framed) document.documentElement.classList.add('alone');
  const opening = await where.opening();
  const language = chooseLanguage(opening?.locale && opening.locale !== 'auto' ? [opening.locale, ...navigator.languages] : navigator.languages);
  document.documentElement.lang = language.tag;
  document.title = language.words.title;
  const flow = new Flow(opening && new Api(opening, location.origin + base, language.tag), where);
  root.replaceChildren();
  render(<Surroundings.Provider value={{ flow, language }}><App /></Surroundings.Provider>, root);
  flow.begin();
}

const root = document.getElementById('modal');
if (root) void start(root);
