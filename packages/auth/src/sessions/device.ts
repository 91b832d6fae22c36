import Bowser from "bowser";

/**
 * A user agent in words that a person recognises, such as `Chrome on Windows`. A program that is no browser is called by its own
 * first word. The text is the client's own claim and good for recognising a device, for nothing else.
 */
export function describeDevice(userAgent: string | null): string | null {
  if (!userAgent) return null;
  const { browser, os } = Bowser.parse(userAgent);
  if (browser.name && os.name) return `${browser.name} on ${os.name}`;
  return browser.name || os.name || firstProduct(userAgent);
}

function firstProduct(userAgent: string): string | null {
  return /^[\w.-]{1,40}/.exec(userAgent)?.[0] ?? null;
}
