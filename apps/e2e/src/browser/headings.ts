import type { Page } from "playwright-core";

const watcher = `
  globalThis.seen = [];
  const look = () => {
    const heading = [...document.querySelectorAll("h1")].find((element) => element.checkVisibility());
    const text = heading?.textContent ?? "";
    if (text !== (seen.at(-1) ?? "")) seen.push(text);
  };
  new MutationObserver(look).observe(document, { attributes: true, childList: true, subtree: true, characterData: true });
`;

/** From the next load on, notes each heading that the page shows, from the first paint on. */
export const watchHeadings = (tab: Page) => tab.addInitScript(watcher);

/** The headings that the page has shown since it was loaded, in order; empty where one was gone for a moment. */
export const readHeadings = (tab: Page) => tab.evaluate<string[]>("seen");
