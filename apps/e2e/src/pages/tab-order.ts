import type { Page } from "playwright-core";

/** Something at which the tab key stops: its place in the document, its box, and whether it is seen that the focus is there. */
interface Stop {
  readonly at: number;
  readonly name: string;
  readonly box: { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number };
  readonly isSeen: boolean;
}

/**
 * Numbers what can be worked with on a page, in the order of the document, puts the focus before all of it, notes each at which it comes from
 * then on, and answers how much there is.
 */
const watchStops = (page: Page): Promise<number> =>
  page.evaluate(`{
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary")];
    const controls = all.filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.type !== "hidden");
    window.stops = [];
    window.watching?.abort();
    window.watching = new AbortController();
    document.body.tabIndex = -1;
    document.body.focus();
    addEventListener("focusin", ({ target: one }) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      const { top, bottom, left, right } = one.getBoundingClientRect();
      window.stops.push({
        at: controls.indexOf(one),
        name: one.getAttribute("name") ?? one.textContent.trim(),
        box: { top: top + scrollY, bottom: bottom + scrollY, left, right },
        isSeen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
      });
    }, { signal: window.watching.signal });
    controls.length;
  }`);

/**
 * Goes through a page with the tab key from its top, and answers the stops. It does not go round: past the last stop the focus is the browser's
 * own, and comes back to the page whenever the browser hands it over.
 */
async function goThrough(page: Page, count: number): Promise<readonly Stop[]> {
  for (let press = 0; press < count; press += 1) await page.keyboard.press("Tab");
  return page.evaluate<Stop[]>("window.stops");
}

/** Whether the key leads from the last stop of a page out of it. */
async function leadsOut(page: Page): Promise<boolean> {
  await page.evaluate("window.lastStop = document.activeElement");
  await page.keyboard.press("Tab");
  return page.evaluate<boolean>("document.activeElement !== window.lastStop");
}

/** Whether somebody who reads comes to one after the other: below it, beside it in the direction of the writing, or inside it. */
function follows({ box: one }: Stop, { box: other }: Stop, isLeftToRight: boolean): boolean {
  const isBelow = other.top >= one.bottom - 1;
  const isBeside = isLeftToRight ? other.left >= one.right - 1 : other.right <= one.left + 1;
  const isInside = other.top >= one.top && other.bottom <= one.bottom;
  return isBelow || isBeside || isInside;
}

/** What is wrong for whoever goes through a page with the tab key, and once more with the list of pages where there is one, a line each. */
export async function findTabFaults(page: Page): Promise<string[]> {
  const faults = await goThroughOnce(page);
  const list = page.locator("nav details:not([open]) > summary");
  if ((await list.count()) === 0 || !(await list.isVisible())) return faults;
  await list.press("Enter");
  return [...faults, ...(await goThroughOnce(page)).map((fault) => `with the list of pages: ${fault}`)];
}

async function goThroughOnce(page: Page): Promise<string[]> {
  const count = await watchStops(page);
  const isLeftToRight = (await page.evaluate("document.documentElement.dir")) !== "rtl";
  const stops = await goThrough(page, count);
  const reached = stops.map(({ at }) => at);
  const isWhole = reached.length === count && reached.every((at, index) => at === index);
  return [
    ...(isWhole ? [] : [`${count} stops in the order of the document, and the key goes to ${reached.join(" ")}`]),
    ...((await leadsOut(page)) ? [] : ["the key does not lead on from the last stop"]),
    ...stops.filter(({ isSeen }) => !isSeen).map(({ name }) => `${name} does not show that the focus is there`),
    ...stops.flatMap((stop, index) => {
      const next = stops[index + 1];
      return next && !follows(stop, next, isLeftToRight) ? [`${next.name} stands before ${stop.name}`] : [];
    }),
  ];
}
