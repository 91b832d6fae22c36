import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";

/** `LOOKS_FOLDER`: where pictures of every page go, for whoever looks at them. */
const pictures = process.env.LOOKS_FOLDER;

/**
 * Something on a page as it is seen: what it is, its box in points, and its colours. Boxes and colours are the same in every Chromium, but for
 * how wide a letter is; a picture is not.
 */
interface Seen {
  readonly kind: string;
  readonly box: readonly [x: number, y: number, width: number, height: number];
  readonly ink: string;
  readonly ground: string;
}

/** What is on each page, by the page's name. */
type Look = ReadonlyMap<string, readonly Seen[]>;

const kinds =
  "h1, h2, p, label, legend, input, select, button, a.button, nav a, summary, dt, dd, li, th, td, img, svg, hr, .panel, .card, .notice, .mark";

/** Reads what is seen on a page, in the order of the document. */
export async function readSeen(page: Page): Promise<Seen[]> {
  return page.evaluate(`{
    const toHex = (colour) => {
      const parts = colour.match(/[\\d.]+/g)?.map(Number) ?? [];
      if (parts.length < 3 || parts[3] === 0) return "-";
      return parts.slice(0, 3).map((part) => Math.round(part).toString(16).padStart(2, "0")).join("");
    };
    [...document.querySelectorAll(${JSON.stringify(kinds)})]
      .filter((one) => one.checkVisibility() && one.getBoundingClientRect().width > 0)
      .map((one) => {
        const { x, y, width, height } = one.getBoundingClientRect();
        const { color, backgroundColor } = getComputedStyle(one);
        const name = [...one.classList].find((part) => /^(panel|card|notice|mark|button)$/.test(part));
        return {
          kind: one.localName + (name ? "." + name : ""),
          box: [x + scrollX, y + scrollY, width, height].map(Math.round),
          ink: toHex(color),
          ground: toHex(backgroundColor),
        };
      });
  }`);
}

const format = ({ kind, box, ink, ground }: Seen) => [kind, ...box, ink, ground].join(" ");

function parse(line: string): Seen {
  const [kind = "", x = "", y = "", width = "", height = "", ink = "", ground = ""] = line.split(" ");
  return { kind, box: [Number(x), Number(y), Number(width), Number(height)], ink, ground };
}

/** Points by which a box may be elsewhere or otherwise large, since letters are not equally wide on every machine. */
const leeway = (length: number) => 14 + 0.08 * length;

function isAlike(one: Seen, other: Seen): boolean {
  const isNear = one.box.every((length, at) => Math.abs(length - (other.box[at] ?? 0)) <= leeway(Math.abs(length)));
  return one.kind === other.kind && one.ink === other.ink && one.ground === other.ground && isNear;
}

/** In what a page differs from how it was kept, a line each. */
export function compareSeen(kept: readonly Seen[] | undefined, seen: readonly Seen[]): string[] {
  if (!kept) return ["is not kept yet"];
  if (kept.length !== seen.length) return [`shows ${seen.length} things in place of ${kept.length}`];
  return seen.flatMap((one, at) => {
    const before = kept[at];
    return before && isAlike(before, one) ? [] : [`${before && format(before)} is now ${format(one)}`];
  });
}

/**
 * The looks of all pages under one name, such as `phone-en-light`: each page is compared with how it was kept, or kept with `LOOKS=keep`.
 *
 * @param folder where they are kept, and what `LOOKS=keep` writes anew
 */
export async function openKeptLook(folder: URL, name: string) {
  const path = join(folder.pathname, `${name}.txt`);
  const isKeeping = process.env.LOOKS === "keep";
  const kept = isKeeping ? new Map() : await readLook(path);
  const seen = new Map<string, readonly Seen[]>();
  return {
    /** What is other than it was; nothing while it is kept anew. */
    async compare(page: Page, state: string): Promise<string[]> {
      if (pictures) {
        // What is over a page has its place in the window.
        const fullPage = (await page.locator(".overlay, .popover").count()) === 0;
        await page.screenshot({ path: join(pictures, `${name}-${state}.png`), fullPage });
      }
      const now = await readSeen(page);
      seen.set(state, now);
      return isKeeping ? [] : compareSeen(kept.get(state), now);
    },
    /** Which kept pages were not there; writes what is to be kept. */
    async finish(): Promise<string[]> {
      if (isKeeping) await writeLook(path, seen);
      return [...kept.keys()].filter((state) => !seen.has(state));
    },
  };
}

async function readLook(path: string): Promise<Look> {
  const pages = (await readFile(path, "utf8"))
    .trim()
    .split(/\n?^# /m)
    .slice(1);
  return new Map(
    pages.map((text) => {
      const [state = "", ...lines] = text.trim().split("\n");
      return [state, lines.map(parse)];
    }),
  );
}

async function writeLook(path: string, look: Look): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const pages = [...look].map(([state, seen]) => `# ${state}\n${seen.map(format).join("\n")}\n`);
  await writeFile(path, pages.join("\n"));
}
