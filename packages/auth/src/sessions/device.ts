import Bowser from "bowser";

/**
 * A user agent in words that a person recognises, such as `Chrome on Windows`. A program that is no browser is called by its own
 * first word. The text is the client's own claim and good for recognising a device, for nothing else.
 */
export function describeDevice(userAgent: string | null): string | null {
  if (!userAgent) return null;
  const { browser, os } = Bowser.parse(userAgent);
  const [program, system] = [toWords(browser.name), toWords(os.name)];
  if (program && system) return `${program} on ${system}`;
  return program || system || firstProduct(userAgent);
}

/** A name that is no known one is the client's own text: nothing in it moves a terminal or fills a page. */
function toWords(name = ""): string {
  return name
    .replace(/[\p{C}\p{Z}]+/gu, " ")
    .trim()
    .slice(0, 40);
}

function firstProduct(userAgent: string): string | null {
  return /^[\w.-]{1,40}/.exec(userAgent)?.[0] ?? null;
}
