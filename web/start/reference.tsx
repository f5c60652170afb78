import { useEffect, useRef, useState } from 'preact/hooks';
import type { Keys } from './keys';

interface Renderer { preauthorizeApiKey(scheme: string, key: string): void }

/** What the renderer gives to plugins, as far as it is used here. */
interface System {
  React: { createElement(type: unknown, props: object | null, ...children: unknown[]): unknown };
}
interface LayoutProps {
  getComponent(name: string, container?: boolean): unknown;
  specSelectors: { info(): { get(name: 'description'): string } | undefined };
}

declare global {
  interface Window {
    SwaggerUIBundle?: (options: {
      spec: Document; dom_id: string; docExpansion: 'list'; validatorUrl: null; layout: string;
      plugins: ((system: System) => { components: Record<string, (props: LayoutProps) => unknown> })[];
      onComplete: () => void;
    }) => Renderer;
  }
}

/** The renderer's own layout takes itself for a whole page, with a main part and a first heading. This one is a part. */
const layout = ({ React: { createElement } }: System) => ({
  components: {
    Part: ({ getComponent, specSelectors }: LayoutProps) => createElement('div', { className: 'swagger-ui' },
      createElement(getComponent('SvgAssets'), null),
      createElement(getComponent('Markdown', true), { source: specSelectors.info()?.get('description') ?? '' }),
      createElement(getComponent('AuthorizeBtnContainer', true), null),
      createElement(getComponent('operations', true), null)),
  },
});

const files = '/start/static/reference';

/** The renderer is large: it is loaded when the reference is asked for. */
function load(): Promise<void> {
  if (window.SwaggerUIBundle) return Promise.resolve();
  const style = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: `${files}/swagger-ui.css` });
  const script = Object.assign(document.createElement('script'), { src: `${files}/swagger-ui-bundle.js` });
  const loaded = [style, script].map((file) => new Promise<void>((resolve, reject) => {
    file.onload = () => resolve();
    file.onerror = () => {
      file.remove();
      reject(new Error(`no ${file.tagName}`));
    };
  }));
  document.head.prepend(style); // the page's own rules come after it
  document.head.append(script);
  return Promise.all(loaded).then(() => undefined);
}

/** The renderer has its dark colours behind a class. */
function followColours(): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  follow();
  dark.addEventListener('change', follow);
  return () => dark.removeEventListener('change', follow);
}

/** An operation's parameter, or one that several share. */
interface Parameter { required?: boolean; example?: unknown }
interface Document {
  paths: Record<string, Record<string, { parameters?: Parameter[] }>>;
  components: { parameters: Record<string, Parameter> };
}

/**
 * The document, as the renderer wants it: it would send every example, of parameters that can be left out too, such as an
 * idempotency key that is always the same.
 */
async function read(): Promise<Document> {
  const document = await (await fetch('/openapi.json')).json() as Document;
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
  const parameters = [...Object.values(document.components.parameters), ...operations.flatMap(({ parameters = [] }) => parameters)];
  for (const parameter of parameters) if (!parameter.required) delete parameter.example;
  return document;
}

export function Reference({ keys }: { keys: Keys | null }) {
  const [state, setState] = useState<'closed' | 'loading' | 'shown'>('closed');
  const [problem, setProblem] = useState('');
  const renderer = useRef<Renderer>(null);
  const open = async () => {
    setState('loading');
    setProblem('');
    try {
      const [spec] = await Promise.all([read(), load()]);
      renderer.current = window.SwaggerUIBundle!({
        spec, dom_id: '#reference-document', docExpansion: 'list', validatorUrl: null, layout: 'Part', plugins: [layout],
        onComplete: () => setState('shown'),
      });
    } catch {
      setState('closed');
      setProblem('The reference could not be loaded. Is the server still running?');
    }
  };
  useEffect(() => {
    if (state !== 'shown' || !keys) return;
    renderer.current?.preauthorizeApiKey('bearerAuth', keys.secret);
    renderer.current?.preauthorizeApiKey('publishableKey', keys.publishable);
  }, [state, keys]);
  useEffect(followColours, []);
  useEffect(() => { if (location.hash === '#reference') void open(); }, []);
  return (
    <section aria-labelledby="reference" class="area reference">
      <h2 id="reference" tabIndex={-1}>Reference</h2>
      <p>Every operation, from the document that the server holds each request against. Generate a client in your language from
        it: <a href="/openapi.yaml">openapi.yaml</a>, <a href="/openapi.json">openapi.json</a>.</p>
      {state !== 'shown' &&
        <button type="button" onClick={open} disabled={state === 'loading'}>{state === 'loading' ? 'Loading…' : 'Show the reference'}</button>}
      <p class="problem" role="status">{problem}</p>
      <div id="reference-document" />
    </section>
  );
}
