import { SourceError } from "../old-row.ts";

/** Names of members are compared so far and no farther. */
const longestName = 1_000;

/**
 * The list that a member of a JSON object holds, as text, out of a file of any size: `[…]` of `{"realm": "shop", "users": […]}`. A file
 * that is a list itself goes through as it is.
 *
 * @throws SourceError where there is no such list, or the file breaks off
 */
export async function* findList(pieces: AsyncIterable<string>, name: string, path: string): AsyncGenerator<string> {
  const scan = createScan(name);
  for await (const piece of pieces) {
    const part = scan.read(piece);
    if (part !== "") yield part;
  }
  if (!scan.hasFound()) throw new SourceError(`${path} has no list "${name}". Nothing was changed.`);
  if (!scan.isWhole()) throw new SourceError(`${path} breaks off in its midst. Nothing was changed.`);
}

function createScan(wanted: string) {
  let [depth, isText, isEscaped, isInside, isFound, isBegun] = [0, false, false, false, false, false];
  /** The last text at the first level: the name of the member that comes. */
  let name = "";
  /** The level of the list's own members. */
  let level = 0;

  function read(piece: string): string {
    let found = "";
    let start = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const character = piece.charAt(at);
      if (isText) {
        if (isEscaped) isEscaped = false;
        else if (character === "\\") isEscaped = true;
        else if (character === '"') isText = false;
        if (isText && depth === 1 && !isInside && name.length < longestName) name += character;
      } else if (character === '"') {
        isText = true;
        if (depth === 1 && !isInside) name = "";
      } else if (character === "{" || character === "[") {
        const isList = !isInside && character === "[" && (depth === 0 || (depth === 1 && name === wanted));
        depth += 1;
        isBegun = true;
        if (isList) [isInside, isFound, level, start] = [true, true, depth, at];
      } else if (character === "}" || character === "]") {
        if (isInside && depth === level) {
          found += piece.slice(start, at + 1);
          isInside = false;
        }
        depth -= 1;
      } else if (character === "," && depth === 1 && !isInside) name = "";
    }
    return isInside ? found + piece.slice(start) : found;
  }

  return { read, hasFound: () => isFound || !isBegun, isWhole: () => isBegun && depth === 0 && !isText };
}
