/** What the server that serves the script tells it of itself: impl/script.go calls the script with it. */
declare const FINCON_SERVER: {
  /** Where the server is reached, without a slash at the end. */
  url: string;
  /** The release that the script was asked for by. */
  release: string;
};

export const server = FINCON_SERVER;
