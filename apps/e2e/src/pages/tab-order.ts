import type { Page } from "playwright-core";

/** Something at which the tab key stops: its place in the document, its box, and whether it is seen that the focus is there. */
interface Stop {
  readonly at: number;
  readonly name: string;
  readonly box: { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number };
  readonly isSeen: boolean;
}

/** Numbers what can be worked with on a page, in the order of the document, notes each at which the focus comes, and answers how much there is. */
const watchStops = (page: Page): Promise<number> =>
  page.evaluate(`{
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary")];
    const controls = all.filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.type !== "hidden");
    window.stops = [];
    window.watching?.abort();
    window.watching = new AbortController();
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

/** Goes round a page with the tab key, from wherever the focus is, and answers the stops from the first of the page on. */
async function goRound(page: Page, count: number): Promise<Stop[]> {
  // A page may begin at a field in its middle: its first stop comes after its last, and between them is the browser's own.
  for (let press = 0; press <= count; press += 1) await page.keyboard.press("Tab");
  const stops = await page.evaluate<Stop[]>("window.stops");
  const again = stops.findIndex(({ at }, index) => index > 0 && at === stops[0]?.at);
  const round = again < 0 ? stops : stops.slice(0, again);
  const first = round.findIndex(({ at }) => at === 0);
  return [...round.slice(first), ...round.slice(0, first)];
}

/** Whether somebody who reads comes to one after the other: below it, beside it in the direction of the writing, or inside it. */
function follows({ box: one }: Stop, { box: other }: Stop, isLeftToRight: boolean): boolean {
  const isBelow = other.top >= one.bottom - 1;
  const isBeside = isLeftToRight ? other.left >= one.right - 1 : other.right <= one.left + 1;
  const isInside = other.top >= one.top && other.bottom <= one.bottom;
  return isBelow || isBeside || isInside;
}

/** What is wrong for whoever goes round a page with the tab key, a line each. */
export async function findTabFaults(page: Page): Promise<string[]> {
  const count = await watchStops(page);
  const isLeftToRight = (await page.evaluate("document.documentElement.dir")) !== "rtl";
  const stops = await goRound(page, count);
  const reached = stops.map(({ at }) => at);
  const isWhole = reached.length === count && reached.every((at, index) => at === index);
  return [
    ...(isWhole ? [] : [`${count} stops in the order of the document, and the key goes to ${reached.join(" ")}`]),
    ...stops.filter(({ isSeen }) => !isSeen).map(({ name }) => `${name} does not show that the focus is there`),
    ...stops.flatMap((stop, index) => {
      const next = stops[index + 1];
      return next && !follows(stop, next, isLeftToRight) ? [`${next.name} stands before ${stop.name}`] : [];
    }),
  ];
}
