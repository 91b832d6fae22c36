/** Red, green and blue, from 0 to 255. */
type Colour = readonly [red: number, green: number, blue: number];

const black: Colour = [0, 0, 0];
const white: Colour = [255, 255, 255];

/** Contrast that text needs (WCAG 2.2, 1.4.3). */
const enough = 4.5;

/** What a team's colour becomes: itself below text, and as text and lines on the page, in each of the two schemes. */
export interface Accent {
  readonly fill: string;
  /** Text on `fill`. */
  readonly onFill: string;
  readonly onLight: string;
  readonly onDark: string;
}

/**
 * Makes a colour legible wherever the pages use it.
 *
 * @param hex such as `#1f5f5b`; null when it is none
 */
export function toAccent(hex: string): Accent | null {
  const colour = parseHex(hex);
  if (!colour) return null;
  const onFill = contrast(colour, white) >= enough ? white : black;
  return {
    fill: toHex(colour),
    onFill: toHex(onFill),
    onLight: toHex(moveUntilLegible(colour, parseHex("#f3f1ec") ?? white, black)),
    onDark: toHex(moveUntilLegible(colour, parseHex("#262622") ?? black, white)),
  };
}

function parseHex(hex: string): Colour | null {
  const [, red, green, blue] = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(hex) ?? [];
  if (red === undefined || green === undefined || blue === undefined) return null;
  return [Number.parseInt(red, 16), Number.parseInt(green, 16), Number.parseInt(blue, 16)];
}

const toHex = (colour: Colour) => `#${colour.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

/** Mixes a colour with black or white, a little at a time, until it can be read on a ground. */
function moveUntilLegible(colour: Colour, ground: Colour, towards: Colour): Colour {
  for (let share = 0; share <= 1; share += 0.04) {
    const mixed = colour.map((part, index) => part + ((towards[index] ?? 0) - part) * share) as [
      number,
      number,
      number,
    ];
    if (contrast(mixed, ground) >= enough) return mixed;
  }
  return towards;
}

function contrast(one: Colour, other: Colour): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
