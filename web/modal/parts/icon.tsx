const paths = {
  back: 'M12.5 4.5 7 10l5.5 5.5',
  close: 'm5 5 10 10M15 5 5 15',
  check: 'm4.5 10.5 3.7 3.7 7.3-8.4',
  search: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11Zm4-1.5 4 4',
  card: 'M4.5 4.5h11a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-11a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2ZM2.5 8.5h15',
  balance: 'M4 16V9m4 7V5m4 11v-5m4 5V7',
  list: 'M3 5.5h14M3 10h14M3 14.5h9',
  person: 'M10 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm-6 7c0-3 2.7-4.5 6-4.5s6 1.5 6 4.5',
  number: 'M7.5 3 6 17M14 3l-1.5 14M3 7.5h14.5M2.5 12.5H17',
  window: 'M4.5 3.5h11a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-11a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2ZM2.5 7.5h15',
  notice: 'M10 6v5m0 2.8v.2M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15Z',
  clock: 'M10 5.5V10l3 2M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15Z',
  offline: 'M3 8a10.5 10.5 0 0 1 3.6-2.3M17 8a10.5 10.5 0 0 0-6-2.9M5.5 11a7 7 0 0 1 3-1.8M14.5 11a7 7 0 0 0-1.4-1.1M10 15.5v.1M3.5 3.5l13 13',
  down: 'm3 8 7-4.5L17 8H3Zm2 0v6.5m3.3-6.5v6.5m3.4-6.5v6.5M15 8v6.5M3 16.5h14',
};

export type IconName = keyof typeof paths;

/** A picture that only adorns: what it shows is also said. */
export function Icon({ name }: { name: IconName }) {
  return <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d={paths[name]} /></svg>;
}
