import type { Browser } from "playwright-core";
import { expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService } from "../live-server.ts";
import { openPagesWindow, phone, startPagesSite } from "./look.ts";

inBrowser(browserTest).skipIf(!isService)(
  "begins within 1.5 seconds on a slow phone network: the field of the sign-in page takes what is typed",
  async ({ browser }) => {
    await using site = await startPagesSite();
    // The least of a few visits, each with nothing cached: a machine that is busy with something else only adds to the network's time.
    const times: number[] = [];
    while (times.length < 5 && !times.some((time) => time < 1_500))
      times.push(await measureBeginning(browser, site.live.url));
    console.info(`begins after ${times.map(Math.round).join(", ")} ms`);
    expect(Math.min(...times)).toBeLessThan(1_500);
  },
);

/** Milliseconds until somebody who has never been there sees the sign-in page, and can type into it. */
async function measureBeginning(browser: Browser, url: string): Promise<number> {
  await using window = await openPagesWindow(browser, { viewport: phone });
  const session = await window.context.newCDPSession(window.page);
  await session.send("Network.enable");
  // 3G as it is measured usually: 1.6 Mbit/s, and 300 ms for a way there and back.
  await session.send("Network.emulateNetworkConditions", {
    ...{ offline: false, latency: 300, downloadThroughput: 200_000, uploadThroughput: 96_000 },
    connectionType: "cellular3g",
  });
  await window.page.goto(`${url}/sign-in`);
  await window.page.getByLabel("Phone number, username or e-mail").fill("+90");
  const [paint, interactive] = await window.page.evaluate<number[]>(
    `["first-contentful-paint", location.href].map((name) => performance.getEntriesByName(name)[0])
        .map((entry) => entry.domInteractive ?? entry.startTime)`,
  );
  return Math.max(Number(paint), Number(interactive));
}
