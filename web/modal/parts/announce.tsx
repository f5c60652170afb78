import { useEffect } from 'preact/hooks';

/** Says something in the live region, which stands in the page from the beginning. */
export function useAnnouncement(text: string): void {
  useEffect(() => {
    const region = document.getElementById('announcements');
    if (!region) return;
    // After a moment: while somebody types, only what it comes to is said.
    const later = setTimeout(() => { region.textContent = text; }, 250);
    return () => clearTimeout(later);
  }, [text]);
}
