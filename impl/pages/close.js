// The window was opened by the page that waits for this sign-in: it has done what it was for.
window.close();
