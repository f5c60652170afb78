import './start.css';
import { render } from 'preact';
import { Page } from './page';

render(<Page any={document.documentElement.dataset.keys === 'any'} />, document.getElementById('page')!);
